// Convolution and its gradients against the CPU's, bit for bit.
#include <array>

#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "tensor/bits.h"

namespace stet::testing {
namespace {

struct Pair {
  int64_t h, w;
};

Window window(std::array<int64_t, 4> x, std::array<int64_t, 3> co_and_kernel, Pair stride = {1, 1}, Pair pad = {0, 0},
              Pair dilation = {1, 1}, int64_t groups = 1) {
  const auto [n, c, h, w] = x;
  const auto [co, kh, kw] = co_and_kernel;
  return {n, c, h, w, co, kh, kw, stride.h, stride.w, pad.h, pad.w, dilation.h, dilation.w, groups};
}

struct Problem {
  Tensor x, weight, bias, dy;
};

// Inputs without infinities, beside which orders of sums show: a NaN hides them.
Problem problem(const Window& s, DType t, bool specials) {
  const auto values = [&](const Shape& shape, uint64_t seed) { return awkward(shape, seed, specials).to(t); };
  return {values({s.n, s.c, s.h, s.w}, 1), values({s.co, s.c / s.groups, s.kh, s.kw}, 2), values({s.co}, 3),
          values({s.n, s.co, s.out_h(), s.out_w()}, 4)};
}

struct Results {
  Tensor y, activated, dx, dw;
};

Results results(Device device, const Window& s, const Problem& p) {
  Backend& b = backend(device);
  const Tensor x = p.x.to(device), weight = p.weight.to(device), bias = p.bias.to(device), dy = p.dy.to(device);
  const auto like = [&](const Tensor& t) { return Tensor::uninitialized(t.shape(), t.dtype(), device); };
  const Results r = {like(dy), like(dy), like(x), like(weight)};
  b.conv2d(s, x, weight, {}, Activation::none, r.y);
  b.conv2d(s, x, weight, bias, Activation::relu, r.activated);
  b.conv2d_input_gradient(s, dy, weight, r.dx);
  b.conv2d_weight_gradient(s, dy, x, r.dw);
  return r;
}

template <class T> void expect_same(const Results& got, const Results& want) {
  EXPECT_TRUE(all_same_bits(got.y.to_vector<T>(), want.y.to_vector<T>())) << "conv2d";
  EXPECT_TRUE(all_same_bits(got.activated.to_vector<T>(), want.activated.to_vector<T>()))
      << "conv2d with bias and relu";
  EXPECT_TRUE(all_same_bits(got.dx.to_vector<T>(), want.dx.to_vector<T>())) << "conv2d_input_gradient";
  EXPECT_TRUE(all_same_bits(got.dw.to_vector<T>(), want.dw.to_vector<T>())) << "conv2d_weight_gradient";
}

void check(const Window& s, DType t = DType::float32, bool specials = false) {
  SCOPED_TRACE(::testing::Message() << "x [" << s.n << ", " << s.c << ", " << s.h << ", " << s.w << "] co " << s.co
                                    << " kernel " << s.kh << "x" << s.kw << " stride " << s.stride_h << ","
                                    << s.stride_w << " pad " << s.pad_h << "," << s.pad_w << " dilation " << s.dil_h
                                    << "," << s.dil_w << " groups " << s.groups);
  const Problem p = problem(s, t, specials);
  const Results want = results(cpu, s, p), got = results(device(), s, p);
  if (t == DType::float32) expect_same<float>(got, want);
  else expect_same<double>(got, want);
}

void check_both(const Window& s) {
  check(s, DType::float32);
  check(s, DType::float64);
}

TEST(CudaConv, OneByOne) {
  check_both(window({1, 1, 1, 1}, {1, 1, 1}));
  check_both(window({3, 5, 4, 7}, {9, 1, 1}));
  check_both(window({2, 5, 7, 7}, {4, 1, 1}, {2, 3}));
  check(window({2, 70, 4, 4}, {33, 1, 1}, {2, 2}));
}

TEST(CudaConv, StridePaddingDilation) {
  in_orders([] {
    check_both(window({2, 3, 9, 11}, {5, 3, 3}));
    check(window({2, 3, 9, 12}, {5, 3, 5}, {2, 3}, {1, 4}));
  });
  check(window({2, 3, 9, 11}, {5, 3, 2}, {1, 1}, {1, 2}));
  check(window({1, 2, 13, 10}, {3, 3, 2}, {1, 1}, {3, 2}, {3, 4}));
  check(window({2, 2, 13, 16}, {3, 2, 3}, {3, 2}, {0, 3}, {2, 3}));
  check(window({1, 2, 14, 14}, {3, 3, 3}, {4, 4}, {2, 2}, {2, 2}));
  check(window({1, 2, 11, 11}, {3, 3, 3}, {5, 5}));        // more phases than a launch takes
  check(window({1, 2, 3, 3}, {2, 2, 2}, {4, 4}, {5, 5}));  // outputs that see only padding, inputs that no output sees
}

TEST(CudaConv, Groups) {
  check_both(window({2, 6, 7, 8}, {4, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 2));
  check(window({2, 5, 7, 8}, {10, 3, 3}, {2, 2}, {1, 0}, {1, 1}, 5));
  check(window({1, 40, 4, 4}, {40, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 40));
}

// K passes 512 in the forward (c * taps), in the input's gradient (co * taps), in the weight's (n * oh * ow); also just
// not, or by one.
TEST(CudaConv, Chunks) {
  check_both(window({2, 58, 5, 4}, {60, 3, 3}, {1, 1}, {1, 1}));
  for (int64_t k : {511, 512, 513, 1023, 1024, 1025}) check(window({1, k, 2, 1}, {3, 1, 1}));
  for (int64_t k : {511, 512, 513}) check(window({1, 2, 1, 1}, {k, 1, 1}));
  for (int64_t k : {511, 512, 513, 1025}) check(window({k, 2, 1, 1}, {3, 1, 1}));
  check(window({1, 1, 96, 98}, {2, 3, 3}));  // more than 16 chunks
}

// More chunks than wait at a time.
TEST(CudaConv, RoundsOfChunks) {
  const Window s = window({1, 1, 257, 511}, {1, 1, 1});
  const Tensor x = awkward({1, 1, s.h, s.w}, 1, false), dy = awkward({1, 1, s.h, s.w}, 2, false);
  const auto gradient = [&](Device on) {
    const Tensor dw = Tensor::uninitialized({1, 1, 1, 1}, DType::float32, on);
    backend(on).conv2d_weight_gradient(s, dy.to(on), x.to(on), dw);
    return dw.to_vector<float>();
  };
  EXPECT_TRUE(all_same_bits(gradient(device()), gradient(cpu)));
}

// Channels around the tiles' rows, on either side, and images that are groups of four pixels and others.
TEST(CudaConv, Channels) {
  for (int64_t c : {1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129}) {
    check(window({1, c, 5, 6}, {3, 3, 3}, {1, 1}, {1, 1}));
    check(window({2, 2, 4, 6}, {c, 3, 3}, {1, 1}, {1, 1}));
  }
  check(window({9, 30, 8, 8}, {32, 3, 3}, {1, 1}, {1, 1}));
  check(window({5, 16, 16, 16}, {16, 3, 3}, {1, 1}, {1, 1}));
  check(window({5, 16, 32, 32}, {16, 3, 3}, {2, 2}, {1, 1}));
}

// So many rows, columns and groups that the largest tiles are the cheapest.
TEST(CudaConv, LargeTiles) {
  check(window({16, 5, 8, 8}, {126, 1, 1}));
  check(window({16, 128, 16, 16}, {4, 2, 2}, {2, 2}));
  check(window({32, 5, 8, 8}, {63, 1, 1}));
  check(window({32, 62, 16, 16}, {4, 2, 2}, {2, 2}));
  check(window({1, 256, 5, 5}, {1024, 2, 2}, {1, 1}, {0, 0}, {1, 1}, 8));
  check(window({1, 528, 5, 5}, {704, 2, 2}, {1, 1}, {0, 0}, {1, 1}, 11));
}

// What is counted in 64 bits: kernels of more than 32 taps, images of more than 1024 columns, and numbers beyond 32
// bits.
TEST(CudaConv, ManyTaps) {
  check_both(window({1, 3, 12, 13}, {4, 7, 7}, {2, 2}, {3, 3}));
  check(window({1, 2, 12, 13}, {4, 11, 11}, {1, 1}, {5, 5}));
  check(window({1, 2, 1, 1030}, {3, 1, 3}, {1, 1}, {0, 1}));
  check_both(window({3, 2, 14, 15}, {3, 1, 2}, {1, 1}, {0, 1}, {int64_t{1} << 31, 1}));
}

TEST(CudaConv, SpecialValues) {
  for (DType t : {DType::float32, DType::float64}) {
    check(window({2, 3, 9, 11}, {5, 3, 3}, {2, 1}, {1, 1}), t, true);
    check(window({2, 3, 9, 11}, {5, 3, 2}, {1, 1}, {1, 1}), t, true);
  }
}

TEST(CudaConv, NoElements) {
  check_both(window({0, 2, 4, 4}, {3, 2, 2}));
  check_both(window({2, 0, 4, 4}, {3, 2, 2}));
  check_both(window({2, 2, 4, 4}, {0, 2, 2}));
  check_both(window({1, 2, 0, 3}, {3, 2, 2}, {1, 1}, {1, 1}));
}

}  // namespace
}  // namespace stet::testing
