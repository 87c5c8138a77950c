// Pooling and its gradients against the CPU's, bit for bit.
#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "tensor/bits.h"

namespace stet::testing {
namespace {

struct Pooled {
  Tensor max, index, max_gradient, avg, avg_gradient;
};

Pooled pooled(Device device, const Window& s, const Tensor& x, const Tensor& dy) {
  Backend& b = backend(device);
  const Shape outputs{s.n, s.c, s.out_h(), s.out_w()}, inputs{s.n, s.c, s.h, s.w};
  const auto tensor = [&](const Shape& shape, DType dtype) { return Tensor::uninitialized(shape, dtype, device); };
  const DType t = x.dtype();
  const Pooled p = {tensor(outputs, t), tensor(outputs, DType::int64), tensor(inputs, t), tensor(outputs, t),
                    tensor(inputs, t)};
  const Tensor from = x.to(device), g = dy.to(device);
  b.max_pool2d(s, from, p.max, p.index);
  b.max_pool2d_gradient(s, g, p.index, p.max_gradient);
  b.avg_pool2d(s, from, p.avg);
  b.avg_pool2d_gradient(s, g, p.avg_gradient);
  return p;
}

template <class T> void expect_same(const Pooled& got, const Pooled& want) {
  EXPECT_EQ(got.index.to_vector<int64_t>(), want.index.to_vector<int64_t>());
  EXPECT_TRUE(all_same_bits(got.max.to_vector<T>(), want.max.to_vector<T>())) << "max_pool2d";
  EXPECT_TRUE(all_same_bits(got.max_gradient.to_vector<T>(), want.max_gradient.to_vector<T>()))
      << "max_pool2d_gradient";
  EXPECT_TRUE(all_same_bits(got.avg.to_vector<T>(), want.avg.to_vector<T>())) << "avg_pool2d";
  EXPECT_TRUE(all_same_bits(got.avg_gradient.to_vector<T>(), want.avg_gradient.to_vector<T>()))
      << "avg_pool2d_gradient";
}

void check(const Window& s, const Tensor& x) {
  SCOPED_TRACE(::testing::Message() << s.n << "x" << s.c << "x" << s.h << "x" << s.w << " kernel " << s.kh << "x"
                                    << s.kw << " stride " << s.stride_h << "," << s.stride_w << " pad " << s.pad_h
                                    << "," << s.pad_w);
  const Tensor dy = awkward({s.n, s.c, s.out_h(), s.out_w()}, 2).to(x.dtype());
  const Pooled want = pooled(cpu, s, x, dy), got = pooled(device(), s, x, dy);
  if (x.dtype() == DType::float32) expect_same<float>(got, want);
  else expect_same<double>(got, want);
}

Window window(std::array<int64_t, 4> x, std::array<int64_t, 2> kernel, std::array<int64_t, 2> stride,
              std::array<int64_t, 2> pad = {0, 0}) {
  return {.n = x[0],
          .c = x[1],
          .h = x[2],
          .w = x[3],
          .co = x[1],
          .kh = kernel[0],
          .kw = kernel[1],
          .stride_h = stride[0],
          .stride_w = stride[1],
          .pad_h = pad[0],
          .pad_w = pad[1]};
}

void check(const Window& s) {
  for (DType t : {DType::float32, DType::float64}) check(s, awkward({s.n, s.c, s.h, s.w}, 1).to(t));
}

// Kernels that have code of their own, with widths that divide by four and others, and those that have none.
TEST(CudaPool, Shapes) {
  in_orders([] {
    check(window({2, 3, 24, 24}, {2, 2}, {2, 2}));
    check(window({2, 3, 25, 28}, {3, 3}, {2, 2}, {1, 1}));
    check(window({1, 2, 9, 11}, {2, 2}, {2, 2}, {1, 1}));
    check(window({1, 2, 9, 11}, {3, 3}, {2, 2}));
  });
  check(window({1, 1, 1, 1}, {1, 1}, {1, 1}));
  check(window({2, 2, 9, 11}, {3, 2}, {2, 1}, {1, 1}));
  check(window({2, 2, 9, 12}, {3, 2}, {2, 1}, {1, 1}));
  check(window({1, 2, 13, 40}, {2, 5}, {3, 3}, {1, 2}));
  check(window({1, 2, 12, 12}, {2, 2}, {1, 1}));
  check(window({1, 2, 12, 12}, {3, 3}, {1, 1}, {1, 1}));
  check(window({2, 5, 8, 8}, {8, 8}, {8, 8}));
  check(window({1, 1, 5, 16}, {2, 2}, {3, 4}));                 // positions that no window holds
  check(window({2, 3, 9, 11}, {2, 3}, {int64_t{1} << 31, 2}));  // counted in 64 bits
  check(window({1, 1, 1, 4}, {4, 7}, {1, 1}, {2, 3}));          // windows larger than the image
}

// Windows that hang over, means over what exists, and windows that follow from the output's extents.
TEST(CudaPool, WindowsThatDiffer) {
  const auto cut = [](Window s, int64_t over_h, int64_t over_w, bool count_padding) {
    s.over_h = over_h, s.over_w = over_w, s.count_padding = count_padding;
    return s;
  };
  const auto adaptive = [](std::array<int64_t, 4> x, int64_t h, int64_t w) {
    Window s = window(x, {0, 0}, {1, 1});
    s.adaptive_h = h, s.adaptive_w = w;
    return s;
  };
  in_orders([&] {
    check(cut(window({2, 3, 9, 12}, {3, 3}, {2, 2}, {1, 1}), 0, 1, true));
    check(adaptive({2, 2, 9, 11}, 4, 3));
  });
  check(cut(window({2, 2, 9, 11}, {2, 2}, {2, 2}), 1, 1, true));
  check(cut(window({2, 2, 9, 11}, {3, 2}, {2, 1}, {1, 1}), 0, 0, false));
  check(cut(window({1, 2, 9, 12}, {3, 3}, {2, 2}, {1, 1}), 0, 1, false));
  check(adaptive({1, 2, 3, 5}, 7, 8));
  check(adaptive({1, 1, 1, 1}, 2, 3));
  check(adaptive({0, 2, 3, 5}, 2, 2));
}

TEST(CudaPool, Widths) {
  for (int64_t w : {2, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025}) {
    check(window({1, 2, 3, w}, {2, 2}, {2, 2}));
    check(window({1, 1, 2, w}, {2, 2}, {1, 2}, {1, 1}));
  }
}

TEST(CudaPool, NoElements) {
  check(window({0, 3, 4, 4}, {2, 2}, {2, 2}));
  check(window({3, 0, 4, 4}, {3, 3}, {2, 2}, {1, 1}));
}

// Few different values: zeros of both signs, infinities and NaNs meet in most windows.
TEST(CudaPool, TiesAndNaNs) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f, -0.0f, -kInf, std::nanf(""), kInf, 1.0f, -std::nanf("")};
  for (uint64_t kinds : {2, 3, 4, 7}) {
    for (const Window& s : {window({2, 2, 20, 24}, {2, 2}, {2, 2}), window({2, 2, 20, 24}, {3, 3}, {2, 2}, {1, 1}),
                            window({1, 2, 20, 23}, {4, 2}, {1, 2}, {2, 0})}) {
      SampleDraws draws(Rng(kinds, "ties"), 0, 0);
      std::vector<float> x(static_cast<size_t>(s.n * s.c * s.h * s.w));
      for (float& v : x) v = values[draws.below(kinds)];
      const Tensor t = Tensor::from(x, {s.n, s.c, s.h, s.w});
      check(s, t);
      check(s, t.to(DType::float64));
    }
  }
}

// A view that begins where no access of several elements may.
TEST(CudaPool, TakesViews) {
  const Tensor all = awkward({2 * 2 * 8 * 8 + 1}, 3), x = all.slice(0, 1, all.elements()).reshape({2, 2, 8, 8});
  const Tensor moved = all.to(device()).slice(0, 1, all.elements()).reshape({2, 2, 8, 8});
  const auto max = max_pool2d(moved, {2, 2}), avg = avg_pool2d(moved, {2, 2});
  EXPECT_TRUE(all_same_bits(max.to_vector<float>(), max_pool2d(x, {2, 2}).to_vector<float>()));
  EXPECT_TRUE(all_same_bits(avg.to_vector<float>(), avg_pool2d(x, {2, 2}).to_vector<float>()));
}

}  // namespace
}  // namespace stet::testing
