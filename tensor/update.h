// What optimizers do to a parameter in one step: each a single pass, defined here to the bit.
#pragma once

#include <span>

#include "stet/tensor/tensor.h"

namespace stet {

// Every operation below rounds once to the parameter's dtype; there is no fused multiply-add. The scalars are binary64
// and are rounded once. A term whose factor is 0 (weight decay, decay) is left out. flush(x) is +0 where |x| is below
// the dtype's smallest normal number (2^-126 for float32), else x: the state of a parameter that gets no more gradients
// would else stay subnormal.

/// One step of stochastic gradient descent for a gradient g:
///   d = g + weight_decay * p
///   b = flush(momentum * b + take * d)            only with a momentum buffer
///   u = nesterov ? d + momentum * b : b           d without one
///   p = p - rate * u
struct SgdStep {
  double rate = 0, momentum = 0, take = 1, weight_decay = 0;
  bool nesterov = false;
};

/// One step of Adam for a gradient g, where rate is the learning rate / (1 - beta1^t), scale is 1 / sqrt(1 - beta2^t),
/// and decay, of AdamW, is the learning rate * weight decay. Written b1 = beta1, c1 = 1 - beta1 in binary64 before it
/// is rounded, and so for 2:
///   d = g + weight_decay * p
///   m = flush(b1 * m + c1 * d)
///   v = flush(b2 * v + (c2 * d) * d)
///   p = p - (decay * p + (rate * m) / (sqrt(v) * scale + epsilon))
struct AdamStep {
  double rate = 0, beta1 = 0, beta2 = 0, scale = 1, epsilon = 0, weight_decay = 0, decay = 0;
};

/// A parameter's part of an optimizer's step: its gradient, and the values that are replaced by those after the step.
struct SgdUpdate {
  SgdStep step;
  const Tensor& gradient;
  Tensor& parameter;
  Tensor& momentum;  ///< may be undefined
};
struct AdamUpdate {
  AdamStep step;
  const Tensor& gradient;
  Tensor &parameter, &mean, &square;
};

/// Updates all of them together. The values' memory is used again where no other tensor holds it. Throws UsageError if
/// shapes, dtypes or devices of one differ; nothing has changed then.
void update(std::span<const SgdUpdate> updates);
void update(std::span<const AdamUpdate> updates);

/// Scales gradients so that their common norm is at most max_norm; returns the norm from before, a scalar. It is the
/// square root of the chain from +0 of each gradient's sum(square(g)), in their order and the first's dtype; each
/// gradient is multiplied by minimum(max_norm / (norm + 1e-6), 1). A gradient's memory is used again where no other
/// tensor holds it. Takes at least one.
Tensor clip_norm(std::span<Tensor* const> gradients, double max_norm);

}  // namespace stet
