// The one central-difference check that every gradient goes through.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/stateful.h"

namespace stet {

/// A function of tensors; its result may have any shape.
using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

struct GradientCheck {
  double step = 1e-5;
  double tolerance = 1e-7;  ///< of a derivative, relative to max(1, |derivative|)
};

namespace gradient_check {

/// Fixed weights of no pattern, so that a gradient that lands on the wrong element shows.
inline Tensor weights(const Shape& shape) {
  std::vector<double> w(static_cast<size_t>(shape.elements()));
  uint32_t bits = 12345;
  for (double& x : w) {
    bits = bits * 1664525 + 1013904223;
    x = static_cast<double>(bits >> 8) * 0x1p-23 - 1;
  }
  return Tensor::from(w, shape);
}

inline Tensor project(const Tensor& y) { return sum(y * weights(y.shape())); }

/// `value(x)` is a scalar for x in the place of `at`; `gradient` is backward's.
inline ::testing::AssertionResult compare(const char* what, size_t index, const Tensor& at, const Tensor& gradient,
                                          const std::function<double(const Tensor&)>& value,
                                          const GradientCheck& check) {
  if (!gradient.defined()) return ::testing::AssertionFailure() << what << " " << index << " got no gradient";
  if (gradient.shape() != at.shape()) {
    return ::testing::AssertionFailure() << what << " " << index << " has shape " << at.shape().to_string()
                                         << ", its gradient " << gradient.shape().to_string();
  }
  const std::vector<double> x = at.to_vector<double>(), g = gradient.to_vector<double>();
  for (size_t i = 0; i < x.size(); ++i) {
    const auto moved = [&](double by) {
      std::vector<double> copy = x;
      copy[i] += by;
      return value(Tensor::from(copy, at.shape()));
    };
    const double slope = (moved(check.step) - moved(-check.step)) / (2 * check.step);
    if (!(std::abs(slope - g[i]) <= check.tolerance * std::max(1.0, std::abs(slope)))) {
      return ::testing::AssertionFailure()
             << what << " " << index << ", element " << i << " of " << at.shape().to_string() << " at " << x[i]
             << ": backward gives " << g[i] << ", differences give " << slope;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace gradient_check

/// Compares backward's gradients of f with central differences, for every element of every float64 input. f is called
/// many times, and must give the same for the same.
inline ::testing::AssertionResult check_gradients(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                                  GradientCheck check = {}) {
  std::vector<Tensor> watched;
  for (const Tensor& x : inputs) watched.push_back(x.dtype() == DType::float64 ? watch(x) : x);
  const Gradients gradients = backward(gradient_check::project(f(watched)));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype() != DType::float64) continue;
    const auto value = [&](const Tensor& x) {
      std::vector<Tensor> changed = inputs;
      changed[i] = x;
      return gradient_check::project(f(changed)).item<double>();
    };
    auto result = gradient_check::compare("input", i, inputs[i], gradients[watched[i]], value, check);
    if (!result) return result;
  }
  return ::testing::AssertionSuccess();
}

/// The same for the float64 parameters of a module that f uses.
inline ::testing::AssertionResult check_parameter_gradients(const std::function<Tensor()>& f, Stateful& module,
                                                            GradientCheck check = {}) {
  const Gradients gradients = backward(gradient_check::project(f()));
  size_t index = 0;
  for (const NamedParameter& p : parameters(module)) {
    Tensor gradient;
    for (const auto& entry : gradients.entries()) {
      if (entry.cell == p.cell) gradient = entry.value;
    }
    const Tensor at = p.cell->value;
    const auto value = [&](const Tensor& x) {
      p.cell->value = x;
      return gradient_check::project(f()).item<double>();
    };
    auto result = gradient_check::compare("parameter", index++, at, gradient, value, check);
    p.cell->value = at;
    if (!result) return result;
  }
  return ::testing::AssertionSuccess();
}

/// Gradients of gradients: checks the derivatives of f's gradient, taken with {.graph = true}.
inline ::testing::AssertionResult check_second_gradients(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                                         GradientCheck check = {}) {
  const TensorFunction gradient = [&f](const std::vector<Tensor>& at) {
    std::vector<Tensor> watched;
    for (const Tensor& x : at) watched.push_back(x.has_gradient() || x.dtype() != DType::float64 ? x : watch(x));
    const Gradients g = backward(gradient_check::project(f(watched)), {.graph = true});
    Tensor total;
    for (const Tensor& x : watched) {
      if (x.dtype() != DType::float64) continue;
      const Tensor part = gradient_check::project(g[x]);
      total = total.defined() ? total + part : part;
    }
    return total;
  };
  return check_gradients(gradient, inputs, check);
}

}  // namespace stet
