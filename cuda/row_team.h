// Rows that are read from memory once: the threads that share a row hold its elements in registers. Include it in .cu
// files only.
#pragma once

#include <type_traits>

#include "stet/cuda/queue.h"
#include "stet/cuda/row_sum.h"

namespace stet::cuda {

/// Threads of a team that is a block, at most, and elements of its row.
template <class T> inline constexpr int kMostTeamThreads = sizeof(T) == 4 ? 512 : 256;
template <class T> inline constexpr int kMostTeamRow = kMostTeamThreads<T> / static_cast<int>(kWarp) * kSumBlock;
/// Threads of a block whose teams are warps or less.
inline constexpr int kWarpTeamThreads = 128;

/// For kernels' __launch_bounds__.
template <class T, bool kBlock> inline constexpr int kTeamThreads = kBlock ? kMostTeamThreads<T> : kWarpTeamThreads;

template <class T> struct TeamSums {
  T one[kWarp];
  Several<T, 2> two[kWarp];
  __device__ T* of(T) { return one; }
  __device__ Several<T, 2>* of(Several<T, 2>) { return two; }
};

/// The threads that share a row of n >= 1 elements; each holds up to kItems of them, in arrays that `k` of 0 … kItems -
/// 1 indexes. If kBlock, a team is a block whose warps hold 1024 elements each, and its launch gives
/// sizeof(TeamSums<T>) of shared memory; else it is a warp, or where kItems is 1, `lanes` lanes of one. Where a thread
/// has no element, or a team no row, it reads the row's last one, or the last row, and what it makes of that is left
/// out of sums and results: so that loads depend on nothing, and all are under way together.
template <class T, int kItems, bool kBlock> class RowTeam {
 public:
  __device__ RowTeam(int64_t rows, int64_t n, int lanes)
      : last_(static_cast<int>(n) - 1), lanes_(kItems == 1 ? lanes : static_cast<int>(kWarp)) {
    if constexpr (kBlock) {
      row_ = blockIdx.x;
      first_ = warp_of_block() * kSumBlock + lane_of_warp();
    } else {
      row_ = global_thread() / lanes_;
      first_ = static_cast<int>(threadIdx.x) % lanes_;
    }
    end_ = row_ < rows ? static_cast<int>(n) : 0;
    row_ = row_ < rows ? row_ : rows - 1;
  }

  __device__ int64_t row() const { return row_; }
  /// Whether this thread is the one that writes what there is one of a row.
  __device__ bool leads() const { return first_ == 0 && end_ > 0; }

  /// f(k, i) for the elements i of this thread, and for those that it reads in the place of what it lacks.
  template <class F> __device__ __forceinline__ void each(const F& f) const {
#pragma unroll
    for (int k = 0; k < kItems; ++k) f(k, at(k) < last_ ? at(k) : last_);
  }

  /// y[i] = f(k) for the elements i of this thread. f is called for what it lacks too.
  template <class Y, class F> __device__ __forceinline__ void store(Y* y, const F& f) const {
    Y* const own = y + first_;
#pragma unroll
    for (int k = 0; k < kItems; ++k) {
      const Y value = f(k);
      if (at(k) < end_) own[k * static_cast<int>(kWarp)] = value;
    }
  }

  /// The row's f(k) folded in the order of a run that holds the last axis. Every thread gets it; all of a block must
  /// ask for it.
  template <class Op, class F> __device__ __forceinline__ auto fold(const F& f) const {
    auto v = Op::start();
#pragma unroll
    for (int k = 0; k < kItems; ++k) {
      const auto next = f(k);
      if (at(k) < end_) v = Op()(v, next);
    }
    v = halve<Op>(v, lanes_);
    if constexpr (kBlock) {
      auto* const sums = shared<TeamSums<T>>().of(v);
      if (lane_of_warp() == 0) sums[warp_of_block()] = v;
      __syncthreads();
      v = fold_block<Op>(0, warps_of_block(), [&](int64_t w) { return sums[w]; });
      __syncthreads();
    }
    return v;
  }
  template <class F> __device__ __forceinline__ auto sum(const F& f) const { return fold<Add<decltype(f(0))>>(f); }

 private:
  __device__ __forceinline__ int at(int k) const { return first_ + k * static_cast<int>(kWarp); }

  int64_t row_;
  int first_, last_, end_, lanes_;
};

/// Calls launch(kItems, kBlock, grid, lanes), the first two as integral constants, for teams that hold rows of n <=
/// kMostTeamRow<T> elements.
template <class T, class Launch> void launch_teams(int64_t rows, int64_t n, const Launch& launch) {
  const auto warps = [&](auto items, int lanes) {
    const int64_t threads = rows * lanes;
    launch(items, std::false_type(), Grid{{(threads + kWarpTeamThreads - 1) / kWarpTeamThreads}, kWarpTeamThreads},
           lanes);
  };
  int lanes = 1;
  while (lanes < n && lanes < static_cast<int>(kWarp)) lanes *= 2;
  if (n <= 32) return warps(std::integral_constant<int, 1>(), lanes);
  if (n <= 64) return warps(std::integral_constant<int, 2>(), lanes);
  if (n <= 128) return warps(std::integral_constant<int, 4>(), lanes);
  if (n <= 256) return warps(std::integral_constant<int, 8>(), lanes);
  if (n <= 512) return warps(std::integral_constant<int, 16>(), lanes);
  if (n <= 768) return warps(std::integral_constant<int, 24>(), lanes);
  if (n <= 1024) return warps(std::integral_constant<int, 32>(), lanes);
  const auto threads = static_cast<unsigned>((n + kSumBlock - 1) / kSumBlock) * kWarp;
  launch(std::integral_constant<int, 32>(), std::true_type(), Grid{{rows}, threads, sizeof(TeamSums<T>)}, lanes);
}

}  // namespace stet::cuda
