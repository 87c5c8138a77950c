// Golden cases of modules and ops with their parameters: transformer.h5, as its script describes it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "golden.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"

namespace stet::testing {

using Named = std::map<std::string, Tensor>;

class GoldenCase {
 public:
  explicit GoldenCase(std::string name) : name_(std::move(name)) {}

  Tensor operator()(const std::string& part) const {
    static const Golden file("transformer.h5");
    return file(name_ + "/" + part);
  }
  /// A mask (as true and false) or lengths.
  Tensor mask(const std::string& part) const { return (*this)(part) != 0; }
  Tensor lengths() const { return (*this)("lengths").to(DType::int64); }

  /// Within 1e-12 of the largest: float64 on both sides, where only the order of sums differs.
  void expect(const Tensor& got, const std::string& part) const {
    const Tensor want = (*this)(part);
    ASSERT_TRUE(got.defined()) << name_ << " " << part;
    ASSERT_EQ(got.shape(), want.shape()) << name_ << " " << part;
    const auto a = got.to_vector<double>(), b = want.to_vector<double>();
    double largest = 0;
    for (const double x : b) largest = std::max(largest, std::abs(x));
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12 * largest) << name_ << " " << part << " " << i;
  }

  using Parameters = std::map<std::string, Parameter*>;
  void set(const Parameters& parameters) const {
    for (const auto& [part, parameter] : parameters) parameter->set((*this)(part));
  }

  /// Holds the results, and the gradients of inputs and parameters, to the file's; second gradients where it has them.
  void expect_all(const Named& results, const Named& inputs, const Parameters& parameters = {}, bool second = false) {
    Tensor loss;
    for (const auto& [part, value] : results) {
      expect(value.detach(), part);
      const Tensor weighted = sum(value * (*this)("weight_" + part));
      loss = loss.defined() ? loss + weighted : weighted;
    }
    const Gradients g = backward(loss, {.graph = second});
    Tensor total;
    const auto each = [&](const std::string& part, const Tensor& gradient) {
      expect(gradient.defined() ? gradient.detach() : gradient, "gradient_" + part);
      if (!second) return;
      const Tensor weighted = sum(gradient * (*this)("gradient_weight_" + part));
      total = total.defined() ? total + weighted : weighted;
    };
    for (const auto& [part, x] : inputs) each(part, g[x]);
    for (const auto& [part, p] : parameters) each(part, g[*p]);
    if (!second) return;
    const Gradients h = backward(total);
    for (const auto& [part, x] : inputs) expect(h[x], "second_" + part);
    for (const auto& [part, p] : parameters) expect(h[*p], "second_" + part);
  }

 private:
  std::string name_;
};

}  // namespace stet::testing
