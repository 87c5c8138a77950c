// Pooling and its gradients against plain loops, bit for bit.
#include <gmock/gmock.h>

#include <limits>
#include <random>
#include <vector>

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

template <class T> Pooled<T> reference(const Window& s, const std::vector<T>& x, const std::vector<T>& dy) {
  const int64_t oh = s.out_h(), ow = s.out_w();
  const T count = static_cast<T>(s.kh * s.kw);
  Pooled<T> r;
  r.max_gradient.assign(x.size(), T(0));
  for (int64_t o = 0; o < s.n * s.c * oh * ow; ++o) {
    const int64_t plane = o / (oh * ow) * s.h * s.w, t = o / ow % oh, u = o % ow;
    int64_t best = -1;
    T sum = 0;
    for (int64_t i = t * s.stride_h - s.pad_h; i < t * s.stride_h - s.pad_h + s.kh; ++i) {
      for (int64_t j = u * s.stride_w - s.pad_w; j < u * s.stride_w - s.pad_w + s.kw; ++j) {
        const bool inside = i >= 0 && i < s.h && j >= 0 && j < s.w;
        sum += inside ? x[plane + i * s.w + j] : T(0);
        if (inside && (best < 0 || replaces(x[plane + i * s.w + j], x[plane + best]))) best = i * s.w + j;
      }
    }
    r.max.push_back(x[plane + best]);
    r.index.push_back(best);
    r.avg.push_back(sum / count);
    r.max_gradient[plane + best] += dy[o];
  }
  for (int64_t p = 0; p < s.n * s.c * s.h * s.w; ++p) {
    const int64_t plane = p / (s.h * s.w), i = p / s.w % s.h, j = p % s.w;
    T sum = 0;
    for (int64_t t = 0; t < oh; ++t) {
      for (int64_t u = 0; u < ow; ++u) {
        const int64_t row = i + s.pad_h - t * s.stride_h, col = j + s.pad_w - u * s.stride_w;
        if (row >= 0 && row < s.kh && col >= 0 && col < s.kw) sum += dy[(plane * oh + t) * ow + u] / count;
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
    }
  }
}

}  // namespace
}  // namespace stet
