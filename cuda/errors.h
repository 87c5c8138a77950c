// Errors that kernels' sources raise. They include neither tensor/error.h nor fmt, which nvcc can't compile.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda {

/// Throws UsageError: there is no kernel for `what`, such as "exp of float64", on the queue's device.
[[noreturn]] void no_kernel(const Queue& queue, const char* what);

/// Throws UsageError unless x is of float32: there is no kernel for `what`, such as "softmax of float64".
inline void require_float32(const Queue& queue, const Tensor& x, const char* what) {
  if (x.dtype() != DType::float32) no_kernel(queue, what);
}

/// Throws UsageError: a tensor has more axes that can't be merged than kernels take.
[[noreturn]] void too_many_axes(int axes);

/// Throws UsageError: a draw has more elements than counters.
[[noreturn]] void too_many_draws(int64_t elements);

/// Throws MemoryError with these numbers of bytes.
[[noreturn]] void out_of_memory(const Queue& queue, size_t asked, size_t held, size_t free, size_t total);

}  // namespace stet::cuda
