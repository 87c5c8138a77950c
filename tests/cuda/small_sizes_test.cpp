// Nothing, and single elements, where a row of the table of ops doesn't come: conversions, joins, chosen indices,
// draws.
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
    check("conversion", {shape},
          [](const Tensors& t) { return t[0].to(DType::int32).to(DType::float64).to(DType::float32); });
    check_both("concatenation", {shape, shape}, [](const Tensors& t) {
      return concatenate({t[0].reshape({-1}), t[1].reshape({-1})});
    });
    check_both("padding", {shape}, [](const Tensors& t) { return pad(t[0].reshape({t[0].elements()}), {{1, 2}}, 3); });
  }
}

TEST(SmallSizes, SumsOfIntegers) {
  for (const Shape& shape :
       {Shape{0}, Shape{1}, Shape{0, 3}, Shape{3, 0}, Shape{1, 1}, Shape{2, 0, 3}, Shape{0, 2, 0}, Shape{1, 70, 1}}) {
    check("integers", {shape}, [](const Tensors& t) { return sum(t[0].to(DType::int64), {0}); });
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
