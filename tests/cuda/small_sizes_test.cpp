// Ops on nothing, and on single elements: empty batches, products over no terms, axes of extent 0 and 1.
#include <string>

#include "cuda/with_gradients.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/digest.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/update.h"

namespace stet {
namespace {

using testing::awkward;
using testing::device;
using testing::expect_same;
using testing::Tensors;
using testing::with_gradients;

Tensor numbers(const Shape& shape, uint64_t seed) { return awkward(shape, seed, false) * 0.1; }
Tensor zero_indices(const Shape& shape) { return zeros(shape, DType::int64); }

// The op's result and gradients, for inputs of these shapes.
void check(const std::string& name, const std::vector<Shape>& shapes, const TensorFunction& op,
           DType dtype = DType::float32) {
  std::string all = name;
  Tensors inputs;
  for (const Shape& s : shapes) {
    inputs.push_back(numbers(s, inputs.size() + 1).to(dtype));
    all += " " + s.to_string();
  }
  SCOPED_TRACE(all);
  expect_same(inputs, [&](const Tensors& t) { return with_gradients(op, t, false); });
}

// In float32 and in float64.
void check_both(const std::string& name, const std::vector<Shape>& shapes, const TensorFunction& op) {
  for (DType dtype : {DType::float32, DType::float64}) check(name, shapes, op, dtype);
}

TEST(SmallSizes, ElementByElement) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{1, 1, 1}, Shape{3, 0, 2}, Shape{0, 5}}) {
    check_both("arithmetic", {shape, shape},
               [](const Tensors& t) { return (t[0] + t[1]) * t[0] - t[1] / (square(t[0]) + 1.0); });
    check_both("broadcast", {shape, {1}}, [](const Tensors& t) { return t[0] * t[1]; });
    check("functions", {shape}, [](const Tensors& t) { return exp(tanh(gelu(t[0]))) + sqrt(abs(t[0])); });
    check("pow", {shape, shape}, [](const Tensors& t) { return pow(abs(t[0]), t[1]); });
    check_both("choices", {shape, shape},
               [](const Tensors& t) { return where(t[0] < t[1], maximum(t[0], t[1]), clamp(t[0], -1, 1)); });
    check("conversion", {shape},
          [](const Tensors& t) { return t[0].to(DType::int32).to(DType::float64).to(DType::float32); });
    check_both("concatenation", {shape, shape}, [](const Tensors& t) {
      return concatenate({t[0].reshape({-1}), t[1].reshape({-1})});
    });
    check_both("padding", {shape}, [](const Tensors& t) { return pad(t[0].reshape({t[0].elements()}), {{1, 2}}, 3); });
  }
}

TEST(SmallSizes, Sums) {
  for (const Shape& shape :
       {Shape{0}, Shape{1}, Shape{0, 3}, Shape{3, 0}, Shape{1, 1}, Shape{2, 0, 3}, Shape{0, 2, 0}, Shape{1, 70, 1}}) {
    check_both("sum", {shape}, [](const Tensors& t) { return sum(t[0]); });
    check_both("sum of the first", {shape}, [](const Tensors& t) { return sum(t[0], {0}); });
    check_both("sum of the last", {shape}, [](const Tensors& t) { return sum(t[0], {-1}); });
    check_both("mean", {shape}, [](const Tensors& t) { return mean(t[0], {-1}); });
    if (shape[0] != 0) check_both("max", {shape}, [](const Tensors& t) { return max(t[0], {0}); });
    if (shape[0] != 0) check_both("argmin", {shape}, [](const Tensors& t) { return argmin(t[0], 0); });
    if (shape[shape.rank() - 1] != 0) check_both("argmax", {shape}, [](const Tensors& t) { return argmax(t[0], -1); });
    check("integers", {shape}, [](const Tensors& t) { return sum(t[0].to(DType::int64), {0}); });
  }
}

TEST(SmallSizes, Products) {
  for (int64_t m : {0, 1, 2}) {
    for (int64_t k : {0, 1, 2}) {
      for (int64_t n : {0, 1, 2}) {
        check_both("matmul", {{m, k}, {k, n}}, [](const Tensors& t) { return matmul(t[0], t[1]); });
        check_both("matmul of no batch", {{0, m, k}, {0, k, n}}, [](const Tensors& t) { return matmul(t[0], t[1]); });
        check_both("matmul of a batch and one", {{3, m, k}, {k, n}},
                   [](const Tensors& t) { return matmul(t[0], t[1]); });
        check_both("linear", {{m, k}, {n, k}, {n}},
                   [](const Tensors& t) { return linear(t[0], t[1], t[2], Activation::relu); });
        for (int64_t batch : {0, 2})
          check_both("linear", {{batch, m, k}, {n, k}}, [](const Tensors& t) { return linear(t[0], t[1]); });
      }
    }
  }
}

