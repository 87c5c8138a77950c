// The kernel of digests.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/digest.h"

namespace stet::cuda_kernels {

/// Adds the sums of x's words to `to`, on the device: low and high. A Digest is the salt and these sums.
void add_digest(cuda::Queue& queue, const DigestSalt& salt, const Tensor& x, unsigned long long* to);

}  // namespace stet::cuda_kernels
