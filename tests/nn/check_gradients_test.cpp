// The check that users have of their own gradients finds wrong ones.
#include "stet/nn/check_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "stet/nn/linear.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Tensor x = Tensor::from<double>({0.3, -1.2, 0.7, 2, 0.1, -0.4}, {2, 3});

// x^3, whose gradient is `factor` times what it should be, as a user might write it.
Tensor cube(const Tensor& in, double factor = 1, double second = 1) {
  const Tensor value = in.detach() * in.detach() * in.detach();
  return function("cube", {in}, value, [=](const Tensor& g) {
    // The gradient's value is right, and its own gradient `second` times what it should be.
    const Tensor slope = square(in), left = square(in.detach());
    return std::vector<Tensor>{g * factor * 3 * (left + (slope - left) * second)};
  });
}

TEST(CheckGradients, GivesTheLargestErrorOfRightOnes) {
  const double worst = nn::check_gradients([](auto& in) { return cube(in[0]); }, {x}, {.second = true});
  EXPECT_GT(worst, 0);
  EXPECT_LT(worst, 1e-6);
}

TEST(CheckGradients, NamesAWrongOne) {
  const auto wrong = [](auto& in) { return in[0] + cube(in[1], 1.001); };
  EXPECT_THAT(error_of([&] {
                nn::check_gradients(wrong, {x, x});
              }),
              AllOf(HasSubstr("check_gradients: input 1, element 0 of [2, 3] at 0.3"), HasSubstr("differences give")));
  nn::check_gradients(wrong, {x, x}, {.tolerance = 1e-2});
}

TEST(CheckGradients, NamesAWrongSecondOne) {
  const auto wrong = [](auto& in) { return cube(in[0], 1, 1.01); };
  nn::check_gradients(wrong, {x});
  EXPECT_THAT(error_of([&] { nn::check_gradients(wrong, {x}, {.second = true}); }),
              HasSubstr("the gradient's gradient, input 0"));
}

TEST(CheckGradients, SeesAGradientThatIsMissing) {
  const auto forgotten = [](auto& in) { return in[0] * in[1].detach(); };
  EXPECT_THAT(error_of([&] {
                nn::check_gradients(forgotten, {x, x});
              }),
              AllOf(HasSubstr("input 1"), HasSubstr("no gradient")));
  nn::check_gradients([](auto& in) { return sign(in[0]) * 2; }, {x}, {.second = true});
  nn::check_gradients([](auto& in) { return in[0] * 2; }, {x, x}, {.second = true});
}

TEST(CheckGradients, OfAModulePutsItsValuesBack) {
  nn::Linear layer(3, 2, Rng(1) / "layer", {.dtype = DType::float64});
  const auto before = layer.weight.value().to_vector<double>();
  EXPECT_LT(nn::check_gradients([&] { return tanh(layer(x)); }, layer, {.second = true}), 1e-5);
  EXPECT_EQ(layer.weight.value().to_vector<double>(), before);
  const auto wrong = [&] { return cube(layer(x), 2); };
  EXPECT_THAT(error_of([&] { nn::check_gradients(wrong, layer); }), HasSubstr("parameter weight, element 0 of [2, 3]"));
  EXPECT_EQ(layer.weight.value().to_vector<double>(), before);
  const auto wrong_second = [&] { return cube(layer(x), 1, 2); };
  EXPECT_THAT(error_of([&] { nn::check_gradients(wrong_second, layer, {.second = true}); }),
              HasSubstr("the gradient's gradient, parameter weight"));
}

TEST(CheckGradients, WantsFloat64) {
  EXPECT_THAT(error_of([] { nn::check_gradients([](auto& in) { return in[0]; }, {ones({2})}); }),
              HasSubstr("no input is float64"));
  nn::Linear layer(3, 2, Rng(1) / "layer");
  EXPECT_THAT(error_of([&] {
                nn::check_gradients([&] { return layer(ones({1, 3})); }, layer);
              }),
              HasSubstr("no float64 parameter"));
  const auto mixed = [](auto& in) { return in[0] * in[1].to(DType::float64); };
  EXPECT_LT(nn::check_gradients(mixed, {x, ones({2, 3})}), 1e-9) << "others are passed on";
}

}  // namespace
}  // namespace stet