TEST(SmallSizes, Convolution) {
  const auto conv = [](Conv2dOptions o) { return [o](const Tensors& t) { return conv2d(t[0], t[1], t[2], o); }; };
  for (int64_t images : {0, 1}) {
    for (int64_t in : {0, 1, 2}) {
      for (int64_t out : {0, 1, 2}) {
        for (int64_t side : {1, 3}) {
          const std::vector<Shape> shapes = {{images, in, side, side}, {out, in, 1, 1}, {out}};
          check_both("conv2d", shapes, conv({}));
          check_both("conv2d with strides", shapes, conv({.stride = {2, 2}}));
          check_both("conv2d with relu", {{images, in, side, side}, {out, in, 3, 3}, {out}},
                     conv({.padding = {1, 1}, .activation = Activation::relu}));
        }
      }
    }
  }
}

TEST(SmallSizes, Pooling) {
  for (const Shape& shape : {Shape{0, 2, 4, 4}, Shape{2, 0, 4, 4}, Shape{1, 1, 1, 1}, Shape{1, 1, 2, 1}}) {
    const std::pair<int64_t, int64_t> kernel{shape[2] > 1 ? 2 : 1, shape[3] > 1 ? 2 : 1};
    check_both("max_pool2d", {shape}, [&](const Tensors& t) { return max_pool2d(t[0], kernel); });
    check_both("avg_pool2d", {shape}, [&](const Tensors& t) { return avg_pool2d(t[0], kernel); });
  }
}

TEST(SmallSizes, Normalised) {
  for (const Shape& shape : {Shape{0, 5}, Shape{1, 1}, Shape{0, 1}, Shape{2, 0, 3}, Shape{1, 2, 1}}) {
    check("softmax", {shape}, [](const Tensors& t) { return softmax(t[0]); });
    check("log_softmax", {shape}, [](const Tensors& t) { return log_softmax(t[0]); });
    check("layer_norm", {shape, {shape[shape.rank() - 1]}, {shape[shape.rank() - 1]}},
          [](const Tensors& t) { return layer_norm(t[0], t[1], t[2]); });
    const Shape rows(std::vector<int64_t>(shape.begin(), shape.end() - 1));
    check("cross_entropy", {shape},
          [&](const Tensors& t) { return cross_entropy_rows(t[0], zero_indices(rows).to(t[0].device())); });
  }
  for (const Shape& shape :
       {Shape{0, 3}, Shape{5, 0}, Shape{1, 2}, Shape{0, 2, 3, 3}, Shape{2, 0, 3, 3}, Shape{2, 2, 3, 0}}) {
    const Shape channels{shape[1]};
    check("batch_norm_evaluation", {shape, channels, channels, channels, channels}, [](const Tensors& t) {
      return batch_norm_evaluation(t[0], t[1].detach(), square(t[2].detach()), t[3], t[4], 1e-5, Activation::relu);
    });
  }
  for (const Shape& shape : {Shape{2, 1}, Shape{1, 2, 2, 1}}) {
    const Shape channels{shape[1]};
    check("batch_norm", {shape, channels, channels}, [](const Tensors& t) { return batch_norm(t[0], t[1], t[2]).y; });
    check("batch_norm and relu", {shape, channels, channels, shape},
          [](const Tensors& t) { return batch_norm(t[0], t[1], t[2], 1e-5, Activation::relu, t[3]).y; });
  }
}

TEST(SmallSizes, Attention) {
  struct Case {
    int64_t batch, heads, queries, keys, width, value_width;
  };
  for (const Case& c : {Case{0, 2, 3, 3, 4, 4}, Case{2, 0, 3, 3, 4, 4}, Case{1, 1, 0, 3, 4, 4}, Case{1, 1, 3, 3, 4, 0},
                        Case{1, 1, 1, 1, 1, 1}, Case{1, 1, 0, 3, 70, 70}}) {
    check("attention",
          {{c.batch, c.heads, c.queries, c.width},
           {c.batch, c.heads, c.keys, c.width},
           {c.batch, c.heads, c.keys, c.value_width}},
          [](const Tensors& t) { return attention(t[0], t[1], t[2]); });
  }
  for (const Shape& shape : {Shape{0, 3, 12}, Shape{1, 1, 6}, Shape{2, 0, 3, 12}}) {
    check("self_attention", {shape}, [](const Tensors& t) { return self_attention(t[0], 2, {.causal = true}); });
  }
}

