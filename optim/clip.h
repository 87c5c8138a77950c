// Clipping of gradients.
#pragma once

#include "stet/tensor/autograd.h"
#include "stet/tensor/stateful.h"

namespace stet::optim {

/// Scales the gradients of net's parameters so that their common norm is at most max_norm, and returns the norm from
/// before, a scalar (Pascanu et al., 2013, arXiv 1211.5063). The norm is the square root of the chain, in walk order
/// from +0, of each gradient's sum(square(g)); all are multiplied by minimum(max_norm / (norm + 1e-6), 1). Throws
/// UsageError unless max_norm is positive, or if there is no gradient.
Tensor clip_norm(Gradients& gradients, Stateful& net, double max_norm);

/// clamp(g, -limit, limit) for each gradient of net's parameters. Throws UsageError unless limit is positive.
void clip_value(Gradients& gradients, Stateful& net, double limit);

}  // namespace stet::optim
