// The kernel of digests.
#pragma once

#include <span>

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

/// Adds the sums of each tensor's words to a pair of its own in `to`, on the device: low and high. A Digest is the salt
/// and these sums.
void add_digests(cuda::Queue& queue, std::span<const DigestTask> tasks, unsigned long long* to);

}  // namespace stet::cuda_kernels
