// Batch norm and layer norm against the CPU's, over shapes that take every path of their kernels.
#include "cuda/compare.h"
#include "stet/tensor/backend.h"

namespace stet::testing {
namespace {

Tensor like(const Tensor& x) { return Tensor::uninitialized(x.shape(), x.dtype(), x.device()); }
Tensor vector_like(const Tensor& x, int64_t n) { return Tensor::uninitialized({n}, x.dtype(), x.device()); }

// A gradient that the op may write over.
Tensor copy_of(const Tensor& x) {
  const Tensor y = like(x);
  backend(x.device()).copy(x, y);
  return y;
}

// Some numbers, specials among them in one of a few planes or rows.
Tensor values(const Shape& shape, uint64_t seed) {
  const Tensor plain = awkward(shape, seed, false) * 0.1;
  return shape.elements() > 600 ? plain : maximum(plain, awkward(shape, seed + 100));
}

enum Parts { none = 0, weight = 1, bias = 2, residual = 4, relu = 8 };

// Everything of batch norm on planes [n, c, p]: in is x, weight, bias, residual, g.
Tensors batch_norm_of(const Tensors& in, int parts) {
  const Tensor &x = in[0], &g = in[4];
  const int64_t c = x.size(1);
  Backend& b = backend(x.device());
  BatchNormInputs inputs{x,
                         parts & weight ? in[1] : Tensor(),
                         parts & bias ? in[2] : Tensor(),
                         parts & residual ? in[3] : Tensor(),
                         1e-3,
                         parts & relu ? Activation::relu : Activation::none};
  const BatchStatistics s{vector_like(x, c), vector_like(x, c), vector_like(x, c)};
  const Tensor y = like(x), evaluated = like(x);
  b.batch_norm(inputs, y, s);
  b.batch_norm_evaluation(inputs, s, evaluated);
  inputs.residual = {};
  Tensors all{y, s.mean, s.variance, s.rest, evaluated};
  // Written over the upstream gradient, and not.
  for (bool over : {true, false}) {
    const bool masked = (parts & residual) && (parts & relu);
    const Tensor upstream = copy_of(g);
    const BatchNormGradients to{over && !masked ? upstream : like(x), vector_like(x, c), vector_like(x, c),
                                !masked ? Tensor()
                                : over  ? upstream
                                        : like(x)};
    b.batch_norm_gradient(inputs, s, y, upstream, to);
    all.insert(all.end(), {to.x, to.weight, to.bias, to.residual});
  }
  return all;
}

void check_batch_norm(const Shape& shape, int parts) {
  SCOPED_TRACE(shape.to_string() + " parts " + std::to_string(parts));
  const Shape channels{shape[1]};
  expect_same(
      {values(shape, 1), awkward(channels, 2, false), awkward(channels, 3, false), values(shape, 4), values(shape, 5)},
      [parts](const Tensors& in) { return batch_norm_of(in, parts); });
}

TEST(BatchNorm, EqualsTheCpu) {
  in_orders([] {
    for (int parts = 0; parts < 16; ++parts) check_batch_norm({3, 5, 12}, parts);
    for (int parts : {0, weight | bias | relu, weight | bias | residual | relu}) {
      for (int64_t p : {1, 2, 7, 31, 32, 33, 49, 64, 100, 196, 257, 513, 700, 1023, 1024, 1025, 2500})
        check_batch_norm({2, 3, p}, parts);
    }
  });
}

TEST(BatchNorm, OfManySamplesEqualsTheCpu) {
  in_orders([] {
    for (int64_t n : {63, 64, 65, 129, 1023, 1024, 1025}) {
      check_batch_norm({n, 3, 2}, weight | bias | relu);
      check_batch_norm({n, 33, 1}, weight | residual | relu);
    }
  });
  check_batch_norm({4097, 2, 1}, bias);
}

TEST(BatchNorm, OfManyChannelsEqualsTheCpu) {
  for (int64_t c : {1, 31, 32, 64, 70}) check_batch_norm({70, c, 4}, weight | bias | relu);
}

TEST(BatchNorm, OfLongPlanesEqualsTheCpu) {
  for (int64_t p : {16384, 16385, 20001}) {
    for (int parts : {0, weight | bias | relu, residual | relu}) check_batch_norm({2, 2, p}, parts);
  }
}

TEST(BatchNorm, OfViewsThatAreNotAlignedEqualsTheCpu) {
  const Tensor x = awkward({4 * 3 * 8 + 1}, 1, false);
  expect_same({x}, [](const Tensors& in) {
    const Tensor view = in[0].slice(0, 1, 97).reshape({4, 3, 8});
    const BatchStatistics s{vector_like(view, 3), vector_like(view, 3), vector_like(view, 3)};
    const Tensor y = like(view);
    backend(view.device()).batch_norm({.x = view, .weight = {}, .bias = {}, .residual = {}, .epsilon = 1e-5}, y, s);
    return Tensors{y, s.mean, s.variance};
  });
}

TEST(BatchNorm, EvaluationOfNothingIsNothing) {
  expect_same({zeros({0, 3, 4}), ones({3})}, [](const Tensors& in) {
    return Tensors{batch_norm_evaluation(in[0], in[1], in[1], {}, {}, 1e-5, Activation::none, {})};
  });
}

// in is x, weight, bias, g.
Tensors layer_norm_of(const Tensors& in, int parts) {
  const Tensor &x = in[0], &g = in[3];
  const int64_t rows = x.size(0), d = x.size(1);
  Backend& b = backend(x.device());
  const LayerNormInputs inputs{x, parts & weight ? in[1] : Tensor(), parts & bias ? in[2] : Tensor(), 1e-5};
  const RowStatistics s{vector_like(x, rows), vector_like(x, rows), vector_like(x, rows)};
  const Tensor y = like(x);
  b.layer_norm(inputs, y, s);
  Tensors all{y, s.mean, s.rest, s.scale};
  for (bool over : {true, false}) {
    const Tensor upstream = copy_of(g);
    const LayerNormGradients to{over ? upstream : like(x), vector_like(x, d), vector_like(x, d)};
    b.layer_norm_gradient(inputs, s, upstream, to);
    all.insert(all.end(), {to.x, to.weight, to.bias});
  }
  return all;
}

void check_layer_norm(int64_t rows, int64_t d, int parts) {
  SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(d) + " parts " + std::to_string(parts));
  expect_same({values({rows, d}, 1), awkward({d}, 2, false), awkward({d}, 3, false), values({rows, d}, 4)},
              [parts](const Tensors& in) { return layer_norm_of(in, parts); });
}

TEST(LayerNorm, EqualsTheCpu) {
  in_orders([] {
    for (int parts : {0, 1, 2, 3}) check_layer_norm(5, 40, parts);
    for (int64_t d : {1, 2, 3, 31, 32, 33, 64, 65, 128, 200, 511, 513, 768, 769, 1023, 1024, 1025, 3000})
      check_layer_norm(3, d, weight | bias);
  });
}

TEST(LayerNorm, OfAnyNumberOfRowsEqualsTheCpu) {
  in_orders([] {
    for (int64_t rows : {0, 1, 63, 64, 65, 128, 129, 1000}) {
      check_layer_norm(rows, 7, weight | bias);
      check_layer_norm(rows, 33, 0);
    }
  });
  check_layer_norm(4160, 3, weight);
}

TEST(LayerNorm, OfLongRowsEqualsTheCpu) {
  for (int64_t d : {16384, 16385, 20001}) check_layer_norm(2, d, weight | bias);
}

TEST(Norm, OfFloat64IsComposed) {
  expect_same({awkward({3, 4, 5}, 1, false).to(DType::float64)}, [](const Tensors& in) {
    const BatchNorm r = batch_norm(in[0], {}, {}, 1e-5, Activation::relu, in[0]);
    return Tensors{r.y, r.mean, r.variance, layer_norm(in[0], {}, {}, 1e-5)};
  });
}

}  // namespace
}  // namespace stet::testing
