// Pooling and its gradients against plain loops, bit for bit.
#include <gmock/gmock.h>

#include <limits>
#include <random>
#include <vector>

#include "error_of.h"
#include "product_reference.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

// [n, c, h, w] under windows of [kh, kw].
Window window(int64_t n, int64_t c, int64_t h, int64_t w, int64_t kh, int64_t kw, int64_t stride_h = 1,
              int64_t stride_w = 1, int64_t pad_h = 0, int64_t pad_w = 0) {
  return {.n = n,
          .c = c,
          .h = h,
          .w = w,
          .co = c,
          .kh = kh,
          .kw = kw,
          .stride_h = stride_h,
          .stride_w = stride_w,
          .pad_h = pad_h,
          .pad_w = pad_w};
}

template <class T> struct Pooled {
  std::vector<T> max;
  std::vector<int64_t> index;
  std::vector<T> max_gradient, avg, avg_gradient;
};

// b instead of a: IEEE 754-2019 maximum, written out by cases.
template <class T> bool replaces(T b, T a) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  if (a == 0 && b == 0) return std::signbit(a) && !std::signbit(b);
  return b > a;
}

// The positions of window t along an axis, those that exist or not, and how many of them a mean counts.
struct Extent {
  int64_t begin, end, counted;
};
Extent extent_of(int64_t t, int64_t outputs, int64_t size, int64_t kernel, int64_t stride, int64_t pad, bool adaptive,
                 bool count_padding) {
  Extent e{t * stride - pad, t * stride - pad + kernel, 0};
  if (adaptive) {
    e.begin = t * size / outputs;
    e.end = (t + 1) * size / outputs + ((t + 1) * size % outputs == 0 ? 0 : 1);
  }
  for (int64_t i = e.begin; i < e.end; ++i) {
    const bool inside = i >= 0 && i < size, padding = count_padding && i >= -pad && i < size + pad;
    e.counted += inside || padding;
  }
  return e;
}
std::vector<Extent> rows_of_windows(const Window& s) {
  std::vector<Extent> all;
  for (int64_t t = 0; t < s.out_h(); ++t)
    all.push_back(extent_of(t, s.out_h(), s.h, s.kh, s.stride_h, s.pad_h, s.adaptive_h > 0, s.count_padding));
  return all;
}
std::vector<Extent> columns_of_windows(const Window& s) {
  std::vector<Extent> all;
  for (int64_t u = 0; u < s.out_w(); ++u)
    all.push_back(extent_of(u, s.out_w(), s.w, s.kw, s.stride_w, s.pad_w, s.adaptive_w > 0, s.count_padding));
  return all;
}

template <class T> Pooled<T> reference(const Window& s, const std::vector<T>& x, const std::vector<T>& dy) {
  const int64_t oh = s.out_h(), ow = s.out_w();
  const std::vector<Extent> all_rows = rows_of_windows(s), all_columns = columns_of_windows(s);
  Pooled<T> r;
  r.max_gradient.assign(x.size(), T(0));
  for (int64_t o = 0; o < s.n * s.c * oh * ow; ++o) {
    const int64_t plane = o / (oh * ow) * s.h * s.w, t = o / ow % oh, u = o % ow;
    const Extent &rows = all_rows[static_cast<size_t>(t)], &columns = all_columns[static_cast<size_t>(u)];
    int64_t best = -1;
    T sum = 0;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      for (int64_t j = columns.begin; j < columns.end; ++j) {
        const bool inside = i >= 0 && i < s.h && j >= 0 && j < s.w;
        sum += inside ? x[plane + i * s.w + j] : T(0);
        if (inside && (best < 0 || replaces(x[plane + i * s.w + j], x[plane + best]))) best = i * s.w + j;
      }
    }
    r.max.push_back(x[plane + best]);
    r.index.push_back(best);
    r.avg.push_back(sum / static_cast<T>(rows.counted * columns.counted));
    r.max_gradient[plane + best] += dy[o];
  }
  for (int64_t p = 0; p < s.n * s.c * s.h * s.w; ++p) {
    const int64_t plane = p / (s.h * s.w), i = p / s.w % s.h, j = p % s.w;
    T sum = 0;
    for (int64_t t = 0; t < oh; ++t) {
      const Extent& rows = all_rows[static_cast<size_t>(t)];
      if (i < rows.begin || i >= rows.end) continue;
      for (int64_t u = 0; u < ow; ++u) {
        const Extent& columns = all_columns[static_cast<size_t>(u)];
        if (j < columns.begin || j >= columns.end) continue;
        sum += dy[(plane * oh + t) * ow + u] / static_cast<T>(rows.counted * columns.counted);
      }
    }
    r.avg_gradient.push_back(sum);
  }
  return r;
}

