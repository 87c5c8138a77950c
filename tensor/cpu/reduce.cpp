#include <algorithm>
#include <limits>
#include <type_traits>

#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/elementwise.h"
#include "stet/tensor/cpu/reduce_rows.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/reduce_runs.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cpu_kernels {

using contract::kSumBlock;

namespace {

// One row whose blocks are divided among threads.
template <class T> T long_row_sum(const T* x, int64_t n) {
  thread_local Workspace workspace;
  const int64_t blocks = (n + kSumBlock - 1) / kSumBlock;
  T* sums = workspace.get<T>(blocks);
  parallel_for(blocks, kElementGrain / kSumBlock, [&](int64_t begin, int64_t end) {
    const int64_t whole = std::min(end, n / kSumBlock);
    reduce_rows(Reduce::sum, x + begin * kSumBlock, whole - begin, kSumBlock, sums + begin);
    if (whole < end) reduce_rows(Reduce::sum, x + whole * kSumBlock, 1, n % kSumBlock, sums + whole);
  });
  T sum;
  reduce_rows(Reduce::sum, sums, 1, blocks, &sum);
  return sum;
}

// Integers' maximum and minimum are exact, and their sums wrap: any order gives their bits.
template <class T, class F>
void fold_columns(const T* x, int64_t stride, int64_t n, int64_t width, T* y, T start, F f) {
  std::fill(y, y + width, start);
  for (int64_t k = 0; k < n; ++k) {
    for (int64_t j = 0; j < width; ++j) y[j] = f(y[j], x[k * stride + j]);
  }
}

template <class T> void integer_columns(Reduce op, const T* x, int64_t stride, int64_t n, int64_t width, T* y) {
  switch (op) {
    case Reduce::sum: return fold_columns(x, stride, n, width, y, T{0}, scalar_ops::add<T>);
    case Reduce::max:
      return fold_columns(x, stride, n, width, y, std::numeric_limits<T>::lowest(), scalar_ops::maximum<T>);
    case Reduce::min:
      return fold_columns(x, stride, n, width, y, std::numeric_limits<T>::max(), scalar_ops::minimum<T>);
  }
}

template <class T> void rows(Reduce op, const T* x, int64_t count, int64_t n, T* y) {
  if constexpr (std::is_floating_point_v<T>) {
    reduce_rows(op, x, count, n, y);
  } else {
    for (int64_t r = 0; r < count; ++r) integer_columns(op, x + r * n, 1, n, 1, y + r);
  }
}

template <class T> void columns(Reduce op, const T* x, int64_t stride, int64_t n, int64_t width, T* y) {
  if constexpr (std::is_floating_point_v<T>) reduce_columns(op, x, stride, n, width, y);
  else integer_columns(op, x, stride, n, width, y);
}

// x [outer, n, inner] to y [outer, inner]. `last`: the run holds the tensor's last axis, so inner is 1.
template <class T> void reduce_run(Reduce op, const T* x, int64_t outer, int64_t n, int64_t inner, bool last, T* y) {
  if (last) {
    if constexpr (std::is_floating_point_v<T>) {
      if (outer == 1 && op == Reduce::sum && n > kElementGrain) {
        *y = long_row_sum(x, n);
        return;
      }
    }
    const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, n));
    return parallel_for(outer, grain,
                        [&](int64_t begin, int64_t end) { rows(op, x + begin * n, end - begin, n, y + begin); });
  }
  // A part for each thread, but none narrower than a few cache lines.
  int64_t width = kColumnTile;
  while (width > 64 && outer * ((inner + width - 1) / width) < threads()) width /= 2;
  const int64_t tiles = (inner + width - 1) / width;
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, n * std::min(inner, width)));
  parallel_for(outer * tiles, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t o = t / tiles, j = t % tiles * width;
      columns(op, x + o * n * inner + j, inner, n, std::min(width, inner - j), y + o * inner + j);
    }
  });
}

}  // namespace

void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y) {
  if (std::find(reduced.begin(), reduced.end(), true) == reduced.end()) return copy(x, y);
  for_reduced_runs(x, reduced, y, [op](const Tensor& from, const ReducedRun& run, const Tensor& to) {
    visit_dtype(from.dtype(), [&](auto sample) {
      using T = decltype(sample);
      if constexpr (!std::is_same_v<T, bool>) {
        reduce_run(op, from.data_as<T>(), run.outer, run.n, run.inner, run.last, to.mutable_data_as<T>());
      }
    });
  });
}

namespace {

// The lowest index of equals; the first NaN wins. n elements, `step` apart.
template <class T> int64_t extreme_index(Reduce op, const T* x, int64_t n, int64_t step) {
  if constexpr (std::is_floating_point_v<T>) {
    if (step == 1) return index_of_extreme(op, x, n);
  }
  const auto beats = [op](T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (a != a || b != b) return a == a;
    }
    return op == Reduce::max ? b > a : b < a;
  };
  int64_t best = 0;
  for (int64_t k = 1; k < n; ++k) {
    if (beats(x[best * step], x[k * step])) best = k;
  }
  return best;
}

}  // namespace

void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y) {
  const Tensor from = contiguous(x.detach());
  const int64_t n = x.size(axis),
                inner = product_of(x.shape().dims(), static_cast<size_t>(axis) + 1, x.shape().dims().size());
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T* data = from.data_as<T>();
    int64_t* out = y.mutable_data_as<int64_t>();
    parallel_for(y.elements(), std::max<int64_t>(1, kElementGrain / n), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        out[i] = extreme_index(op, data + i / inner * n * inner + i % inner, n, inner);
    });
  });
}

}  // namespace stet::cpu_kernels
