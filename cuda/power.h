// The kernel of powers.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda_kernels {

/// y = a^b of float32. Unlike the other ops it waits for the GPU: about one element in four million is so near the
/// middle between two floats that binary64 can't say where it rounds, and the host decides it by GNU MPFR.
void pow(cuda::Queue& queue, const Tensor& a, const Tensor& b, const Tensor& y);

}  // namespace stet::cuda_kernels
