// Kernels that stand for compositions of public ops give the compositions' bits, forward and backward, everywhere.
#include <gtest/gtest.h>

#include <functional>

#include "ops/drive.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "tensor/bits.h"
#include "tensor/machines.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;
using testing::awkward_inputs;
using testing::on_all_machines;
using testing::on_half_of_machines;
using testing::op_cases;
using testing::OpCase;
using testing::Shapes;
using testing::Tensors;

::testing::AssertionResult same_bits(const Tensor& got, const Tensor& want) {
  if (got.shape() != want.shape())
    return ::testing::AssertionFailure() << got.shape().to_string() << " not " << want.shape().to_string();
  if (got.dtype() == DType::float64) return all_same_bits(got.to_vector<double>(), want.to_vector<double>());
  return all_same_bits(got.to_vector<float>(), want.to_vector<float>());
}

// The result for inputs, and the gradients of all of them for an upstream g.
struct Results {
  Tensor y;
  Tensors gradients;
};

Results results(const std::function<Tensor(const Tensors&)>& op, const Tensors& x, const Tensor& g,
                bool graph = false) {
  Tensors watched;
  for (const Tensor& t : x) watched.push_back(watch(t));
  const Tensor y = op(watched);
  const Gradients gradients = backward(sum(y * g), {.graph = graph});
  Results all{y.detach(), {}};
  for (const Tensor& t : watched) all.gradients.push_back(gradients[t].detach());
  return all;
}

Results composed_results(const OpCase& c, const Tensors& x, const Tensor& g) {
  if (!c.gradient_composition) return results(c.composition, x, g);
  const NoGrad no_grad;
  return {c.composition(x), c.gradient_composition(g, x)};
}

void expect_same(const Results& got, const Results& want) {
  EXPECT_TRUE(same_bits(got.y, want.y));
  for (size_t i = 0; i < want.gradients.size(); ++i) {
    EXPECT_TRUE(same_bits(got.gradients[i], want.gradients[i])) << "gradient of input " << i;
  }
}

// Normal deviates, but for a share of awkward numbers.
Tensor ordinary(const Shape& shape, uint64_t seed, double share) {
  Stream stream(Rng(seed, "ordinary"));
  const Tensor plain = normal(stream, shape);
  return where(bernoulli(stream, shape, share), awkward(shape, seed), plain);
}

Tensors inputs(const OpCase& c, const Shapes& shapes, bool specials, DType dtype) {
  Tensors x;
  for (const Shape& s : shapes) {
    const uint64_t seed = x.size() + 1;
    const Tensor all = c.ordinary ? ordinary(s, seed, specials ? c.awkward_share : 0) : awkward(s, seed, specials);
    x.push_back(all.to(dtype));
  }
  return x;
}

// The same values in another layout.
Tensors transposed(Tensors x) {
  for (Tensor& t : x) {
    if (t.rank() > 1) t = contiguous(t.transpose()).transpose();
  }
  return x;
}

void check(const OpCase& c, const Shapes& shapes, bool specials, DType dtype, size_t turn) {
  const Tensors x = inputs(c, shapes, specials, dtype), swapped = transposed(x);
  const Tensor g = inputs(c, {c.composition(x).shape()}, specials, dtype)[0];
  const Results want = composed_results(c, x, g);
  on_half_of_machines(turn, [&] {
    expect_same(results(c.op, x, g), want);
    EXPECT_TRUE(same_bits(c.op(swapped), want.y)) << "transposed";
  });
  expect_same(results(c.op, x, g, true), want);
}

int64_t elements(const Shapes& shapes) {
  int64_t n = 0;
  for (const Shape& s : shapes) n += s.elements();
  return n;
}

TEST(Fused, EqualsItsComposition) {
  for (const OpCase& c : op_cases()) {
    size_t turn = 0;  // so that ordinary and special numbers change halves from size to size
    for (const Shapes& shapes : c.composed_sizes) {
      ++turn;
      for (const DType dtype : {DType::float32, DType::float64}) {
        if (dtype == DType::float64 && elements(shapes) > 2000) continue;
        for (const bool specials : {false, true}) {
          SCOPED_TRACE(c.name + " " + shapes[0].to_string() + ", " + std::to_string(shapes.size()) + " inputs" +
                       (specials ? ", specials" : "") + (dtype == DType::float64 ? ", float64" : ""));
          check(c, shapes, specials, dtype, turn + specials);
        }
      }
    }
  }
}

TEST(Fused, SoftmaxDividesAsDivisionDoes) {
  // Exponentials down to subnormal ones, over sums of all lengths of significand: many quotients lie near a tie.
  for (int64_t n = 2; n < 700; n += n < 40 ? 1 : 37) {
    Stream stream(Rng(3) / std::to_string(n));
    const Tensor x = normal(stream, {400, n}) * uniform(stream, {400, 1}, 0, 30);
    const Tensor want = composed::softmax(x, 1);
    for (const std::string& name : available_isas()) {
      set_isa(name);
      EXPECT_TRUE(same_bits(softmax(x), want)) << n << " on " << name;
    }
  }
  set_isa(available_isas().front());
}

TEST(Fused, CrossEntropyNamesATargetThatIsNoClass) {
  EXPECT_THROW(cross_entropy_rows(zeros({2, 3}), Tensor::from<int64_t>({0, 3})), DataError);
  EXPECT_THROW(cross_entropy_rows(zeros({2, 3}), Tensor::from<int64_t>({-1, 0})), DataError);
}

TEST(Fused, TheGradientOfReluTakesAStretchedUpstream) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Shape& shape : {Shape{0}, Shape{1}, Shape{33}, Shape{5, 1025}, Shape{70001}}) {
      SCOPED_TRACE(shape.to_string());
      const Tensor x = awkward(shape, 1).to(dtype), g = broadcast_to(ones({}, dtype), shape);
      const Tensor want = where(x > 0, ones(shape, dtype), zeros({}, dtype));
      on_all_machines([&] {
        EXPECT_TRUE(same_bits(results([](const Tensors& t) { return relu(t[0]); }, {x}, g).gradients[0], want));
      });
    }
  }
}

TEST(Fused, GradientsAreNotWrittenOverWhatOthersHold) {
  const Tensor x = watch(Tensor::from<float>({1, -2, 3}));
  // Two uses of one gradient: each relu's pullback gets the add's own.
  const Tensor a = relu(x), b = relu(-x);
  EXPECT_EQ(backward(sum((a + b) * Tensor::from<float>({1, 2, 4})))[x].to_vector<float>(),
            (std::vector<float>{1, -2, 4}));
  // A gradient that the program goes on holding.
  const Tensor y = watch(Tensor::from<float>({1, -2, 3})), kept = watch(relu(y));
  const Gradients g = backward(sum(kept * kept));
  EXPECT_EQ(g[kept].to_vector<float>(), (std::vector<float>{2, 0, 6}));
  Gradients sum_of_two = g;
  sum_of_two += g;
  EXPECT_EQ(g[kept].to_vector<float>(), (std::vector<float>{2, 0, 6}));
  EXPECT_EQ(sum_of_two[kept].to_vector<float>(), (std::vector<float>{4, 0, 12}));
}

}  // namespace
}  // namespace stet
