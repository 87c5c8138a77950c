#include <algorithm>
#include <limits>
#include <type_traits>

#include "stet/cuda/elementwise.h"
#include "stet/cuda/fold.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/reduce_runs.h"

namespace stet::cuda_kernels {

using cuda::kWarp, cuda::Queue;

namespace {

template <class T, class Op, class X = T>
void reduce_run(Queue& queue, const Tensor& x, const ReducedRun& run, const Tensor& y) {
  const X* from = static_cast<const X*>(x.data());
  T* to = y.mutable_data_as<T>();
  if (run.last) cuda::fold_last<T, Op>(queue, from, run.outer, run.n, to);
  else cuda::fold_other<T, Op>(queue, from, run.outer, run.n, run.inner, to);
}

}  // namespace

void reduce(Queue& queue, Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y) {
  if (std::find(reduced.begin(), reduced.end(), true) == reduced.end()) return copy(queue, x, y);
  for_reduced_runs(x, reduced, y, [&](const Tensor& from, const ReducedRun& run, const Tensor& to) {
    visit_dtype(from.dtype(), [&](auto sample) {
      using T = decltype(sample);
      if constexpr (sizeof(T) == 1) {
        if (op == Reduce::sum) return reduce_run<int64_t, cuda::Add<int64_t>, uint8_t>(queue, from, run, to);
      }
      if constexpr (!std::is_same_v<T, bool>) {
        switch (op) {
          case Reduce::sum: return reduce_run<T, cuda::Add<T>>(queue, from, run, to);
          case Reduce::max: return reduce_run<T, cuda::Largest<T>>(queue, from, run, to);
          case Reduce::min: return reduce_run<T, cuda::Smallest<T>>(queue, from, run, to);
        }
      }
    });
  });
}

namespace {

// A candidate for the largest (smallest) element, and where it is.
template <class T> struct Candidate {
  T value;
  int64_t index;
};

// The first NaN, else the first of the largest (smallest); +0 and -0 are equal.
template <class T, bool kLargest> struct Better {
  __device__ Candidate<T> operator()(Candidate<T> a, Candidate<T> b) const {
    const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    const bool equal = a.value == b.value || (a_nan && b_nan);
    const bool b_wins = b_nan ? !a_nan : kLargest ? b.value > a.value : b.value < a.value;
    return (equal ? b.index < a.index : b_wins) ? b : a;
  }
};

template <class T, bool kLargest> __device__ Candidate<T> best_of_warp(Candidate<T> v) {
  for (int half = kWarp / 2; half > 0; half /= 2) {
    const Candidate<T> other{cuda::from_lane_xor(v.value, half), cuda::from_lane_xor(v.index, half)};
    v = Better<T, kLargest>()(v, other);
  }
  return v;
}

// Of x[0], x[first], x[first + step], …
template <class T, bool kLargest>
__device__ Candidate<T> best_of(const T* x, int64_t stride, int64_t first, int64_t step, int64_t n) {
  Candidate<T> best{x[0], 0};
#pragma unroll 8
  for (int64_t k = first; k < n; k += step) best = Better<T, kLargest>()(best, {x[k * stride], k});
  return best;
}

constexpr unsigned kArgWarps = 8;

template <class T> struct Candidates { Candidate<T> of[kArgWarps][kWarp]; };

template <class T, bool kLargest> __global__ void arg_of_rows(const T* x, int64_t rows, int64_t n, int64_t* y) {
  for (int64_t row = cuda::global_thread() / kWarp; row < rows; row += cuda::global_threads() / kWarp) {
    const auto best = best_of_warp<T, kLargest>(best_of<T, kLargest>(x + row * n, 1, cuda::lane_of_warp(), kWarp, n));
    if (cuda::lane_of_warp() == 0) y[row] = best.index;
  }
}

template <class T, bool kLargest> __global__ void arg_of_long_rows(const T* x, int64_t n, int64_t* y) {
  auto& found = cuda::shared<Candidates<T>>();
  const T* row = x + int64_t{blockIdx.x} * n;
  const auto own = best_of_warp<T, kLargest>(best_of<T, kLargest>(row, 1, threadIdx.x, blockDim.x, n));
  if (cuda::lane_of_warp() == 0) found.of[cuda::warp_of_block()][0] = own;
  __syncthreads();
  if (threadIdx.x != 0) return;
  Candidate<T> best = own;
  for (unsigned w = 1; w < kArgWarps; ++w) best = Better<T, kLargest>()(best, found.of[w][0]);
  y[blockIdx.x] = best.index;
}

// x [outer, n, inner]: a column a lane, its elements divided among the block's warps.
template <class T, bool kLargest>
__global__ void arg_of_columns(const T* x, int64_t columns, int64_t n, int64_t inner, int64_t* y) {
  auto& found = cuda::shared<Candidates<T>>();
  const int lane = cuda::lane_of_warp(), warp = cuda::warp_of_block();
  const int64_t column = int64_t{blockIdx.x} * kWarp + lane;
  if (column < columns) {
    const int64_t o = column / inner;
    found.of[warp][lane] = best_of<T, kLargest>(x + o * n * inner + (column - o * inner), inner, warp, kArgWarps, n);
  }
  __syncthreads();
  if (warp != 0 || column >= columns) return;
  Candidate<T> best = found.of[0][lane];
  for (unsigned w = 1; w < kArgWarps; ++w) best = Better<T, kLargest>()(best, found.of[w][lane]);
  y[column] = best.index;
}

template <class T, bool kLargest>
void arg_of(Queue& queue, const T* x, int64_t columns, int64_t n, int64_t inner, int64_t* y) {
  constexpr int64_t kLong = 2048;
  const cuda::Grid grid{{columns}, kArgWarps * kWarp, sizeof(Candidates<T>)};
  if (columns == 0) return;
  if (inner == 1 && (n < kLong || columns > std::numeric_limits<int>::max())) {
    queue.launch(arg_of_rows<T, kLargest>, cuda::Grid::over(columns * kWarp), x, columns, n, y);
  } else if (inner == 1) {
    queue.launch(arg_of_long_rows<T, kLargest>, grid, x, n, y);
  } else {
    const cuda::Grid tiles{{(columns + kWarp - 1) / kWarp}, grid.threads, grid.shared};
    queue.launch(arg_of_columns<T, kLargest>, tiles, x, columns, n, inner, y);
  }
}

}  // namespace

void arg_extreme(Queue& queue, Reduce op, const Tensor& x, int axis, const Tensor& y) {
  const Tensor from = contiguous(x.detach());
  const int64_t n = x.size(axis),
                inner = product_of(x.shape().dims(), static_cast<size_t>(axis) + 1, x.shape().dims().size());
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = std::conditional_t<std::is_same_v<decltype(sample), bool>, uint8_t, decltype(sample)>;
    const T* data = static_cast<const T*>(from.data());
    int64_t* to = y.mutable_data_as<int64_t>();
    if (op == Reduce::max) arg_of<T, true>(queue, data, y.elements(), n, inner, to);
    else arg_of<T, false>(queue, data, y.elements(), n, inner, to);
  });
}

}  // namespace stet::cuda_kernels
