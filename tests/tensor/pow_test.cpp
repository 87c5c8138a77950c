// Gradients of powers where a base or an exponent is 0, and of those gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// The n-th derivative of f at x.
float derivative(const std::function<Tensor(const Tensor&)>& f, float x, int n = 1) {
  const Tensor w = watch(Tensor::from<float>({x}));
  Tensor y = f(w);
  for (int k = 0; k < n; ++k) y = backward(sum(y), {.graph = true})[w];
  return y.item<float>();
}

std::function<Tensor(const Tensor&)> to_the(double y) {
  return [y](const Tensor& x) { return pow(x, y); };
}
std::function<Tensor(const Tensor&)> to_the(int n) {
  return [n](const Tensor& x) { return pow(x, n); };
}
std::function<Tensor(const Tensor&)> of(float x) {
  return [x](const Tensor& y) { return pow(full({1}, x), y); };
}

TEST(PowGradients, ByABaseOfZeroAreThoseOfTheMonomial) {
  EXPECT_EQ(derivative(to_the(0.0), 0), 0);
  EXPECT_EQ(derivative(to_the(0.0), 0, 2), 0);
  EXPECT_EQ(derivative(to_the(0.5), 0), kInf);
  EXPECT_EQ(derivative(to_the(0.5), 0, 2), -kInf);
  EXPECT_EQ(derivative(to_the(1.5), 0), 0);
  EXPECT_EQ(derivative(to_the(1.5), 0, 2), kInf);
  EXPECT_EQ(derivative(to_the(-1.0), 0), -kInf);
  for (int n = 1; n <= 4; ++n) {
    float factorial = 1;
    for (int k = 1; k <= 6; ++k) {
      factorial *= static_cast<float>(n - k + 1);
      EXPECT_EQ(derivative(to_the(static_cast<double>(n)), 0, k), k == n ? factorial : 0) << n << " " << k;
      EXPECT_EQ(derivative(to_the(static_cast<double>(n)), -0.0f, k), k == n ? factorial : 0) << n << " " << k;
    }
  }
}

TEST(PowGradients, ElsewhereAreNotTouched) {
  EXPECT_EQ(derivative(to_the(0.0), 3), 0);
  EXPECT_EQ(derivative(to_the(0.0), 3, 2), 0);
  EXPECT_EQ(derivative(to_the(2.0), 3, 2), 2);
  EXPECT_FLOAT_EQ(derivative(of(2), 0), std::log(2.0f));
  // Of x^y by y, then by x, at y = 0: 1 / x.
  const Tensor x = watch(Tensor::from<float>({4})), y = watch(Tensor::from<float>({0}));
  const Tensor by_y = backward(sum(pow(x, y)), {.graph = true})[y];
  EXPECT_FLOAT_EQ(backward(sum(by_y))[x].item<float>(), 0.25f);
}

TEST(PowGradients, ByAnExponentOfZeroToAPower) {
  for (float y : {0.0f, -0.0f, 0.5f, 1.0f, 2.0f, 3.5f}) {
    for (int n = 1; n <= 3; ++n) EXPECT_EQ(derivative(of(0), y, n), 0) << y << " " << n;
  }
  EXPECT_EQ(derivative(of(0), -1), -kInf);
  EXPECT_EQ(derivative(of(0), -0.5f), -kInf);
  EXPECT_EQ(derivative(of(0), -1, 2), kInf);
  // Both watched: neither's gradient spoils the other's.
  const Tensor x = watch(zeros({1})), y = watch(full({1}, 3));
  const Gradients g = backward(sum(pow(x, y)), {.graph = true});
  EXPECT_EQ(g[x].item<float>(), 0);
  EXPECT_EQ(g[y].item<float>(), 0);
  const Gradients second = backward(sum(g[x] + g[y]));
  EXPECT_EQ(second[x].item<float>(), 0);
  EXPECT_EQ(second[y].item<float>(), 0);
}

TEST(PowGradients, OfIntegerPowersAtZero) {
  EXPECT_EQ(derivative(to_the(-1), 0), -kInf);
  EXPECT_EQ(derivative(to_the(-2), 0), -kInf);
  EXPECT_EQ(derivative(to_the(-2), 0, 2), kInf);
  EXPECT_EQ(derivative(to_the(-2), -0.5f), 16);
  EXPECT_EQ(derivative(to_the(-1), 2, 2), 0.25f);
  EXPECT_EQ(derivative(to_the(3), 0, 3), 6);
  EXPECT_EQ(pow(full({1}, 1), std::numeric_limits<int>::min()).item<float>(), 1);
  EXPECT_EQ(pow(full({1}, 2), std::numeric_limits<int>::min()).item<float>(), 0);
  EXPECT_THROW(pow(Tensor::from(std::vector<bool>{true}, {1}), 2), UsageError);
}

}  // namespace
}  // namespace stet