template <class T> Pooled<T> kernels(const Window& s, const std::vector<T>& x, const std::vector<T>& dy) {
  const Shape in{s.n, s.c, s.h, s.w}, out{s.n, s.c, s.out_h(), s.out_w()};
  const Tensor from = Tensor::from(x, in), g = Tensor::from(dy, out);
  const auto filled = [](const Shape& shape) { return full(shape, 77, dtype_of<T>); };
  const Tensor max = filled(out), index = full(out, -1, DType::int64), max_gradient = filled(in), avg = filled(out),
               avg_gradient = filled(in);
  Backend& b = backend(cpu);
  b.max_pool2d(s, from, max, index);
  b.max_pool2d_gradient(s, g, index, max_gradient);
  b.avg_pool2d(s, from, avg);
  b.avg_pool2d_gradient(s, g, avg_gradient);
  return {max.to_vector<T>(), index.to_vector<int64_t>(), max_gradient.to_vector<T>(), avg.to_vector<T>(),
          avg_gradient.to_vector<T>()};
}

template <class T> void expect_same(const Pooled<T>& got, const Pooled<T>& expected) {
  EXPECT_EQ(got.index, expected.index);
  expect_same_bits(got.max, expected.max);
  expect_same_bits(got.max_gradient, expected.max_gradient);
  expect_same_bits(got.avg, expected.avg);
  expect_same_bits(got.avg_gradient, expected.avg_gradient);
}

template <class T> void check(const Window& s, Values values = Values::ordinary) {
  SCOPED_TRACE(testing::Message() << s.h << "x" << s.w << " kernel " << s.kh << "x" << s.kw << " stride " << s.stride_h
                                  << "," << s.stride_w << " pad " << s.pad_h << "," << s.pad_w);
  const auto x = random_values<T>(s.n * s.c * s.h * s.w, 1, values);
  const auto dy = random_values<T>(s.n * s.c * s.out_h() * s.out_w(), 2, values);
  const auto expected = reference(s, x, dy);
  for_each_isa([&] { expect_same(kernels(s, x, dy), expected); });
}

template <class T> struct PoolTest : testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(PoolTest, Floats);

// n, c, h, w; kernel; strides; padding
TYPED_TEST(PoolTest, Shapes) {
  check<TypeParam>(window(2, 3, 24, 24, 2, 2, 2, 2));
  check<TypeParam>(window(1, 1, 1, 1, 1, 1));
  check<TypeParam>(window(2, 2, 9, 11, 3, 2, 1, 1, 2, 1));
  check<TypeParam>(window(1, 2, 13, 40, 3, 3, 2, 2, 1, 1));
  check<TypeParam>(window(1, 2, 13, 40, 2, 5, 3, 3, 1, 4));
  check<TypeParam>(window(2, 5, 8, 8, 8, 8, 8, 8));
  check<TypeParam>(window(1, 1, 2, 3, 4, 5, 1, 1, 3, 4));
  for (int64_t w : {2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130}) {
    check<TypeParam>(window(1, 2, 3, w, 2, 2, 2, 2));
    check<TypeParam>(window(1, 1, 3, w, 2, 2, 1, 1, 0, 1));
  }
}

