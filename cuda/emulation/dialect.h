// CUDA C++'s words for kernels that run on the CPU: threads of a block take turns, each on a stack of its own
// (block.h).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "stet/cuda/emulation/block.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define threadIdx (::stet::cuda::emulation::thread_index())
#define blockIdx (::stet::cuda::emulation::block_index())
#define blockDim (::stet::cuda::emulation::block_extent())
#define gridDim (::stet::cuda::emulation::grid_extent())

using std::fma;
using std::sqrt;  // of float, too: the C library has only that of double

inline void __syncthreads() { stet::cuda::emulation::wait_for_block(); }
inline void __syncwarp(unsigned = 0xffffffffu) { stet::cuda::emulation::wait_for_warp(); }

template <class T> T __shfl_sync(unsigned mask, T value, int lane) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = stet::cuda::emulation::exchange(mask, bits, lane & 31);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return __shfl_sync(mask, value, stet::cuda::emulation::lane() ^ lanes);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return stet::cuda::emulation::ballot(mask, predicate != 0);
}

// Integers only: the contract has no atomic additions of floating numbers.
template <class T>
requires std::is_integral_v<T> T atomicAdd(T* to, std::type_identity_t<T> value) {
  const T old = *to;
  *to = static_cast<T>(old + value);
  return old;
}
template <class T>
requires std::is_integral_v<T> T atomicMin(T* to, std::type_identity_t<T> value) {
  const T old = *to;
  if (value < old) *to = value;
  return old;
}

template <class T>
requires std::is_integral_v<T> T atomicMax(T* to, std::type_identity_t<T> value) {
  const T old = *to;
  if (value > old) *to = value;
  return old;
}

template <class T>
requires std::is_integral_v<T> T atomicCAS(T* to, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  const T old = *to;
  if (old == expected) *to = value;
  return old;
}

inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((uint64_t{a} * b) >> 32); }

template <class T> T __ldg(const T* from) { return *from; }

namespace stet::cuda {

/// As in cuda/dialect.h.
template <class S> S& shared() { return *static_cast<S*>(emulation::shared_memory(sizeof(S))); }

}  // namespace stet::cuda
