// Matrix products against a plain reference that follows the numerics contract literally, bit for bit.
#include "stet/tensor/cpu/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "product_reference.h"

namespace stet {
namespace {

using cpu_kernels::Epilogue;
using cpu_kernels::matmul;
using cpu_kernels::MatrixView;
using stet::matmul;

template <class T> struct MatmulTest : testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(MatmulTest, Floats);

template <class T> std::vector<T> reference(const MatrixView<T>& a, const MatrixView<T>& b) {
  std::vector<T> c;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < b.cols; ++j) {
      ProductSum<T> sum;
      for (int64_t k = 0; k < a.cols; ++k) {
        sum.add(a.data[i * a.row_stride + k * a.col_stride], b.data[k * b.row_stride + j * b.col_stride]);
      }
      c.push_back(sum.value());
    }
  }
  return c;
}

// A matrix whose memory is its own, laid out by rows, by columns, or with gaps between elements.
enum class Layout { rows, columns, gaps };

template <class T> struct Matrix {
  Matrix(int64_t rows, int64_t cols, Layout layout, uint32_t seed, Values values = Values::ordinary) {
    view = {nullptr, rows, cols, cols, 1};
    if (layout == Layout::columns) view = {nullptr, rows, cols, 1, rows};
    if (layout == Layout::gaps) view = {nullptr, rows, cols, 2 * cols + 3, 2};
    data = random_values<T>((rows + 1) * view.row_stride + (cols + 1) * view.col_stride, seed, values);
    view.data = data.data();
  }
  std::vector<T> data;
  MatrixView<T> view;
};

template <class T> void check(const MatrixView<T>& a, const MatrixView<T>& b) {
  SCOPED_TRACE(testing::Message() << a.rows << "x" << b.cols << "x" << a.cols << " strides " << a.row_stride << ","
                                  << a.col_stride << " " << b.row_stride << "," << b.col_stride);
  const int64_t ldc = b.cols + 3;
  std::vector<T> c(a.rows * ldc + 1, T(77)), dense;
  matmul(a, b, c.data(), ldc);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < ldc; ++j) {
      if (j < b.cols) {
        dense.push_back(c[i * ldc + j]);
      } else {
        ASSERT_EQ(c[i * ldc + j], T(77)) << "wrote beyond row " << i;
      }
    }
  }
  expect_same_bits(dense, reference(a, b));
}

template <class T>
void check(int64_t m, int64_t n, int64_t k, Layout left = Layout::rows, Layout right = Layout::rows) {
  const Matrix<T> a(m, k, left, 1), b(k, n, right, 2);
  check(a.view, b.view);
}

TYPED_TEST(MatmulTest, EdgesOfTilesAndChunks) {
  for_each_isa([] {
    for (int64_t m : {0, 1, 2, 7, 31, 33}) {
      for (int64_t n : {0, 1, 2, 7, 31, 32, 33, 65}) {
        for (int64_t k : {0, 1, 2, 31, 33}) check<TypeParam>(m, n, k);
      }
    }
    for (int64_t k : {511, 512, 513, 1023, 1024, 1025}) {
      check<TypeParam>(5, 3, k);
      check<TypeParam>(3, 35, k);
      check<TypeParam>(13, 17, k);
    }
    for (int64_t size : {63, 64, 65}) check<TypeParam>(size, size, size);
  });
}

TYPED_TEST(MatmulTest, EveryLayout) {
  for_each_isa([] {
    for (Layout left : {Layout::rows, Layout::columns, Layout::gaps}) {
      for (Layout right : {Layout::rows, Layout::columns, Layout::gaps}) {
        check<TypeParam>(7, 9, 11, left, right);
        check<TypeParam>(14, 34, 514, left, right);
        check<TypeParam>(40, 3, 514, left, right);
      }
    }
  });
}

TYPED_TEST(MatmulTest, BlocksThatExceedTheCache) {
  for (int64_t size : {511, 512, 513, 1023, 1024, 1025}) {
    check<TypeParam>(size, 33, 3);
    check<TypeParam>(5, size, 3, Layout::columns);
  }
  check<TypeParam>(512, 65, 65);
  check<TypeParam>(1025, 7, 65);
  check<TypeParam>(31, 1025, 65);
  check<TypeParam>(245, 515, 33, Layout::columns, Layout::columns);
  // Both operands packed, over two chunks.
  check<TypeParam>(245, 1030, 515);
  check<TypeParam>(490, 1025, 10, Layout::columns, Layout::columns);
}

