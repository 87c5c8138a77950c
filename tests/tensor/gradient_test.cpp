// Every op's gradient against central differences in float64, and the gradients' own gradients.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gradient_check.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "tensor/gradient_cases.h"

namespace stet {
namespace {

using testing::gradient_cases;
using testing::GradientCase;
using testing::inputs_of;
using Inputs = const std::vector<Tensor>&;

TEST(Gradients, EveryOpAgreesWithCentralDifferences) {
  for (const GradientCase& c : gradient_cases()) {
    SCOPED_TRACE(c.name);
    EXPECT_TRUE(check_gradients(c.f, inputs_of(c)));
  }
}

TEST(Gradients, TheirOwnGradientsAgreeToo) {
  for (const GradientCase& c : gradient_cases()) {
    SCOPED_TRACE(c.name);
    // Squared, since a linear op's gradient is constant.
    const TensorFunction f = [&](Inputs x) { return square(c.f(x)); };
    EXPECT_TRUE(check_second_gradients(f, inputs_of(c), {.tolerance = 1e-6}));
  }
}

TEST(Gradients, AreTheSameBitsWhetherOrNotTheyAreRecorded) {
  for (const GradientCase& c : gradient_cases()) {
    SCOPED_TRACE(c.name);
    std::vector<std::vector<double>> got;
    for (bool graph : {false, true}) {
      std::vector<Tensor> watched;
      for (const Tensor& x : inputs_of(c)) watched.push_back(watch(x));
      const Gradients g = backward(gradient_check::project(c.f(watched)), {.graph = graph});
      std::vector<double> all;
      for (const Tensor& w : watched) {
        const auto values = g[w].to_vector<double>();
        all.insert(all.end(), values.begin(), values.end());
      }
      got.push_back(all);
    }
    EXPECT_EQ(got[0], got[1]);
  }
}

}  // namespace
}  // namespace stet
