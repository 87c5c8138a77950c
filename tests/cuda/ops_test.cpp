// The tables of cases that the CPU's ops are held to: on the GPU they must have the CPU's bits.
#include <gtest/gtest.h>

#include <string>

#include "cuda/with_gradients.h"
#include "stet/tensor/error.h"
#include "tensor/gradient_cases.h"
#include "tensor/op_cases.h"

namespace stet {
namespace {

using testing::awkward;
using testing::binary_cases;
using testing::BinaryCase;
using testing::expect_same;
using testing::gapped_layout;
using testing::gradient_cases;
using testing::GradientCase;
using testing::in_orders;
using testing::Tensors;
using testing::transposed_layout;
using testing::unary_cases;
using testing::UnaryCase;
using testing::with_gradients;
using testing::with_shared_memory;

// The rest are large for an emulated GPU.
std::vector<Shape> small_shapes() {
  std::vector<Shape> small;
  for (const Shape& s : testing::shapes()) {
    if (s.elements() <= 4160) small.push_back(s);
  }
  return small;
}

TEST(Ops, UnaryOpsHaveTheCpusBits) {
  for (const Shape& shape : small_shapes()) {
    const Tensor x = awkward(shape, 1);
    for (const UnaryCase& c : unary_cases()) {
      SCOPED_TRACE(std::string(c.name) + " " + shape.to_string());
      const auto op = [&](const Tensors& t) {
        return Tensors{c.op(t[0]), c.op(transposed_layout(t[0])), c.op(gapped_layout(t[0]))};
      };
      expect_same({x}, op);
    }
  }
}

TEST(Ops, UnaryOpsHaveTheCpusBitsInEveryOrder) {
  for (const Shape& shape : {Shape{3, 2, 33}, Shape{5, 63, 4}, Shape{2, 1, 1025}}) {
    const Tensor x = awkward(shape, 2, false);
    for (const UnaryCase& c : unary_cases()) {
      SCOPED_TRACE(std::string(c.name) + " " + shape.to_string());
      const TensorFunction op = [&](const Tensors& t) { return c.op(t[0]); };
      in_orders([&] { expect_same({x}, [&](const Tensors& t) { return with_gradients(op, t, false); }); });
    }
  }
}

TEST(Ops, BinaryOpsHaveTheCpusBits) {
  const std::pair<Shape, Shape> pairs[] = {
      {{3, 5, 33}, {3, 5, 33}}, {{3, 5, 33}, {33}}, {{3, 5, 33}, {5, 1}}, {{1}, {2, 65}},     {{}, {40}},
      {{4, 1, 7}, {5, 1}},      {{0, 3}, {3}},      {{2011}, {2011}},     {{30, 70}, {30, 1}}};
  for (const auto& [left, right] : pairs) {
    const Tensor a = awkward(left, 3), b = awkward(right, 4);
    for (const BinaryCase& c : binary_cases()) {
      SCOPED_TRACE(std::string(c.name) + " " + left.to_string() + " " + right.to_string());
      const TensorFunction op = [&](const Tensors& t) { return c.op(t[0], t[1]); };
      expect_same({a, b}, [&, empty = left.elements() == 0](const Tensors& t) {
        const Tensor y = op(t);
        return empty ? Tensors{y} : with_gradients(op, t, false);
      });
    }
  }
}

// Runs `f` and says whether there was a kernel for it.
bool has_kernel(const std::function<void()>& f) {
  try {
    f();
    return true;
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("there is no kernel for device"), std::string::npos) << e.what();
    return false;
  }
}

TEST(Ops, EveryOpAndItsGradientsHaveTheCpusBits) {
  for (const GradientCase& c : gradient_cases()) {
    SCOPED_TRACE(c.name);
    Tensors inputs;
    for (const Tensor& x : inputs_of(c)) inputs.push_back(x.to(DType::float32));
    for (bool graph : {false, true}) {
      expect_same(inputs, [&](const Tensors& t) { return with_gradients(c.f, t, graph); });
    }
  }
}

// The least that a GPU has for a block, which compute capability 7.5 has.
TEST(Ops, EveryOpFitsTheSmallestGpu) {
  with_shared_memory(64 * 1024, [] {
    for (const GradientCase& c : gradient_cases()) {
      SCOPED_TRACE(c.name);
      Tensors inputs;
      for (const Tensor& x : inputs_of(c)) inputs.push_back(x.to(DType::float32));
      expect_same(inputs, [&](const Tensors& t) { return with_gradients(c.f, t, false); });
    }
    for (const DType dtype : {DType::float32, DType::float64, DType::int64}) {
      expect_same({awkward({3, 50, 5}, 1, false).to(dtype)}, [](const Tensors& t) { return Tensors{sum(t[0], {1})}; });
    }
  });
}

TEST(Ops, SecondGradientsHaveTheCpusBits) {
  for (const GradientCase& c : gradient_cases()) {
    SCOPED_TRACE(c.name);
    Tensors inputs;
    for (const Tensor& x : inputs_of(c)) inputs.push_back(x.to(DType::float32));
    const auto all_at_once = [&](const Tensors& at) {
      const Tensor y = c.f(at);
      const Gradients first =
          backward(sum(square(y) * gradient_check::weights(y.shape()).to(y.dtype()).to(y.device())), {.graph = true});
      Tensor total;
      for (const Tensor& x : at) {
        const Tensor part = sum(square(first[x]));
        total = total.defined() ? total + part : part;
      }
      return total;
    };
    expect_same(inputs, [&](const Tensors& t) { return with_gradients(all_at_once, t, false); });
  }
}

TEST(Ops, Float64HasTheCpusBitsWhereItHasKernels) {
  std::vector<std::string> without;
  for (const UnaryCase& c : unary_cases()) {
    SCOPED_TRACE(c.name);
    for (const Shape& shape : {Shape{3, 2, 33}, Shape{2, 1, 1025}}) {
      const Tensor x = awkward(shape, 1).to(DType::float64) * 1.1;
      const TensorFunction op = [&](const Tensors& t) { return c.op(t[0]); };
      if (!has_kernel([&] { expect_same({x}, [&](const Tensors& t) { return with_gradients(op, t, false); }); })) {
        if (without.empty() || without.back() != c.name) without.push_back(c.name);
      }
    }
  }
  const std::vector<std::string> elementary = {"exp",       "expm1", "log",      "log1p",   "tanh",       "sigmoid",
                                               "erf",       "sin",   "cos",      "sinpi",   "cospi",      "gelu_erf",
                                               "gelu_tanh", "silu",  "softplus", "softmax", "log_softmax"};
  EXPECT_EQ(without, elementary);
}

}  // namespace
}  // namespace stet
