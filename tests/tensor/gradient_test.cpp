// Every op's gradient against central differences in float64, and the gradients' own gradients.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gradient_check.h"
#include "ops/case.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::op_cases;
using testing::OpCase;
using testing::smooth_inputs;
using testing::Tensors;

// Calls check with each row that has a gradient, and inputs at which it is smooth.
void for_each_row(const std::function<void(const OpCase&, const Tensors&)>& check) {
  for (const OpCase& c : op_cases()) {
    if (c.smooth_shapes.empty()) continue;
    SCOPED_TRACE(c.name);
    check(c, smooth_inputs(c));
  }
}

TEST(Gradients, AgreeWithCentralDifferences) {
  for_each_row([](const OpCase& c, const Tensors& x) { EXPECT_TRUE(check_gradients(c.op, x)); });
}

TEST(Gradients, TheirOwnGradientsAgreeToo) {
  for_each_row([](const OpCase& c, const Tensors& x) {
    // Squared, since a linear op's gradient is constant.
    const TensorFunction f = [&](const Tensors& t) { return square(c.op(t)); };
    EXPECT_TRUE(check_second_gradients(f, x, {.tolerance = 1e-6}));
  });
}

TEST(Gradients, AreTheSameBitsWhetherOrNotTheyAreRecorded) {
  for_each_row([](const OpCase& c, const Tensors& x) {
    std::vector<std::vector<double>> got;
    for (bool graph : {false, true}) {
      Tensors watched;
      for (const Tensor& t : x) watched.push_back(watch(t));
      const Gradients g = backward(gradient_check::project(c.op(watched)), {.graph = graph});
      std::vector<double> all;
      for (const Tensor& w : watched) {
        const auto values = g[w].to_vector<double>();
        all.insert(all.end(), values.begin(), values.end());
      }
      got.push_back(all);
    }
    EXPECT_EQ(got[0], got[1]);
  });
}

}  // namespace
}  // namespace stet
