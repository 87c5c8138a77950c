// Shared by the optimizers that are composed of ops.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::optim {

/// x, but +0 where its magnitude is below the dtype's smallest normal number: the state of a parameter whose gradients
/// end would else stay subnormal.
Tensor flush(const Tensor& x);

/// flush(keep * a + (1 - keep) * x): a running mean.
Tensor running_mean(const Tensor& a, const Tensor& x, double keep);
/// flush(keep * a + ((1 - keep) * x) * x): of squares.
Tensor running_square(const Tensor& a, const Tensor& x, double keep);

/// g + weight_decay * p; the gradient itself where that is 0.
Tensor with_decay(const Tensor& g, const Tensor& p, double weight_decay);

}  // namespace stet::optim
