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

// Integers' maximum and minimum are exact, and their sums wrap: any order gives their bits. Elements become Y first,
// the type of what is made of them.
template <class T, class Y, class F>
void fold_columns(const T* x, int64_t stride, int64_t n, int64_t width, Y* y, Y start, F f) {
  std::fill(y, y + width, start);
  for (int64_t k = 0; k < n; ++k) {
    for (int64_t j = 0; j < width; ++j) y[j] = f(y[j], static_cast<Y>(x[k * stride + j]));
  }
}
template <class T, class Y, class F> void fold_rows(const T* x, int64_t rows, int64_t n, Y* y, Y start, F f) {
  for (int64_t r = 0; r < rows; ++r) {
    Y folded = start;
    for (int64_t k = 0; k < n; ++k) folded = f(folded, static_cast<Y>(x[r * n + k]));
    y[r] = folded;
  }
}

// Calls fold(start, f) with what an integer's reduction begins with and goes on with.
template <class Y, class Fold> void with_integer_fold(Reduce op, const Fold& fold) {
  switch (op) {
    case Reduce::sum: return fold(Y{0}, [](Y a, Y b) { return scalar_ops::add(a, b); });
    case Reduce::max: return fold(std::numeric_limits<Y>::lowest(), [](Y a, Y b) { return scalar_ops::maximum(a, b); });
    case Reduce::min: return fold(std::numeric_limits<Y>::max(), [](Y a, Y b) { return scalar_ops::minimum(a, b); });
  }
}

template <class T, class Y> void rows(Reduce op, const T* x, int64_t count, int64_t n, Y* y) {
  if constexpr (std::is_floating_point_v<T>) reduce_rows(op, x, count, n, y);
  else with_integer_fold<Y>(op, [&](Y start, auto f) { fold_rows(x, count, n, y, start, f); });
}

template <class T, class Y> void columns(Reduce op, const T* x, int64_t stride, int64_t n, int64_t width, Y* y) {
  if constexpr (std::is_floating_point_v<T>) reduce_columns(op, x, stride, n, width, y);
  else with_integer_fold<Y>(op, [&](Y start, auto f) { fold_columns(x, stride, n, width, y, start, f); });
}

// One row whose blocks are divided among threads.
template <class T, class Y> Y long_row_sum(const T* x, int64_t n) {
  thread_local Workspace workspace;
  const int64_t blocks = (n + kSumBlock - 1) / kSumBlock;
  Y* sums = workspace.get<Y>(blocks);
  parallel_for(blocks, kElementGrain / kSumBlock, [&](int64_t begin, int64_t end) {
    const int64_t whole = std::min(end, n / kSumBlock);
    rows(Reduce::sum, x + begin * kSumBlock, whole - begin, kSumBlock, sums + begin);
    if (whole < end) rows(Reduce::sum, x + whole * kSumBlock, 1, n % kSumBlock, sums + whole);
  });
  Y sum;
  rows(Reduce::sum, sums, 1, blocks, &sum);
  return sum;
}

// x [outer, n, inner] to y [outer, inner]. `last`: the run holds the tensor's last axis, so inner is 1.
template <class T, class Y>
void reduce_run(Reduce op, const T* x, int64_t outer, int64_t n, int64_t inner, bool last, Y* y) {
  if (last) {
    if (outer == 1 && op == Reduce::sum && n > kElementGrain) {
      *y = long_row_sum<T, Y>(x, n);
      return;
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
      const auto reduce_to = [&](auto* y) {
        reduce_run(op, from.data_as<T>(), run.outer, run.n, run.inner, run.last, y);
      };
      if constexpr (sizeof(T) == 1) {
        if (op == Reduce::sum) return reduce_to(to.mutable_data_as<int64_t>());
      }
      if constexpr (!std::is_same_v<T, bool>) reduce_to(to.mutable_data_as<T>());
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
