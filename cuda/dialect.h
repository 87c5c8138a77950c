// What kernels are written in: CUDA C++ under nvcc, and under any other compiler the same words with the meaning that
// emulation/ gives them, so that one source runs on a GPU and, in tests, on the CPU.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "stet/cuda/emulation/dialect.h"
#endif

namespace stet::cuda {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;

/// a * b + c, rounded once.
template <class T> __device__ __forceinline__ T multiply_add(T a, T b, T c) { return fma(a, b, c); }

/// This thread's place among all threads of a launch of one dimension, and their number: for loops over elements.
__device__ __forceinline__ int64_t global_thread() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ int64_t global_threads() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

#ifdef __CUDACC__
/// The block's shared memory as an S; the launch asks for sizeof(S) of it (Grid::shared). Not set to anything at first.
template <class S> __device__ __forceinline__ S& shared() {
  extern __shared__ __align__(16) unsigned char stet_shared_memory[];
  return *reinterpret_cast<S*>(stet_shared_memory);
}
#endif

}  // namespace stet::cuda