TYPED_TEST(MatmulTest, BroadcastRowAndColumn) {
  const auto x = random_values<TypeParam>(64, 3);
  check<TypeParam>({x.data(), 5, 9, 0, 1}, {x.data(), 9, 7, 1, 0});
  check<TypeParam>({x.data(), 5, 9, 1, 0}, {x.data(), 9, 40, 0, 1});
}

// Panels of a vector and less, in place and packed, and few rows under many columns: the transposed product.
TYPED_TEST(MatmulTest, ShapesOfModels) {
  for_each_isa([] {
    for (Layout left : {Layout::rows, Layout::columns}) {
      for (Layout right : {Layout::rows, Layout::columns}) {
        for (int64_t n : {10, 17, 31, 49, 65}) {
          check<TypeParam>(64, n, 30, left, right);
          check<TypeParam>(n, 64, 30, left, right);
          check<TypeParam>(26, n, 515, left, right);
          check<TypeParam>(n, 26, 515, left, right);
        }
        check<TypeParam>(300, 65, 33, left, right);
      }
    }
  });
}

template <class T> T activated(T x, Activation activation) {
  return activation == Activation::relu && x < 0 ? T(0) : x;
}

TYPED_TEST(MatmulTest, BiasAndActivationAreAppliedToTheWholeSum) {
  using T = TypeParam;
  struct Case {
    int64_t m, n, k;
  };
  for_each_isa([] {
    for (const Case& s : {Case{1, 1, 1}, Case{7, 33, 5}, Case{130, 10, 600}, Case{9, 65, 1025}, Case{70, 3, 0},
                          Case{250, 64, 40}, Case{250, 1, 40}, Case{5, 300, 1020}}) {
      // Long sums of special values would all be NaN.
      const Matrix<T> a(s.m, s.k, Layout::rows, 1, s.k < 64 ? Values::special : Values::ordinary),
          b(s.k, s.n, Layout::columns, 2);
      const auto bias = random_values<T>(s.n, 3, Values::special);
      const auto sums = reference(a.view, b.view);
      for (const T* shift : {static_cast<const T*>(nullptr), bias.data()}) {
        for (Activation activation : {Activation::none, Activation::relu}) {
          SCOPED_TRACE(testing::Message()
                       << s.m << "x" << s.n << "x" << s.k << " " << name_of(activation) << (shift ? " bias" : ""));
          std::vector<T> c(s.m * s.n), expected = sums;
          matmul(a.view, b.view, c.data(), s.n, Epilogue<T>{shift, activation});
          for (int64_t i = 0; i < s.m * s.n; ++i) {
            expected[i] = activated(shift ? expected[i] + shift[i % s.n] : expected[i], activation);
          }
          expect_same_bits(c, expected);
        }
      }
    }
  });
}

// Neither cutting the output for the threads nor the instruction set shows.
TYPED_TEST(MatmulTest, ThreadsDoNotShow) {
  using T = TypeParam;
  const Matrix<T> a(200, 1030, Layout::rows, 4), b(1030, 150, Layout::columns, 5);
  std::vector<T> expected(200 * 150);
  with_threads(1, [&] { matmul(a.view, b.view, expected.data(), 150); });
  std::vector<T> corner;
  for (int64_t j = 0; j < 150; ++j) corner.push_back(expected[199 * 150 + j]);
  MatrixView<T> last_row = a.view;
  last_row.data += 199 * a.view.row_stride;
  last_row.rows = 1;
  expect_same_bits(corner, reference(last_row, b.view));
  for_each_isa([&] {
    for (int threads : {1, 2, 3, 7}) {
      std::vector<T> c(200 * 150);
      with_threads(threads, [&] { matmul(a.view, b.view, c.data(), 150); });
      expect_same_bits(c, expected);
    }
  });
}

TYPED_TEST(MatmulTest, SpecialValues) {
  for_each_isa([] {
    for (Values values : {Values::special, Values::subnormal, Values::wide}) {
      for (uint32_t seed = 0; seed < 4; ++seed) {
        const Matrix<TypeParam> a(9, 20, Layout::rows, seed, values), b(20, 37, Layout::rows, seed + 10, values);
        check(a.view, b.view);
        check(b.view.transposed(), a.view.transposed());
      }
    }
  });
}

TYPED_TEST(MatmulTest, NeverMinusZero) {
  using T = TypeParam;
  const T tiny = std::numeric_limits<T>::denorm_min();
  for_each_isa([&] {
    // -0 in every product; and a product that underflows to -0.
    for (auto [x, y] : {std::pair<T, T>{T(-0.0), T(1)}, std::pair<T, T>{tiny, -tiny}}) {
      T c = T(77);
      matmul(MatrixView<T>{&x, 1, 600, 0, 0}, MatrixView<T>{&y, 600, 1, 0, 0}, &c, 1);
      EXPECT_EQ(c, T(0));
      EXPECT_FALSE(std::signbit(c));
    }
  });
}