TYPED_TEST(PoolTest, RandomShapes) {
  std::mt19937 bits(3);
  const auto upto = [&](int64_t n) { return static_cast<int64_t>(bits() % n); };
  for (int trial = 0; trial < 100; ++trial) {
    const int64_t kh = 1 + upto(4), kw = 1 + upto(4);
    const Window s = window(1 + upto(3), 1 + upto(3), kh + upto(9), kw + upto(50), kh, kw, 1 + upto(3), 1 + upto(3),
                            upto(kh), upto(kw));
    check<TypeParam>(s, trial % 2 == 0 ? Values::special : Values::wide);
  }
}

// Windows that hang over the padding's end, and means over those of their elements that exist.
TYPED_TEST(PoolTest, CutWindows) {
  std::mt19937 bits(4);
  const auto upto = [&](int64_t n) { return static_cast<int64_t>(bits() % n); };
  for (int trial = 0; trial < 60; ++trial) {
    const int64_t kh = 1 + upto(4), kw = 1 + upto(4);
    Window s = window(1 + upto(2), 1 + upto(3), kh + upto(9), kw + upto(50), kh, kw, 1 + upto(3), 1 + upto(3),
                      upto(kh / 2 + 1), upto(kw / 2 + 1));
    const auto over = [&](int64_t room, int64_t stride, int64_t kernel) {
      const int64_t rest = room % stride;
      return rest == 0 || stride - rest >= kernel ? 0 : stride - rest;
    };
    s.over_h = trial % 3 == 0 ? 0 : over(s.h + 2 * s.pad_h - kh, s.stride_h, kh - s.pad_h);
    s.over_w = trial % 3 == 1 ? 0 : over(s.w + 2 * s.pad_w - kw, s.stride_w, kw - s.pad_w);
    s.count_padding = trial % 2 == 0;
    check<TypeParam>(s, trial % 4 < 2 ? Values::special : Values::wide);
  }
}

TYPED_TEST(PoolTest, AdaptiveWindows) {
  std::mt19937 bits(6);
  const auto upto = [&](int64_t n) { return static_cast<int64_t>(bits() % n); };
  for (int trial = 0; trial < 40; ++trial) {
    Window s = window(1 + upto(2), 1 + upto(3), 1 + upto(12), 1 + upto(40), 0, 0);
    s.adaptive_h = 1 + upto(14), s.adaptive_w = 1 + upto(20);
    check<TypeParam>(s, trial % 2 == 0 ? Values::special : Values::wide);
  }
}

// Few different values: zeros of both signs, infinities and NaNs meet in most windows.
TYPED_TEST(PoolTest, TiesAndNaNs) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const T values[] = {T(0.0), T(-0.0), -inf, nan, inf, T(1), -nan};
  const Window shapes[] = {window(2, 2, 30, 40, 2, 2, 2, 2), window(2, 2, 30, 40, 3, 3, 1, 1, 1, 1),
                           window(1, 1, 30, 41, 3, 3, 3, 3)};
  std::mt19937 bits(5);
  for (int kinds : {2, 3, 4, 7}) {
    for (const Window& s : shapes) {
      std::vector<T> x(s.n * s.c * s.h * s.w);
      for (T& v : x) v = values[bits() % kinds];
      const auto dy = random_values<T>(s.n * s.c * s.out_h() * s.out_w(), 2);
      const auto expected = reference(s, x, dy);
      for_each_isa([&] { expect_same(kernels(s, x, dy), expected); });
    }
  }
}

TYPED_TEST(PoolTest, ThreadsDoNotShow) {
  const Window s = window(8, 16, 40, 40, 3, 3, 2, 2, 1, 1);
  const auto x = random_values<TypeParam>(s.n * s.c * s.h * s.w, 1, Values::wide);
  const auto dy = random_values<TypeParam>(s.n * s.c * s.out_h() * s.out_w(), 2, Values::wide);
  const auto expected = reference(s, x, dy);
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] { expect_same(kernels(s, x, dy), expected); });
  }
}

