// Convolution and its gradients against plain loops that follow the numerics contract literally, bit for bit.
#include "stet/tensor/cpu/conv/conv.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>
#include <vector>

#include "product_reference.h"

namespace stet {
namespace {

struct Pair {
  int64_t h, w;
};

Window shape(std::array<int64_t, 4> x, std::array<int64_t, 3> co_and_kernel, Pair stride = {1, 1}, Pair pad = {0, 0},
             Pair dilation = {1, 1}, int64_t groups = 1) {
  auto [n, c, h, w] = x;
  auto [co, kh, kw] = co_and_kernel;
  return {n, c, h, w, co, kh, kw, stride.h, stride.w, pad.h, pad.w, dilation.h, dilation.w, groups};
}

template <class T> struct Problem {
  explicit Problem(const Window& shape, uint32_t seed = 1, Values values = Values::ordinary) : s(shape) {
    x = random_values<T>(s.n * s.c * s.h * s.w, seed, values);
    weight = random_values<T>(s.co * (s.c / s.groups) * s.kh * s.kw, seed + 1, values);
    dy = random_values<T>(s.n * s.co * s.out_h() * s.out_w(), seed + 2, values);
  }

  // The input with its padding.
  T x_at(int64_t n, int64_t c, int64_t y, int64_t at) const {
    return y < 0 || y >= s.h || at < 0 || at >= s.w ? T(0) : x[((n * s.c + c) * s.h + y) * s.w + at];
  }
  T dy_at(int64_t n, int64_t co, int64_t y, int64_t at) const {
    const int64_t oh = s.out_h(), ow = s.out_w();
    return y < 0 || y >= oh || at < 0 || at >= ow ? T(0) : dy[((n * s.co + co) * oh + y) * ow + at];
  }
  T weight_at(int64_t co, int64_t c, int64_t i, int64_t j) const {
    return weight[((co * (s.c / s.groups) + c) * s.kh + i) * s.kw + j];
  }

  T forward_at(int64_t n, int64_t co, int64_t oh, int64_t ow) const {
    const int64_t in = s.c / s.groups, group = co / (s.co / s.groups);
    ProductSum<T> sum;
    for (int64_t c = 0; c < in; ++c) {
      for (int64_t i = 0; i < s.kh; ++i) {
        for (int64_t j = 0; j < s.kw; ++j) {
          const int64_t y = oh * s.stride_h - s.pad_h + i * s.dil_h, at = ow * s.stride_w - s.pad_w + j * s.dil_w;
          sum.add(x_at(n, group * in + c, y, at), weight_at(co, c, i, j));
        }
      }
    }
    return sum.value();
  }

  T input_gradient_at(int64_t n, int64_t c, int64_t h, int64_t w) const {
    const int64_t in = s.c / s.groups, out = s.co / s.groups, group = c / in;
    ProductSum<T> sum;
    for (int64_t co = group * out; co < (group + 1) * out; ++co) {
      for (int64_t i = 0; i < s.kh; ++i) {
        for (int64_t j = 0; j < s.kw; ++j) {
          const int64_t y = h + s.pad_h - i * s.dil_h, at = w + s.pad_w - j * s.dil_w;
          if (y % s.stride_h != 0 || at % s.stride_w != 0) continue;
          sum.add(dy_at(n, co, y / s.stride_h, at / s.stride_w), weight_at(co, c % in, i, j));
        }
      }
    }
    return sum.value();
  }

  T weight_gradient_at(int64_t co, int64_t c, int64_t i, int64_t j) const {
    const int64_t group = co / (s.co / s.groups);
    ProductSum<T> sum;
    for (int64_t n = 0; n < s.n; ++n) {
      for (int64_t oh = 0; oh < s.out_h(); ++oh) {
        for (int64_t ow = 0; ow < s.out_w(); ++ow) {
          const int64_t y = oh * s.stride_h - s.pad_h + i * s.dil_h, at = ow * s.stride_w - s.pad_w + j * s.dil_w;
          sum.add(dy_at(n, co, oh, ow), x_at(n, group * (s.c / s.groups) + c, y, at));
        }
      }
    }
    return sum.value();
  }

  template <class At> static std::vector<T> tabulate(int64_t a, int64_t b, int64_t c, int64_t d, const At& at) {
    std::vector<T> v;
    for (int64_t i = 0; i < a * b * c * d; ++i) v.push_back(at(i / (b * c * d), i / (c * d) % b, i / d % c, i % d));
    return v;
  }

  const Window s;
  std::vector<T> x, weight, dy;
};

template <class T> struct Results { std::vector<T> y, dx, dw; };

template <class T> Results<T> reference(const Problem<T>& p) {
  const Window& s = p.s;
  return {p.tabulate(s.n, s.co, s.out_h(), s.out_w(), [&](auto... at) { return p.forward_at(at...); }),
          p.tabulate(s.n, s.c, s.h, s.w, [&](auto... at) { return p.input_gradient_at(at...); }),
          p.tabulate(s.co, s.c / s.groups, s.kh, s.kw, [&](auto... at) { return p.weight_gradient_at(at...); })};
}

// A tensor in a vector's own memory, past whose end a sanitizer sees a kernel read.
template <class T> Tensor tensor(std::vector<T> values, const Shape& shape) {
  return Tensor::adopt(std::move(values), shape);
}
template <class T> Tensor unset(const Shape& shape) {
  return tensor(std::vector<T>(static_cast<size_t>(shape.elements()), T(77)), shape);
}

template <class T> Results<T> kernels(const Problem<T>& p) {
  const Window& s = p.s;
  const Tensor x = tensor(p.x, {s.n, s.c, s.h, s.w}), weight = tensor(p.weight, {s.co, s.c / s.groups, s.kh, s.kw}),
               dy = tensor(p.dy, {s.n, s.co, s.out_h(), s.out_w()});
  const Tensor y = unset<T>(dy.shape()), dx = unset<T>(x.shape()), dw = unset<T>(weight.shape());
  cpu_kernels::conv2d(s, x, weight, {}, Activation::none, y);
  cpu_kernels::conv2d_input_gradient(s, dy, weight, dx);
  cpu_kernels::conv2d_weight_gradient(s, dy, x, dw);
  return {y.to_vector<T>(), dx.to_vector<T>(), dw.to_vector<T>()};
}

template <class T> void expect_same(const Results<T>& got, const Results<T>& expected) {
  SCOPED_TRACE("forward");
  expect_same_bits(got.y, expected.y);
  SCOPED_TRACE("input gradient");
  expect_same_bits(got.dx, expected.dx);
  SCOPED_TRACE("weight gradient");
  expect_same_bits(got.dw, expected.dw);
}

template <class T> void check(const Window& s, uint32_t seed = 1, Values values = Values::ordinary) {
  SCOPED_TRACE(testing::Message() << "x [" << s.n << ", " << s.c << ", " << s.h << ", " << s.w << "] co " << s.co
                                  << " kernel " << s.kh << "x" << s.kw << " stride " << s.stride_h << "," << s.stride_w
                                  << " pad " << s.pad_h << "," << s.pad_w << " dilation " << s.dil_h << "," << s.dil_w
                                  << " groups " << s.groups);
  const Problem<T> p(s, seed, values);
  const Results<T> expected = reference(p);
  for_each_isa([&] { expect_same(kernels(p), expected); });
}

template <class T> struct ConvTest : testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(ConvTest, Floats);

TYPED_TEST(ConvTest, OneByOne) {
  check<TypeParam>(shape({1, 1, 1, 1}, {1, 1, 1}));
  check<TypeParam>(shape({3, 5, 4, 7}, {9, 1, 1}));
  check<TypeParam>(shape({2, 5, 7, 7}, {4, 1, 1}, {2, 3}));
  // A source that is read as it lies, and one that is sampled, in padding too, over more than a chunk of k.
  check<TypeParam>(shape({13, 8, 6, 9}, {12, 1, 1}, {1, 1}, {0, 0}, {1, 1}, 2));
  check<TypeParam>(shape({5, 18, 26, 23}, {20, 1, 1}, {2, 2}, {1, 2}, {1, 1}, 2));
  check<TypeParam>(shape({4, 9, 31, 17}, {3, 1, 1}, {2, 2}));
  check<TypeParam>(shape({2, 4, 9, 10}, {9, 1, 1}, {1, 3}));
}

TYPED_TEST(ConvTest, StridePaddingDilation) {
  check<TypeParam>(shape({2, 3, 9, 11}, {5, 3, 3}));
  check<TypeParam>(shape({2, 3, 9, 11}, {5, 3, 2}, {1, 1}, {1, 2}));
  check<TypeParam>(shape({2, 3, 9, 12}, {5, 3, 5}, {2, 3}, {1, 4}));
  check<TypeParam>(shape({1, 2, 13, 10}, {3, 3, 2}, {1, 1}, {3, 2}, {3, 4}));
  check<TypeParam>(shape({2, 2, 13, 16}, {3, 2, 3}, {3, 2}, {0, 3}, {2, 3}));
  // Padding beyond the kernel, and a stride beyond it: outputs that see only padding, inputs that no output sees.
  check<TypeParam>(shape({1, 2, 3, 3}, {2, 2, 2}, {4, 4}, {5, 5}));
}

TYPED_TEST(ConvTest, Groups) {
  check<TypeParam>(shape({2, 6, 7, 8}, {4, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 2));
  check<TypeParam>(shape({2, 5, 7, 8}, {10, 3, 3}, {2, 2}, {1, 0}, {1, 1}, 5));
}

// K passes 512 in the forward (c * 9), in the input's gradient (co * 9), and in the weight's (n * oh * ow).
TYPED_TEST(ConvTest, ManyChunks) {
  check<TypeParam>(shape({3, 58, 6, 5}, {60, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({2, 58, 5, 24}, {60, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({7, 58, 3, 8}, {60, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({2, 58, 9, 34}, {60, 3, 3}, {2, 2}, {1, 2}));
  check<TypeParam>(shape({5, 2, 17, 19}, {34, 3, 3}, {1, 2}, {1, 1}));
  check<TypeParam>(shape({300, 3, 4, 4}, {3, 2, 2}, {1, 1}, {0, 1}));
  check<TypeParam>(shape({2, 1, 34, 34}, {3, 3, 3}));
  check<TypeParam>(shape({600, 2, 3, 3}, {2, 3, 3}));
}

// Widths around vectors' lengths: rows that are whole vectors, that share one, and that end within one.
TYPED_TEST(ConvTest, Widths) {
  for (int64_t w : {1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 24, 26, 31, 32, 33, 48, 70}) {
    check<TypeParam>(shape({2, 3, 5, w}, {9, 3, 3}, {1, 1}, {1, 1}), static_cast<uint32_t>(w));
    check<TypeParam>(shape({3, 2, 4, w + 2}, {3, 3, 3}), static_cast<uint32_t>(w));
    check<TypeParam>(shape({2, 2, 6, w}, {10, 3, 3}, {2, 2}, {1, 1}), static_cast<uint32_t>(w));
    check<TypeParam>(shape({1, 2, 7, w}, {4, 3, 3}, {3, 3}, {2, 2}), static_cast<uint32_t>(w));
    check<TypeParam>(shape({2, 3, 5, w}, {5, 1, 1}, {2, 2}), static_cast<uint32_t>(w));
    check<TypeParam>(shape({2, 9, 5, w}, {8, 3, 3}, {1, 1}, {2, 2}), static_cast<uint32_t>(w));
    check<TypeParam>(shape({2, 9, 7, w}, {8, 4, 5}, {2, 2}, {2, 2}), static_cast<uint32_t>(w));
  }
}

// Channels around a vector's lanes and a tile's rows, on either side.
TYPED_TEST(ConvTest, Channels) {
  for (int64_t c : {1, 3, 5, 15, 16, 17, 33}) {
    for (int64_t co : {1, 4, 8, 9, 16, 31})
      check<TypeParam>(shape({2, c, 5, 6}, {co, 3, 3}, {1, 1}, {1, 1}), static_cast<uint32_t>(c));
  }
  check<TypeParam>(shape({2, 34, 5, 6}, {36, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 2));
}

// Many channels of a wide image, whose windows are strips of it.
TYPED_TEST(ConvTest, LargeWindows) {
  check<TypeParam>(shape({1, 66, 9, 26}, {18, 3, 3}, {1, 1}, {2, 2}));
  check<TypeParam>(shape({1, 70, 70, 30}, {2, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({1, 64, 8, 40}, {17, 3, 3}, {2, 2}, {1, 1}));
}

// Whole vectors of channels on either side, beside padding or with a stride: there lanes are output channels. Outputs
// in pairs and without a partner, in strips, in tiles of several widths, over more than a chunk of k.
TYPED_TEST(ConvTest, ChannelLanes) {
  check<TypeParam>(shape({1, 32, 7, 6}, {32, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({3, 64, 7, 5}, {48, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({2, 80, 6, 9}, {112, 3, 3}, {1, 1}, {1, 1}));
  check<TypeParam>(shape({5, 64, 4, 4}, {64, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 2));
  check<TypeParam>(shape({3, 31, 11, 13}, {32, 3, 3}, {2, 2}, {1, 1}));
  check<TypeParam>(shape({2, 32, 9, 12}, {32, 2, 5}, {3, 1}, {1, 4}, {2, 2}));
  check<TypeParam>(shape({1, 64, 45, 40}, {20, 5, 5}, {2, 2}));
  check<TypeParam>(shape({3, 32, 5, 5}, {32, 3, 3}, {1, 1}, {7, 4}, {4, 3}));
}

// What is beside the padding in the window must not come into it.
TYPED_TEST(ConvTest, InfinitiesBesidePadding) {
  using T = TypeParam;
  for (const Window& s :
       {shape({2, 2, 4, 8}, {9, 3, 3}, {1, 1}, {1, 1}), shape({2, 2, 4, 11}, {9, 3, 3}, {1, 1}, {1, 1}),
        shape({2, 2, 4, 16}, {9, 3, 3}, {1, 1}, {1, 1}), shape({2, 2, 4, 26}, {9, 3, 3}, {1, 1}, {1, 1}),
        shape({2, 2, 4, 32}, {9, 3, 3}, {1, 1}, {1, 1}), shape({2, 32, 5, 6}, {32, 3, 3}, {1, 1}, {1, 1})}) {
    Problem<T> p(s);
    for (int64_t i = 0; i < static_cast<int64_t>(p.x.size()); i += s.w) {
      p.x[i] = p.x[i + s.w - 1] = i % 3 == 0 ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::quiet_NaN();
      p.dy[i % p.dy.size()] = p.dy[(i + s.w - 1) % p.dy.size()] = -std::numeric_limits<T>::infinity();
    }
    const Results<T> expected = reference(p);
    for_each_isa([&] { expect_same(kernels(p), expected); });
  }
}

// Where dy is infinite, taps' rows in padding give NaN; where it is not, kernels may leave them out.
TYPED_TEST(ConvTest, InfiniteGradientMeetsPadding) {
  const Window s = shape({2, 16, 5, 6}, {16, 3, 3}, {1, 1}, {1, 1});
  for (int64_t row = 0; row < s.h; ++row) {
    Problem<TypeParam> p(s);
    p.dy[row * s.w + 2] = std::numeric_limits<TypeParam>::infinity();
    const Results<TypeParam> expected = reference(p);
    for_each_isa([&] { expect_same(kernels(p), expected); });
  }
}

// Where weights are infinite, rows of padding give NaN; where they are not, kernels may leave such rows out.
TYPED_TEST(ConvTest, InfiniteWeightsMeetPadding) {
  for (const Window& s :
       {shape({3, 9, 4, 8}, {9, 3, 3}, {1, 1}, {1, 1}), shape({3, 9, 4, 16}, {9, 3, 3}, {1, 1}, {1, 1}),
        shape({3, 9, 4, 26}, {9, 3, 3}, {1, 1}, {1, 1}), shape({3, 9, 4, 32}, {9, 3, 3}, {1, 1}, {1, 1}),
        shape({2, 32, 5, 6}, {32, 3, 3}, {1, 1}, {1, 1})}) {
    Problem<TypeParam> p(s);
    p.weight[1] = std::numeric_limits<TypeParam>::infinity();
    const Results<TypeParam> expected = reference(p);
    for_each_isa([&] { expect_same(kernels(p), expected); });
  }
}

TYPED_TEST(ConvTest, RandomShapes) {
  std::mt19937 bits(7);
  const auto upto = [&](int64_t n) { return static_cast<int64_t>(bits() % n); };
  for (int trial = 0; trial < 60; ++trial) {
    // n, c, h, w; co, kh, kw; strides; padding; dilation; groups
    Window s = {1 + upto(4), 1 + upto(4), 1 + upto(14), 1 + upto(40), 1 + upto(5), 1 + upto(4), 1 + upto(4),
                1 + upto(3), 1 + upto(3), upto(4),      upto(4),      1 + upto(3), 1 + upto(3), 1 + upto(3)};
    s.c *= s.groups, s.co *= s.groups;
    if (s.h + 2 * s.pad_h <= s.dil_h * (s.kh - 1) || s.w + 2 * s.pad_w <= s.dil_w * (s.kw - 1)) continue;
    check<TypeParam>(s, 10 * trial, trial % 4 == 0 ? Values::wide : Values::ordinary);
  }
}

TYPED_TEST(ConvTest, SpecialValues) {
  for (Values values : {Values::special, Values::subnormal, Values::wide}) {
    check<TypeParam>(shape({2, 3, 9, 11}, {5, 3, 3}, {2, 1}, {1, 1}), 5, values);
    check<TypeParam>(shape({2, 3, 9, 11}, {5, 3, 2}, {1, 1}, {1, 1}), 6, values);
  }
}

// Padding is a multiply-add with +0, which an infinite weight turns into NaN.
TYPED_TEST(ConvTest, PaddingTakesPart) {
  using T = TypeParam;
  const Window s = shape({1, 1, 1, 1}, {1, 1, 2}, {1, 1}, {0, 1});
  Problem<T> p(s);
  p.x = {1}, p.weight = {std::numeric_limits<T>::infinity(), 1};
  const std::vector<T> y = kernels(p).y;
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], std::numeric_limits<T>::infinity());
}

// Positions between strides take no part: an infinite weight that meets none but those leaves the gradient as it is.
TYPED_TEST(ConvTest, PositionsBetweenStridesTakeNoPart) {
  using T = TypeParam;
  const Window s = shape({1, 1, 1, 3}, {1, 1, 2}, {1, 2});
  Problem<T> p(s);
  p.weight = {std::numeric_limits<T>::infinity(), 2}, p.dy = {3};
  const std::vector<T> dx = kernels(p).dx;
  EXPECT_EQ(dx[1], T(6));
  EXPECT_TRUE(std::isnan(dx[2])) << "an output position beyond the edge is +0, and takes part";
}

TYPED_TEST(ConvTest, ThreadsDoNotShow) {
  const Window shapes[] = {
      shape({5, 16, 22, 23}, {40, 3, 3}, {1, 1}, {1, 1}), shape({1, 12, 64, 64}, {14, 3, 3}, {2, 2}),
      shape({1, 64, 80, 80}, {4, 3, 3}, {1, 1}, {1, 1}), shape({40, 3, 20, 21}, {17, 3, 3}, {1, 1}, {1, 1}),
      shape({3, 64, 20, 21}, {128, 3, 3}, {1, 1}, {1, 1})};
  for (const Window& s : shapes) {
    const Problem<TypeParam> p(s);
    Results<TypeParam> expected;
    with_threads(1, [&] { expected = kernels(p); });
    for (int threads : {2, 3, 7}) {
      with_threads(threads, [&] { expect_same(kernels(p), expected); });
    }
    // A few elements of these larger problems against the reference.
    for (int64_t i = 0; i < 50; ++i) {
      const int64_t n = i % s.n, co = i * 7 % s.co, c = i * 5 % s.c, y = i * 3 % s.out_h(), x = i * 11 % s.out_w();
      EXPECT_EQ(expected.y[((n * s.co + co) * s.out_h() + y) * s.out_w() + x], p.forward_at(n, co, y, x));
      EXPECT_EQ(expected.dx[((n * s.c + c) * s.h + y) * s.w + x], p.input_gradient_at(n, c, y, x));
      EXPECT_EQ(expected.dw[((co * s.c + c) * s.kh + i % s.kh) * s.kw + i % s.kw],
                p.weight_gradient_at(co, c, i % s.kh, i % s.kw));
    }
  }
}

TYPED_TEST(ConvTest, NoImages) {
  const Window s = shape({0, 2, 4, 4}, {3, 2, 2});
  const Problem<TypeParam> p(s);
  for (TypeParam x : kernels(p).dw) EXPECT_EQ(x, TypeParam(0));
}

// K = 0 gives +0, also where padding is all that an image has.
TYPED_TEST(ConvTest, NoChannels) {
  const Window none = shape({2, 0, 4, 4}, {3, 2, 2}), flat = shape({1, 2, 0, 3}, {3, 2, 2}, {1, 1}, {1, 1});
  const Problem<TypeParam> p(none), q(flat);
  for (TypeParam y : kernels(p).y) EXPECT_EQ(y, TypeParam(0));
  expect_same(kernels(q), reference(q));
}

}  // namespace
}  // namespace stet
