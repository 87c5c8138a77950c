// An op together with its gradients, to be compared on two devices.
#pragma once

#include "cuda/compare.h"
#include "gradient_check.h"
#include "stet/tensor/autograd.h"

namespace stet::testing {

/// The op's result, and its gradients for an upstream of no pattern.
inline Tensors with_gradients(const TensorFunction& op, const Tensors& inputs, bool graph) {
  Tensors watched;
  for (const Tensor& x : inputs) watched.push_back(is_floating(x.dtype()) ? watch(x) : x);
  const Tensor y = op(watched);
  if (!y.has_gradient()) return {y};
  const Tensor upstream = gradient_check::weights(y.shape()).to(y.dtype()).to(y.device());
  const Gradients gradients = backward(sum(y * upstream), {.graph = graph});
  Tensors results{y.detach()};
  for (const Tensor& x : watched) results.push_back(gradients[x].defined() ? gradients[x].detach() : Tensor());
  return results;
}

}  // namespace stet::testing