// As PyTorch counts them: a further window begins in the image or in the padding before it.
TEST(Pool, CeilModeCountsTheWindowsThatBeginInside) {
  const auto extent = [](int64_t n, int64_t kernel, int64_t stride, int64_t padding) {
    const PoolOptions o{.stride = {1, stride}, .padding = {0, padding}, .ceil_mode = true};
    return max_pool2d(zeros({1, 1, 1, n}), {1, kernel}, o).size(3);
  };
  EXPECT_EQ(extent(7, 2, 2, 0), 4);
  EXPECT_EQ(extent(8, 2, 2, 0), 4);
  EXPECT_EQ(extent(8, 3, 2, 0), 4);
  EXPECT_EQ(extent(5, 2, 3, 0), 2);
  EXPECT_EQ(extent(6, 1, 4, 0), 2);
  EXPECT_EQ(extent(4, 1, 4, 0), 1);  // the next would begin past the end
  EXPECT_EQ(extent(5, 2, 3, 1), 2);  // or in the padding after it
  EXPECT_EQ(extent(2, 3, 2, 0), 1);  // a kernel that is larger than the image
  EXPECT_EQ(extent(112, 3, 2, 1), 57);
  EXPECT_THROW(extent(1, 3, 2, 0), UsageError);
}

TEST(Pool, RefusesWhatHasNoWindows) {
  const Tensor x = zeros({1, 1, 4, 4});
  EXPECT_EQ(error_of([&] {
              avg_pool2d(x, {5, 1});
            }),
            "avg_pool2d: a kernel of 5 does not fit an extent of 4 with its padding");
  EXPECT_EQ(error_of([&] { max_pool2d(x, {2, 0}); }), "max_pool2d: kernel and stride must be at least 1");
  EXPECT_EQ(error_of([&] {
              max_pool2d(x, {2, 2}, {.padding = {2, 0}});
            }),
            "max_pool2d: padding must be at most half the kernel");
  EXPECT_EQ(error_of([&] {
              adaptive_avg_pool2d(x, {0, 2});
            }),
            "adaptive_avg_pool2d: an image of 4x4 has no 0x2 windows");
  EXPECT_EQ(error_of([&] {
              adaptive_max_pool2d(zeros({1, 1, 0, 4}), {1, 1});
            }),
            "adaptive_max_pool2d: an image of 0x4 has no 1x1 windows");
  EXPECT_EQ(error_of([&] {
              adaptive_max_pool2d(zeros({1, 4, 4}), {1, 1});
            }),
            "adaptive_max_pool2d: takes [N, C, H, W], not [1, 4, 4]");
}

// Padding alone holds the window.
TEST(Pool, RefusesTheMaximumOfNothing) {
  for (DType t : {DType::float32, DType::float64}) {
    for (const auto& [h, w] : {std::pair(0, 4), std::pair(4, 0), std::pair(0, 0)}) {
      const Tensor x = zeros({2, 3, h, w}, t);
      const PoolOptions padded{.stride = {1, 1}, .padding = {1, 1}};
      EXPECT_THAT(
          [&] {
            max_pool2d(x, {2, 2}, padded);
          },
          testing::ThrowsMessage<UsageError>("max_pool2d: an image of " + std::to_string(h) + "x" + std::to_string(w) +
                                             " has no maximum"));
      EXPECT_EQ(sum(avg_pool2d(x, {2, 2}, padded)).to(DType::float64).item<double>(), 0);
      const PoolOptions uncounted{.stride = {1, 1}, .padding = {1, 1}, .count_include_pad = false};
      EXPECT_THROW(avg_pool2d(x, {2, 2}, uncounted), UsageError);
    }
  }
}

}  // namespace
}  // namespace stet
