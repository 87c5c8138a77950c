// Gradients, bit for bit, against the formulas that docs/numerics.md gives for them, one element after another.
#include <gtest/gtest.h>

#include <string>

#include "ops/drive.h"
#include "stet/tensor/autograd.h"
#include "tensor/bits.h"
#include "tensor/machines.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::Arrays;
using testing::awkward;
using testing::awkward_inputs;
using testing::on_all_machines;
using testing::op_cases;
using testing::OpCase;
using testing::Shapes;
using testing::Tensors;

// Inputs, an upstream gradient, and the gradients that they make.
struct Given {
  Tensors x;
  Tensor g;
  Arrays want;
};

std::vector<Given> given(const OpCase& c) {
  std::vector<Given> all;
  for (const Shapes& shapes : c.gradient_sizes) {
    for (bool specials : {false, true}) {
      const Tensors x = awkward_inputs(shapes, specials);
      const Tensor g = awkward(c.op(x).shape(), 9, specials);
      Arrays arrays;
      for (const Tensor& t : x) arrays.push_back(reference::array<float>(t));
      all.push_back({x, g, c.gradient_reference(reference::array<float>(g), arrays)});
    }
  }
  return all;
}

TEST(GradientReference, OfEveryRowThatHasOne) {
  for (const OpCase& c : op_cases()) {
    if (!c.gradient_reference) continue;
    const std::vector<Given> all = given(c);
    on_all_machines([&] {
      for (const auto& [x, g, want] : all) {
        SCOPED_TRACE(c.name + " " + x[0].shape().to_string());
        Tensors watched;
        for (const Tensor& t : x) watched.push_back(watch(t));
        const Gradients got = backward(sum(c.op(watched) * g));
        for (size_t i = 0; i < x.size(); ++i) {
          EXPECT_TRUE(all_same_bits(got[watched[i]].to_vector<float>(), want[i].values)) << "input " << i;
        }
      }
    });
  }
}

// A stretched operand's gradient is summed over all stretched axes in one reduction.
TEST(GradientReference, SumsOverWhatWasStretched) {
  const Shape whole{3, 70, 33};
  const Tensor g = awkward(whole, 3, false), x = awkward(whole, 4, false);
  const auto products = reference::zip<float>(reference::array<float>(g), reference::array<float>(x),
                                              [](float a, float b) { return a * b; });
  const std::pair<Shape, std::vector<int>> cases[] = {
      {{33}, {0, 1}}, {{70, 1}, {0, 2}}, {{3, 1, 33}, {1}}, {{1, 1, 1}, {0, 1, 2}}, {{70, 33}, {0}}};
  for (const auto& [shape, axes] : cases) {
    SCOPED_TRACE(shape.to_string());
    const auto want = reference::sum(products, axes).values;
    const Tensor y = awkward(shape, 5, false);
    on_all_machines([&] {
      const Tensor watched = watch(y);
      EXPECT_TRUE(all_same_bits(backward(sum((x * watched) * g))[watched].to_vector<float>(), want));
    });
  }
}

}  // namespace
}  // namespace stet
