// Checks a function's or a layer's gradients by central differences, in float64.
#pragma once

#include <functional>
#include <vector>

#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"

namespace stet::nn {

struct GradientCheck {
  double step = 1e-5;
  double tolerance = 1e-6;  ///< of a derivative, relative to max(1, |derivative|)
  bool second = false;      ///< the gradient's own gradient too, to ten times the tolerance
};

/// A function of tensors, whose result may have any shape. It must give the same for the same, so it draws nothing.
using TensorFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// Compares backward's gradients of f with central differences, for every element of every float64 input; others are
/// passed on as they are. f's result is multiplied by fixed weights and summed first; an input that backward doesn't
/// reach must have derivatives of 0. Calls f twice an element, so give small inputs, away from kinks:
///   nn::check_gradients([](auto& x) { return my_op(x[0], x[1]); }, {x, weight}, {.second = true});
/// Returns the largest error. Throws UsageError naming the input, the element and both derivatives where it is above
/// the tolerance, and where no input is float64.
double check_gradients(const TensorFunction& f, const std::vector<Tensor>& inputs, const GradientCheck& check = {});

/// The same for the float64 parameters of a module that f uses, whose values are put back:
///   MyLayer layer(3, 4, rng, {.dtype = DType::float64});
///   nn::check_gradients([&] { return layer(x); }, layer);
double check_gradients(const std::function<Tensor()>& f, Stateful& module, const GradientCheck& check = {});

/// f's gradients for all float64 inputs, taken with {.graph = true}, times fixed weights and summed: check_gradients of
/// it alone checks second gradients, of gradient_of(gradient_of(f)) third ones.
TensorFunction gradient_of(TensorFunction f);

}  // namespace stet::nn