// Inputs that swamp: beside a term of 2^24 (2^53) a 1 is lost, so the place of the cut shows.
TYPED_TEST(MatmulTest, OrderOfTheSum) {
  using T = TypeParam;
  const T big = std::ldexp(T(1), std::numeric_limits<T>::digits);
  const std::vector<T> one(1600, T(1));
  const auto product = [&](const std::vector<T>& a) {
    T c;
    matmul(MatrixView<T>{a.data(), 1, 1600, 1600, 1}, MatrixView<T>{one.data(), 1600, 1, 1, 1}, &c, 1);
    return c;
  };
  for_each_isa([&] {
    for (int64_t at : {0, 1, 100, 511, 512, 513, 1023, 1024, 1599}) {
      // The ones that follow `big` in its chunk are lost. The chunks' sums are added as they are, the odd ones rounded
      // to even.
      std::vector<T> a(1600, T(1));
      a[at] = big;
      ProductSum<T> sum;
      for (T x : a) sum.add(x, T(1));
      EXPECT_EQ(product(a), sum.value()) << at;
    }
    std::vector<T> a(1600, T(0));
    a[0] = big, a[1] = 1, a[511] = 1, a[513] = -big;
    EXPECT_EQ(product(a), T(0)) << "within a chunk, in ascending order";
    a = std::vector<T>(1600, T(0));
    a[0] = 1, a[511] = 1, a[512] = big, a[514] = -big;
    EXPECT_EQ(product(a), T(2)) << "a chunk starts from +0 at 512";
    a = std::vector<T>(1600, T(0));
    a[0] = 1, a[512] = big, a[1024] = -big;
    EXPECT_EQ(product(a), T(0)) << "the chunks' sums are added in order";
  });
}

// A multiply-add rounds once: (1 + e)(1 - e) - 1 is -e^2, not 0.
TYPED_TEST(MatmulTest, MultiplyAddIsFused) {
  using T = TypeParam;
  const T e = std::ldexp(T(1), -(std::numeric_limits<T>::digits - 2));
  const T a[] = {T(-1), 1 + e}, b[] = {T(1), 1 - e};
  for_each_isa([&] {
    T c;
    matmul(MatrixView<T>{a, 1, 2, 2, 1}, MatrixView<T>{b, 2, 1, 1, 1}, &c, 1);
    EXPECT_EQ(c, -e * e);
  });
}

TYPED_TEST(MatmulTest, Batches) {
  using T = TypeParam;
  struct Case {
    int64_t m, n, k, batch;
    bool broadcast_a, broadcast_b;
  };
  for (const Case& s :
       {Case{4, 3, 8, 5, false, false}, Case{4, 3, 8, 5, true, false}, Case{4, 3, 8, 5, false, true},
        Case{70, 90, 130, 3, false, false}, Case{1, 33, 600, 7, false, true}, Case{2, 3, 0, 4, false, false},
        Case{3, 3, 3, 0, false, false}, Case{16, 16, 16, 100, false, false}, Case{33, 1, 40, 3, false, false},
        Case{1, 33, 40, 3, false, false}}) {
    SCOPED_TRACE(testing::Message() << s.m << "x" << s.n << "x" << s.k << " batch " << s.batch);
    const auto a = random_values<T>(s.m * s.k * s.batch + 1, 6), b = random_values<T>(s.k * s.n * s.batch + 1, 7);
    std::vector<int64_t> a_offsets, b_offsets;
    for (int64_t i = 0; i < s.batch; ++i) {
      a_offsets.push_back(s.broadcast_a ? 0 : i * s.m * s.k);
      b_offsets.push_back(s.broadcast_b ? 0 : (s.batch - 1 - i) * s.k * s.n);
    }
    std::vector<T> expected;
    const MatrixView<T> left = {a.data(), s.m, s.k, s.k, 1}, right = {b.data(), s.k, s.n, s.n, 1};
    for (int64_t i = 0; i < s.batch; ++i) {
      MatrixView<T> l = left, r = right;
      l.data += a_offsets[i], r.data += b_offsets[i];
      const auto one = reference(l, r);
      expected.insert(expected.end(), one.begin(), one.end());
    }
    for (int threads : {1, 2, 3, 7}) {
      std::vector<T> c(s.m * s.n * s.batch, T(77));
      with_threads(threads, [&] { matmul(left, a_offsets, right, b_offsets, c.data()); });
      expect_same_bits(c, expected);
    }
  }
}

}  // namespace
}  // namespace stet
