// Sums along a run that holds the last axis, in the order of docs/numerics.md: blocks of 1024 elements, a warp each,
// and blocks' sums summed in the same way. Maxima and minima go the same paths, with another functor in the place of
// Add.
#pragma once

#include "stet/cuda/dialect.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cuda {

inline constexpr int kSumBlock = contract::kSumBlock;
static_assert(contract::kSumLanes == kWarp, "a warp's lanes are those of a block's sum");
inline constexpr int64_t kMostInRow = int64_t{1} << 30;  // of the functions here that take a whole row

__device__ __forceinline__ int lane_of_warp() { return static_cast<int>(threadIdx.x % kWarp); }
__device__ __forceinline__ int warp_of_block() { return static_cast<int>(threadIdx.x / kWarp); }
__device__ __forceinline__ int warps_of_block() { return static_cast<int>(blockDim.x / kWarp); }

/// N numbers that are summed side by side.
template <class T, int N> struct Several { T of[N]; };

/// A sum of numbers, or of each of several.
template <class V> struct Add {
  static __device__ __forceinline__ V start() { return V{}; }
  __device__ __forceinline__ V operator()(V a, V b) const { return scalar_ops::add(a, b); }
};
template <class T, int N> struct Add<Several<T, N>> {
  static __device__ __forceinline__ Several<T, N> start() { return {}; }
  __device__ __forceinline__ Several<T, N> operator()(Several<T, N> a, const Several<T, N>& b) const {
    for (int i = 0; i < N; ++i) a.of[i] = scalar_ops::add(a.of[i], b.of[i]);
    return a;
  }
};

/// The value of the lane whose number differs in the bits of `lanes`.
template <class T> __device__ __forceinline__ T from_lane_xor(T v, int lanes) {
  return __shfl_xor_sync(kAllLanes, v, lanes);
}
template <class T, int N> __device__ __forceinline__ Several<T, N> from_lane_xor(Several<T, N> v, int lanes) {
  for (int i = 0; i < N; ++i) v.of[i] = __shfl_xor_sync(kAllLanes, v.of[i], lanes);
  return v;
}

/// Halves groups of `lanes` lanes (a power of two up to 32) until one is left in each; all lanes get their group's.
/// Lane j takes lane j + half as the contract wants, and lane j + half takes lane j: the same sum, so that no lane has
/// to be told it.
template <class Op, class V> __device__ __forceinline__ V halve(V v, int lanes = kWarp) {
  for (int half = lanes / 2; half > 0; half /= 2) v = Op()(v, from_lane_xor(v, half));
  return v;
}

/// v, and then value(first), value(first + step), … below n, folded one after another. Eight are computed before they
/// are folded, so that their loads are under way together.
template <int kStep, class Op, class V, class F>
__device__ __forceinline__ V fold_on(V v, int first, int n, const F& value) {
  constexpr int kTogether = 8;
  for (int i = first; i < n; i += kTogether * kStep) {
    V next[kTogether] = {};
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      if (i + j * kStep < n) next[j] = value(i + j * kStep);
    }
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      if (i + j * kStep < n) v = Op()(v, next[j]);
    }
  }
  return v;
}

/// value(begin) … value(begin + n - 1), n <= kSumBlock, folded by a warp; every lane gets the result.
template <class Op, class F> __device__ __forceinline__ auto fold_block(int64_t begin, int n, const F& value) {
  auto v = Op::start();
  if (n == kSumBlock) {
#pragma unroll 16
    for (int i = 0; i < kSumBlock; i += kWarp) v = Op()(v, value(begin + i + lane_of_warp()));
  } else {
    v = fold_on<static_cast<int>(kWarp), Op>(v, lane_of_warp(), n, [&](int i) { return value(begin + i); });
  }
  return halve<Op>(v);
}

/// value(0) … value(n - 1) folded by a warp; n <= kMostInRow. Every lane gets the result.
template <class Op, class F> __device__ auto fold_row(int64_t n, const F& value) {
  if (n <= kSumBlock) return fold_block<Op>(0, static_cast<int>(n), value);
  constexpr int64_t kSpan = int64_t{kSumBlock} * kSumBlock;
  auto spans = Op::start();  // of lane j: those spans' whose number is j modulo 32
  for (int64_t begin = 0; begin < n; begin += kSpan) {
    const int64_t end = n - begin < kSpan ? n : begin + kSpan;
    auto blocks = Op::start();
    for (int64_t at = begin; at < end; at += kSumBlock) {
      const auto sum = fold_block<Op>(at, static_cast<int>(end - at < kSumBlock ? end - at : kSumBlock), value);
      if (at / kSumBlock % kWarp == lane_of_warp()) blocks = Op()(blocks, sum);
    }
    blocks = halve<Op>(blocks);
    if (n <= kSpan) return blocks;
    if (begin / kSpan % kWarp == lane_of_warp()) spans = Op()(spans, blocks);
  }
  return halve<Op>(spans);
}

/// What threads of a block keep in shared memory while they fold a row together.
template <class V> struct BlockSums { V of[kSumBlock]; };

/// value(0) … value(n - 1) folded by all warps of a block; n <= kMostInRow. Every thread gets the result, and `sums` is
/// free again.
template <class Op, class F, class V> __device__ V fold_row_by_block(int64_t n, const F& value, BlockSums<V>& sums) {
  constexpr int64_t kSpan = int64_t{kSumBlock} * kSumBlock;
  V spans = Op::start();
  for (int64_t begin = 0; begin < n; begin += kSpan) {
    const int64_t left = n - begin < kSpan ? n - begin : kSpan;
    const int blocks = static_cast<int>((left + kSumBlock - 1) / kSumBlock);
    for (int b = warp_of_block(); b < blocks; b += warps_of_block()) {
      const int64_t at = int64_t{b} * kSumBlock;
      const V sum = fold_block<Op>(begin + at, static_cast<int>(left - at < kSumBlock ? left - at : kSumBlock), value);
      if (lane_of_warp() == 0) sums.of[b] = sum;
    }
    __syncthreads();
    const V whole = fold_block<Op>(0, blocks, [&](int64_t b) { return sums.of[b]; });
    __syncthreads();
    if (n <= kSpan) return whole;
    if (begin / kSpan % kWarp == lane_of_warp()) spans = Op()(spans, whole);
  }
  return halve<Op>(spans);
}

/// The sum of value(0) … value(n - 1) by a warp, and by all warps of a block.
template <class F> __device__ __forceinline__ auto row_sum(int64_t n, const F& value) {
  return fold_row<Add<decltype(value(0))>>(n, value);
}
template <class F, class V>
__device__ __forceinline__ V row_sum_by_block(int64_t n, const F& value, BlockSums<V>& sums) {
  return fold_row_by_block<Add<V>>(n, value, sums);
}

/// set(i, value(i)) for i from 0 to n - 1, by all threads of a block. Four are read before the first is set, since what
/// is set may be where others lie.
template <class F, class G> __device__ __forceinline__ void map_row_by_block(int64_t n, const F& value, const G& set) {
  constexpr int kTogether = 4;
  const int64_t threads = blockDim.x;
  for (int64_t i = threadIdx.x; i < n; i += kTogether * threads) {
    decltype(value(i)) v[kTogether] = {};
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      if (i + j * threads < n) v[j] = value(i + j * threads);
    }
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      if (i + j * threads < n) set(i + j * threads, v[j]);
    }
  }
}

}  // namespace stet::cuda
