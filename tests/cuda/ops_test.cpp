// The table of ops on the GPU: what the CPU's kernels are held to, and the CPU's bits.
#include <gtest/gtest.h>

#include <string>

#include "cuda/with_gradients.h"
#include "ops/drive.h"
#include "stet/tensor/error.h"

namespace stet {
namespace {

using testing::awkward;
using testing::awkward_inputs;
using testing::device;
using testing::expect_same;
using testing::in_orders;
using testing::layouts;
using testing::op_cases;
using testing::OpCase;
using testing::Shapes;
using testing::smooth_inputs;
using testing::Tensors;
using testing::with_gradients;
using testing::with_shared_memory;

// More is much for an emulated GPU.
bool is_small(const Shapes& shapes) {
  for (const Shape& s : shapes) {
    if (s.elements() > 4160) return false;
  }
  return true;
}

bool is_of_one_tensor(const OpCase& c) { return c.reference && c.sizes[0].size() == 1; }

TEST(Ops, HaveTheCpusBits) {
  for (const OpCase& c : op_cases()) {
    for (const Shapes& shapes : c.sizes) {
      if (!is_small(shapes)) continue;
      const Tensors inputs = awkward_inputs(shapes);
      SCOPED_TRACE(c.name + " " + shapes[0].to_string() + " " + shapes.back().to_string());
      expect_same(inputs, [&](const Tensors& x) {
        Tensors all;
        for (const Tensors& layout : layouts(x)) all.push_back(c.op(layout));
        if (x.size() == 1 || x[0].elements() == 0) return all;
        for (const Tensor& t : with_gradients(c.op, x, false)) all.push_back(t);
        return all;
      });
    }
  }
}

TEST(Ops, HaveTheCpusBitsInEveryOrder) {
  for (const Shape& shape : {Shape{3, 2, 33}, Shape{5, 63, 4}, Shape{2, 1, 1025}}) {
    const Tensor x = awkward(shape, 2, false);
    for (const OpCase& c : op_cases()) {
      if (!is_of_one_tensor(c)) continue;
      SCOPED_TRACE(c.name + " " + shape.to_string());
      in_orders([&] { expect_same({x}, [&](const Tensors& t) { return with_gradients(c.op, t, false); }); });
    }
  }
}

// Calls `check` with each row that has a gradient, and inputs at which it is smooth.
void for_each_smooth_row(DType dtype, const std::function<void(const OpCase&, const Tensors&)>& check) {
  for (const OpCase& c : op_cases()) {
    if (c.smooth_shapes.empty()) continue;
    SCOPED_TRACE(c.name);
    Tensors inputs;
    for (const Tensor& x : smooth_inputs(c)) inputs.push_back(x.to(dtype));
    check(c, inputs);
  }
}

TEST(Ops, EveryOpAndItsGradientsHaveTheCpusBits) {
  for_each_smooth_row(DType::float32, [](const OpCase& c, const Tensors& inputs) {
    for (bool graph : {false, true}) {
      expect_same(inputs, [&](const Tensors& t) { return with_gradients(c.op, t, graph); });
    }
  });
}

TEST(Ops, DrawsHaveTheCpusBits) {
  for (const OpCase& c : op_cases()) {
    if (!c.draw) continue;
    SCOPED_TRACE(c.name);
    expect_same({zeros({})}, [&](const Tensors& t) {
      Stream stream(Rng(1, c.name));
      return Tensors{c.draw(stream, t[0].device()), c.draw(stream, t[0].device())};
    });
  }
}

TEST(Ops, OfNothingAndOfOneHaveTheCpusBits) {
  for (const OpCase& c : op_cases()) {
    for (const Shapes& shapes : c.edges) {
      SCOPED_TRACE(c.name + " " + shapes[0].to_string() + " " + shapes.back().to_string());
      for (DType dtype : {DType::float32, DType::float64}) {
        if (dtype == DType::float64 && !c.has_float64_on_gpu) continue;
        Tensors inputs;
        for (const Tensor& x : awkward_inputs(shapes, false)) inputs.push_back((x * 0.1).to(dtype));
        expect_same(inputs, [&](const Tensors& t) { return with_gradients(c.op, t, false); });
      }
    }
  }
}

// The least that a GPU has for a block, which compute capability 7.5 has.
TEST(Ops, EveryOpFitsTheSmallestGpu) {
  with_shared_memory(64 * 1024, [] {
    for_each_smooth_row(DType::float32, [](const OpCase& c, const Tensors& inputs) {
      expect_same(inputs, [&](const Tensors& t) { return with_gradients(c.op, t, false); });
    });
    for (const DType dtype : {DType::float32, DType::float64, DType::int64}) {
      expect_same({awkward({3, 50, 5}, 1, false).to(dtype)}, [](const Tensors& t) { return Tensors{sum(t[0], {1})}; });
    }
  });
}

TEST(Ops, SecondGradientsHaveTheCpusBits) {
  for_each_smooth_row(DType::float32, [](const OpCase& c, const Tensors& inputs) {
    const auto all_at_once = [&](const Tensors& at) {
      const Tensor y = c.op(at);
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
  });
}

// Whether `f` had a kernel.
bool has_kernel(const std::function<void()>& f) {
  try {
    f();
    return true;
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("there is no kernel for device"), std::string::npos) << e.what();
    return false;
  }
}

TEST(Ops, Float64HasTheCpusBitsAndAKernelWhereItsRowSaysSo) {
  const auto check = [](const OpCase& c, const Tensors& inputs) {
    EXPECT_EQ(
        has_kernel([&] { expect_same(inputs, [&](const Tensors& t) { return with_gradients(c.op, t, false); }); }),
        c.has_float64_on_gpu);
  };
  for_each_smooth_row(DType::float64, check);
  for (const OpCase& c : op_cases()) {
    if (!is_of_one_tensor(c)) continue;
    SCOPED_TRACE(c.name);
    for (const Shape& shape : {Shape{3, 2, 33}, Shape{2, 1, 1025}})
      check(c, {awkward(shape, 1).to(DType::float64) * 1.1});
  }
}

}  // namespace
}  // namespace stet