TEST(SmallSizes, Lstm) {
  struct Case {
    int64_t batch, steps, inputs, units;
  };
  for (const Case& c : {Case{0, 2, 3, 4}, Case{2, 2, 0, 4}, Case{1, 1, 1, 1}}) {
    check("lstm",
          {{c.batch, c.steps, c.inputs},
           {4 * c.units, c.inputs},
           {4 * c.units, c.units},
           {4 * c.units},
           {4 * c.units},
           {c.batch, c.units},
           {c.batch, c.units}},
          [](const Tensors& t) {
            const LstmResult r = lstm(t[0], {t[1], t[2], t[3], t[4]}, {t[5], t[6]});
            return concatenate({r.output.reshape({r.output.elements()}),
                                r.last.hidden.reshape({r.last.hidden.elements()}),
                                r.last.cell.reshape({r.last.cell.elements()})});
          });
  }
}

TEST(SmallSizes, Indices) {
  const auto zeros_like_device = [](const Tensor& x, const Shape& shape) { return zero_indices(shape).to(x.device()); };
  for (const Shape& shape : {Shape{3, 0}, Shape{1, 1}, Shape{3, 4}, Shape{2, 3, 0}}) {
    for (int64_t m : {0, 1, 5}) {
      check_both("index_select", {shape},
                 [&](const Tensors& t) { return index_select(t[0], 0, zeros_like_device(t[0], {m})); });
      if (shape[1] != 0)
        check_both("index_select of the second", {shape},
                   [&](const Tensors& t) { return index_select(t[0], 1, zeros_like_device(t[0], {m})); });
    }
  }
  check_both("no index into nothing", {{0, 3}},
             [&](const Tensors& t) { return index_select(t[0], 0, zeros_like_device(t[0], {0})); });
  for (const Shape& shape : {Shape{0, 3}, Shape{3, 0}, Shape{1, 1}}) {
    check_both("gather", {shape},
               [&](const Tensors& t) { return gather(t[0], 0, zeros_like_device(t[0], t[0].shape())); });
    for (int64_t extent : {0, 1, 4}) {
      if (extent == 0 && shape.elements() != 0) continue;
      check_both("scatter_add", {shape},
                 [&](const Tensors& t) { return scatter_add(t[0], 0, zeros_like_device(t[0], t[0].shape()), extent); });
      check_both("scatter_add along the last", {shape},
                 [&](const Tensors& t) { return scatter_add(t[0], 1, zeros_like_device(t[0], t[0].shape()), extent); });
    }
  }
  expect_same({zero_indices({0})}, [](const Tensors& t) { return Tensors{one_hot(t[0], 3)}; });
}

TEST(SmallSizes, Draws) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{2, 0}}) {
    check("draws", {shape}, [&](const Tensors& t) {
      Stream stream(Rng(1, "draws"));
      const Device on = t[0].device();
      const Tensor u = uniform(stream, shape, 0, 1, DType::float32, on),
                   z = normal(stream, shape, 0, 1, DType::float32, on);
      return dropout(t[0] * u * z, 0.5, stream) + random_integers(stream, shape, 0, 5, on).to(DType::float32);
    });
    for (double p : {0.0, 1.0}) {
      check("dropout", {shape}, [&](const Tensors& t) {
        Stream stream(Rng(1, "draws"));
        return dropout(t[0], p, stream);
      });
    }
  }
}

TEST(SmallSizes, ClippingOfNothing) {
  const auto clip = [](const Tensors& t) {
    Tensor a = t[0], b = t[1];
    Tensor* const gradients[] = {&a, &b};
    const Tensor norm = clip_norm(gradients, 1.0);
    return Tensors{a, b, norm};
  };
  expect_same({numbers({0}, 1), numbers({2, 0}, 2)}, clip);
  expect_same({numbers({0}, 1), numbers({1}, 2)}, clip);
}

TEST(SmallSizes, DigestsOfNone) { EXPECT_EQ(backend(device()).digests({})->bytes().size(), 0u); }

}  // namespace
}  // namespace stet
