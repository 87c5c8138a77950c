// Runs of axes folded in the orders of docs/numerics.md, "Sums": x [outer, n, inner] to y [outer, inner]. Include it in
// .cu files only.
#pragma once

#include <algorithm>
#include <limits>

#include "stet/cuda/divide.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/row_sum.h"
#include "stet/tensor/contract.h"

namespace stet::cuda {

/// Largest and smallest, as IEEE 754-2019 orders numbers. Exact, so any order gives their bits.
template <class T> struct Largest {
  static __device__ __forceinline__ T start() {
    if constexpr (std::numeric_limits<T>::has_infinity) return -std::numeric_limits<T>::infinity();
    else return std::numeric_limits<T>::lowest();
  }
  __device__ __forceinline__ T operator()(T a, T b) const { return scalar_ops::maximum(a, b); }
};
template <class T> struct Smallest {
  static __device__ __forceinline__ T start() {
    if constexpr (std::numeric_limits<T>::has_infinity) return std::numeric_limits<T>::infinity();
    else return std::numeric_limits<T>::max();
  }
  __device__ __forceinline__ T operator()(T a, T b) const { return scalar_ops::minimum(a, b); }
};

inline constexpr int kChain =
    contract::kSumChain;  // elements of a run without the last axis that are added in one chain

/// value(0) … value(n - 1) folded one after another; n <= kChain.
template <class Op, class F> __device__ __forceinline__ auto fold_chain(int n, const F& value) {
  auto v = Op::start();
  if (n == kChain) {
#pragma unroll 16
    for (int k = 0; k < kChain; ++k) v = Op()(v, value(k));
    return v;
  }
  return fold_on<1, Op>(v, 0, n, value);
}

/// Elements of chain (or block) `c` of a run of n that is cut into parts of `each`.
__device__ __forceinline__ int part_size(int64_t n, int64_t c, int each) {
  const int64_t left = n - c * each;
  return static_cast<int>(left < each ? left : each);
}

inline int64_t parts_of(int64_t n, int64_t each) { return n == 0 ? 1 : (n + each - 1) / each; }

// Rows of n <= 32 elements: `lanes` lanes each, the power of two that n fits into. The other lanes of a block hold +0.
template <class T, class Op, class X>
__global__ void fold_short_rows(const X* x, int64_t rows, int n, int lanes, T* y) {
  const int i = static_cast<int>(threadIdx.x) % lanes;
  const int64_t together = global_threads() / lanes;
  for (int64_t row = global_thread() / lanes; row - lane_of_warp() / lanes < rows; row += together) {
    T v = Op::start();
    if (row < rows && i < n) v = Op()(v, static_cast<T>(x[row * n + i]));
    v = halve<Op>(v, lanes);
    if (row < rows && i == 0) y[row] = v;
  }
}

// y [rows, blocks]: each block of 1024 of each row, by a warp.
template <class T, class Op, class X>
__global__ void fold_row_blocks(const X* x, int64_t rows, int64_t n, int64_t blocks, T* y) {
  for (int64_t w = global_thread() / kWarp; w < rows * blocks; w += global_threads() / kWarp) {
    const int64_t row = blocks == 1 ? w : w / blocks, b = w - row * blocks;
    const X* from = x + row * n;
    const T v =
        fold_block<Op>(b * kSumBlock, part_size(n, b, kSumBlock), [=](int64_t i) { return static_cast<T>(from[i]); });
    if (lane_of_warp() == 0) y[w] = v;
  }
}

// A row a block of threads.
template <class T, class Op, class X> __global__ void __launch_bounds__(1024) fold_rows(const X* x, int64_t n, T* y) {
  auto& sums = shared<BlockSums<T>>();
  const X* from = x + int64_t{blockIdx.x} * n;
  const T v = fold_row_by_block<Op>(
      n, [=](int64_t i) { return static_cast<T>(from[i]); }, sums);
  if (threadIdx.x == 0) y[blockIdx.x] = v;
}

/// x [rows, n] to y [rows], the run holding the last axis. Elements become T first, here and below.
template <class T, class Op, class X> void fold_last(Queue& queue, const X* x, int64_t rows, int64_t n, T* y) {
  constexpr int64_t kOneLaunch = 32 * kSumBlock;  // from here on a row is worth several blocks of threads
  const int64_t blocks = parts_of(n, kSumBlock);
  if (rows == 0) return;
  if (n <= kWarp) {
    int lanes = 1;
    while (lanes < n) lanes *= 2;
    queue.launch(fold_short_rows<T, Op, X>, Grid::over(rows * lanes), x, rows, static_cast<int>(n), lanes, y);
  } else if (blocks == 1) {
    queue.launch(fold_row_blocks<T, Op, X>, Grid::over(rows * kWarp), x, rows, n, blocks, y);
  } else if (n <= kOneLaunch && rows <= std::numeric_limits<int>::max()) {
    queue.launch(fold_rows<T, Op, X>, {{rows}, static_cast<unsigned>(blocks) * kWarp, sizeof(BlockSums<T>)}, x, n, y);
  } else {
    Scratch<T> sums(queue, rows * blocks);
    queue.launch(fold_row_blocks<T, Op, X>, Grid::over(rows * blocks * kWarp), x, rows, n, blocks, sums.data());
    fold_last<T, Op>(queue, sums.data(), rows, blocks, y);
  }
}

/// Two arrays one after another, to be written as if they were one.
template <class T> struct TwoArrays {
  T *first, *second;
  int64_t size;  // of the first
  __device__ T& operator[](int64_t i) const { return i < size ? first[i] : second[i - size]; }
};

// y [outer, chains, inner]: a chain a thread, neighbours in memory by neighbouring threads. Y is T* or TwoArrays<T>,
// here and below.
template <class T, class Op, class X, class Y>
__global__ void fold_chains(const X* x, int64_t n, IndexDivisor inner, IndexDivisor chains, int64_t total, Y y) {
  const int64_t step = inner.value();
  for (int64_t t = global_thread(); t < total; t += global_threads()) {
    const auto [row, j] = inner(t);
    const auto [o, c] = chains(row);
    const X* from = x + (o * n + c * kChain) * step + j;
    y[t] = fold_chain<Op>(part_size(n, c, kChain), [=](int k) { return static_cast<T>(from[k * step]); });
  }
}

// The same where inner is small: neighbouring chains lie apart, so that a block of threads first copies all it needs,
// from end to end.
inline constexpr int kStagedThreads = 128, kStagedInner = 32;

template <class T> struct StagedChains {
  T of[kStagedThreads * (kChain + 1)];  // an element more a chain, so that chains begin in different banks
};

template <class T, class Op, class X, class Y>
__global__ void fold_chains_staged(const X* x, int64_t n, int inner, int64_t chains, int64_t outer, Y y) {
  auto& staged = shared<StagedChains<T>>();
  const auto begin_of = [&](int64_t group) {
    const int64_t o = chains == 1 ? group : group / chains;
    return (o * n + (group - o * chains) * kChain) * inner;
  };
  const int64_t total = outer * chains, first = int64_t{blockIdx.x} * (kStagedThreads / inner);
  const int64_t last = total - first < kStagedThreads / inner ? total : first + kStagedThreads / inner;
  const int64_t from = begin_of(first);
  const int size = static_cast<int>((last == total ? outer * n * inner : begin_of(last)) - from),
            thread = static_cast<int>(threadIdx.x);
#pragma unroll 8
  for (int i = thread; i < size; i += kStagedThreads) staged.of[i + i / kChain] = static_cast<T>(x[from + i]);
  __syncthreads();
  const int64_t group = first + thread / inner;
  if (group >= last || thread / inner >= kStagedThreads / inner) return;
  const int at = static_cast<int>(begin_of(group) - from) + thread % inner;
  const int64_t c = chains == 1 ? 0 : group % chains;
  y[first * inner + thread] = fold_chain<Op>(part_size(n, c, kChain), [&](int k) {
    const int i = at + k * inner;
    return staged.of[i + i / kChain];
  });
}

// All of a run of at most 64 chains for up to 32 columns, by a block.
inline constexpr int kTileColumns = 32;

template <class T> struct ChainSums { T of[kChain * kTileColumns]; };

template <class T, class Op, class X, class Y>
__global__ void __launch_bounds__(512) fold_columns(const X* x, int64_t n, int64_t inner, Y y) {
  auto& sums = shared<ChainSums<T>>();
  const int64_t tiles = (inner + kTileColumns - 1) / kTileColumns, o = blockIdx.x / tiles,
                j = (blockIdx.x - o * tiles) * kTileColumns;
  const int width = part_size(inner, j / kTileColumns, kTileColumns),
            chains = static_cast<int>((n + kChain - 1) / kChain);
  const int thread = static_cast<int>(threadIdx.x);
  const X* tile = x + o * n * inner + j;
  for (int i = thread; i < chains * width; i += static_cast<int>(blockDim.x)) {
    const int c = i / width;
    const X* from = tile + int64_t{c} * kChain * inner + (i - c * width);
    sums.of[i] = fold_chain<Op>(part_size(n, c, kChain), [=](int k) { return static_cast<T>(from[k * inner]); });
  }
  __syncthreads();
  if (thread < width)
    y[o * inner + j + thread] = fold_chain<Op>(chains, [&](int c) { return sums.of[c * width + thread]; });
}

/// x [outer, n, inner] to y [outer, inner], the run not holding the last axis.
template <class T, class Op, class X, class Y>
void fold_other(Queue& queue, const X* x, int64_t outer, int64_t n, int64_t inner, Y y) {
  constexpr int64_t kFewElements = 1 << 19;  // so few that another launch costs more than blocks that wait for memory
  const int64_t chains = parts_of(n, kChain), columns = outer * inner;
  if (columns == 0) return;
  const int64_t blocks = outer * parts_of(inner, kTileColumns);
  const bool fills = inner >= kTileColumns / 2 && blocks >= 2 * queue.multiprocessors();
  if (chains > 1 && chains <= kChain && blocks <= std::numeric_limits<int>::max() &&
      (fills || n * columns <= kFewElements)) {
    const int64_t wanted = chains * std::min<int64_t>(inner, kTileColumns);
    const auto threads = static_cast<unsigned>(std::min<int64_t>(512, (wanted + kWarp - 1) / kWarp * kWarp));
    return queue.launch(fold_columns<T, Op, X, Y>, {{blocks}, threads, sizeof(ChainSums<T>)}, x, n, inner, y);
  }
  const auto level = [&](auto to) {
    using To = decltype(to);
    const int64_t groups = outer * chains, each = kStagedThreads / std::max<int64_t>(1, inner);
    if (inner < kStagedInner && n >= 8 && queue.most_shared() >= sizeof(StagedChains<T>) &&
        groups / each < std::numeric_limits<int>::max()) {
      const Grid grid{{(groups + each - 1) / each}, kStagedThreads, sizeof(StagedChains<T>)};
      queue.launch(fold_chains_staged<T, Op, X, To>, grid, x, n, static_cast<int>(inner), chains, outer, to);
    } else {
      queue.launch(fold_chains<T, Op, X, To>, Grid::over(groups * inner), x, n, IndexDivisor(inner, groups * inner),
                   IndexDivisor(chains, groups), groups * inner, to);
    }
  };
  if (chains == 1) return level(y);
  Scratch<T> sums(queue, outer * chains * inner);
  level(sums.data());
  fold_other<T, Op>(queue, sums.data(), outer, chains, inner, y);
}

}  // namespace stet::cuda
