// Copies from global to shared memory that go on while the thread that asked for them computes (cp.async).
#pragma once

#include "stet/cuda/dialect.h"

namespace stet::cuda {

/// Copies `bytes` <= kBytes bytes and fills the rest of kBytes with zeros, some time before a wait_for_copies that
/// covers it. kBytes is 4, 8 or 16, and both addresses are multiples of it. Where bytes is 0, nothing is read, wherever
/// `from` points.
template <int kBytes> __device__ __forceinline__ void copy_async(void* to, const void* from, int bytes) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
#ifndef __CUDACC__
  emulation::copy_async(to, from, kBytes, bytes);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  const unsigned place = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if constexpr (kBytes == 16) {  // not kept in the first-level cache: nobody of this multiprocessor reads it again soon
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(place), "l"(from), "r"(bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global.L2::128B [%0], [%1], %2, %3;" ::"r"(place), "l"(from), "n"(kBytes),
                 "r"(bytes)
                 : "memory");
  }
#else
  auto* const words = static_cast<unsigned*>(to);
  for (int i = 0; i < kBytes / 4; ++i) words[i] = 4 * i < bytes ? static_cast<const unsigned*>(from)[i] : 0;
#endif
}

/// Closes a group: the copies of this thread since the last one.
__device__ __forceinline__ void commit_copies() {
#ifndef __CUDACC__
  emulation::commit_copies();
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Returns when all groups of this thread but its latest kGroups have arrived. Other threads see them after a barrier.
template <int kGroups> __device__ __forceinline__ void wait_for_copies() {
#ifndef __CUDACC__
  emulation::wait_for_copies(kGroups);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
#endif
}

/// Asks for the line of global memory around `from` to be brought nearer; nothing shows of it but time.
__device__ __forceinline__ void prefetch([[maybe_unused]] const void* from) {
#ifdef __CUDACC__
  asm volatile("prefetch.global.L2 [%0];" ::"l"(from));
#endif
}

}  // namespace stet::cuda
