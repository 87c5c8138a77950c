// What the CUDA runtime's calls return.
#pragma once

#include <cuda_runtime.h>

#include "stet/tensor/error.h"

namespace stet::cuda {

/// Throws TrainingError unless it is success.
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) raise<TrainingError>("cuda: {}: {}", what, cudaGetErrorString(status));
}

}  // namespace stet::cuda
