// nn::check_gradients, by which every gradient goes, as assertions.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "stet/nn/check_gradients.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/stateful.h"

namespace stet {

using TensorFunction = nn::TensorFunction;

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

template <class Check>::testing::AssertionResult holds(const Check& check) {
  try {
    check();
  } catch (const UsageError& error) { return ::testing::AssertionFailure() << error.what(); }
  return ::testing::AssertionSuccess();
}

}  // namespace gradient_check

/// Compares backward's gradients of f with central differences, for every element of every float64 input. f is called
/// many times, and must give the same for the same.
inline ::testing::AssertionResult check_gradients(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                                  GradientCheck check = {}) {
  return gradient_check::holds([&] { nn::check_gradients(f, inputs, {check.step, check.tolerance}); });
}

/// The same for the float64 parameters of a module that f uses.
inline ::testing::AssertionResult check_parameter_gradients(const std::function<Tensor()>& f, Stateful& module,
                                                            GradientCheck check = {}) {
  return gradient_check::holds([&] { nn::check_gradients(f, module, {check.step, check.tolerance}); });
}

/// Gradients of gradients: checks the derivatives of f's gradient, taken with {.graph = true}.
inline ::testing::AssertionResult check_second_gradients(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                                         GradientCheck check = {}) {
  return check_gradients(nn::gradient_of(f), inputs, check);
}

}  // namespace stet
