// The kernel of digests. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/digest.h"

namespace stet::cuda_kernels {

Digest digest(cuda::Queue& queue, const DigestSalt& salt, const Tensor& x);

}  // namespace stet::cuda_kernels
