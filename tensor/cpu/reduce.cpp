#include "stet/tensor/cpu/reduce.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "stet/tensor/cpu/elementwise.h"
#include "stet/tensor/cpu/scalar_ops.h"
#include "stet/tensor/cpu/strided.h"

namespace stet::cpu_kernels {
namespace {

template <class T>
T block_sum(const T* x, int64_t n) {
  T lane[kSumLanes] = {};
  int64_t i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes) {
    for (int64_t j = 0; j < kSumLanes; ++j) lane[j] += x[i + j];
  }
  for (int64_t j = 0; i + j < n; ++j) lane[j] += x[i + j];
  for (int64_t half = kSumLanes / 2; half > 0; half /= 2) {
    for (int64_t j = 0; j < half; ++j) lane[j] += lane[j + half];
  }
  return lane[0];
}

template <class T>
T row_sum(const T* x, int64_t n) {
  if (n <= kSumBlock) return block_sum(x, n);
  std::vector<T> sums(static_cast<size_t>((n + kSumBlock - 1) / kSumBlock));
  parallel_for(static_cast<int64_t>(sums.size()), kElementGrain / kSumBlock, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      sums[static_cast<size_t>(b)] = block_sum(x + b * kSumBlock, std::min(kSumBlock, n - b * kSumBlock));
    }
  });
  return row_sum(sums.data(), static_cast<int64_t>(sums.size()));
}

// Columns of a matrix [n, width] with row stride `stride`: each by chains of kSumChain, the chains' sums by the same rule.
template <class T>
void column_sums(const T* x, int64_t stride, int64_t n, int64_t width, T* y) {
  const auto chain = [&](int64_t begin, int64_t end, T* out) {
    std::fill(out, out + width, T{0});
    for (int64_t k = begin; k < end; ++k) {
      const T* row = x + k * stride;
      for (int64_t j = 0; j < width; ++j) out[j] += row[j];
    }
  };
  if (n <= kSumChain) return chain(0, n, y);
  const int64_t chains = (n + kSumChain - 1) / kSumChain;
  std::vector<T> sums(static_cast<size_t>(chains * width));
  for (int64_t c = 0; c < chains; ++c) chain(c * kSumChain, std::min(n, (c + 1) * kSumChain), &sums[static_cast<size_t>(c * width)]);
  column_sums(sums.data(), width, chains, width, y);
}

template <class T>
constexpr T lowest() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  else return std::numeric_limits<T>::lowest();
}
template <class T>
constexpr T highest() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
  else return std::numeric_limits<T>::max();
}

// Maximum and minimum are exact, and integer sums wrap: any order gives their bits.
template <class T, class F>
void column_fold(const T* x, int64_t stride, int64_t n, int64_t width, T* y, T start, F f) {
  std::fill(y, y + width, start);
  for (int64_t k = 0; k < n; ++k) {
    for (int64_t j = 0; j < width; ++j) y[j] = f(y[j], x[k * stride + j]);
  }
}

template <class T>
void reduce_columns(Reduce op, const T* x, int64_t stride, int64_t n, int64_t width, T* y) {
  switch (op) {
    case Reduce::sum:
      if constexpr (std::is_floating_point_v<T>) return column_sums(x, stride, n, width, y);
      else return column_fold(x, stride, n, width, y, T{0}, scalar_ops::add<T>);
    case Reduce::max: return column_fold(x, stride, n, width, y, lowest<T>(), scalar_ops::maximum<T>);
    case Reduce::min: return column_fold(x, stride, n, width, y, highest<T>(), scalar_ops::minimum<T>);
  }
}

// A row's extreme over sixteen lanes at once.
template <class T, class F>
T row_fold(const T* x, int64_t n, T start, F f) {
  constexpr int64_t kLanes = 16;
  T lane[kLanes];
  std::fill(lane, lane + kLanes, start);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) lane[j] = f(lane[j], x[i + j]);
  }
  for (; i < n; ++i) lane[0] = f(lane[0], x[i]);
  for (int64_t j = 1; j < kLanes; ++j) lane[0] = f(lane[0], lane[j]);
  return lane[0];
}

template <class T>
T reduce_row(Reduce op, const T* x, int64_t n) {
  if (op == Reduce::max) return row_fold(x, n, lowest<T>(), scalar_ops::maximum<T>);
  if (op == Reduce::min) return row_fold(x, n, highest<T>(), scalar_ops::minimum<T>);
  if constexpr (std::is_floating_point_v<T>) return row_sum(x, n);
  else return row_fold(x, n, T{0}, scalar_ops::add<T>);
}

// x [outer, n, inner] to y [outer, inner]. `last`: the run holds the tensor's last axis, so inner is 1.
template <class T>
void reduce_run(Reduce op, const T* x, int64_t outer, int64_t n, int64_t inner, bool last, T* y) {
  if (last) {
    const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, n));
    return parallel_for(outer, outer == 1 ? 1 : grain, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) y[o] = reduce_row(op, x + o * n, n);
    });
  }
  constexpr int64_t kWidth = 256;
  const int64_t tiles = (inner + kWidth - 1) / kWidth;
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, n * std::min(inner, kWidth)));
  parallel_for(outer * tiles, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t o = t / tiles, j = t % tiles * kWidth;
      reduce_columns(op, x + o * n * inner + j, inner, n, std::min(kWidth, inner - j), y + o * inner + j);
    }
  });
}

struct Run {
  int begin, end;  // axes
};

std::vector<Run> runs_of(const std::vector<bool>& reduced) {
  std::vector<Run> runs;
  for (int i = 0; i < static_cast<int>(reduced.size()); ++i) {
    if (!reduced[static_cast<size_t>(i)]) continue;
    if (!runs.empty() && runs.back().end == i) ++runs.back().end;
    else runs.push_back({i, i + 1});
  }
  return runs;
}

int64_t product(const std::vector<int64_t>& dims, int begin, int end) {
  int64_t p = 1;
  for (int i = begin; i < end; ++i) p *= dims[static_cast<size_t>(i)];
  return p;
}

}  // namespace

void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y) {
  Tensor from = contiguous(x.detach());
  std::vector<int64_t> dims = x.shape().dims();  // extents still to be reduced, or kept
  std::vector<Run> runs = runs_of(reduced);
  if (runs.empty()) return copy(from, y);
  while (!runs.empty()) {
    const Run run = runs.back();
    runs.pop_back();
    const int rank = static_cast<int>(dims.size());
    const int64_t outer = product(dims, 0, run.begin), n = product(dims, run.begin, run.end), inner = product(dims, run.end, rank);
    const bool last = run.end == static_cast<int>(reduced.size());
    const Tensor to = runs.empty() ? y : Tensor::uninitialized({outer, inner}, x.dtype());
    visit_dtype(x.dtype(), [&](auto sample) {
      using T = decltype(sample);
      if constexpr (!std::is_same_v<T, bool>) {
        reduce_run(op, from.data_as<T>(), outer, n, inner, last, to.mutable_data_as<T>());
      }
    });
    std::fill(dims.begin() + run.begin, dims.begin() + run.end, 1);
    from = to;
  }
}

namespace {

// True if b beats a: the first NaN, else the larger (smaller).
template <class T>
bool beats(Reduce op, T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return false;
    if (b != b) return true;
  }
  return op == Reduce::max ? b > a : b < a;
}

}  // namespace

void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y) {
  const Tensor from = contiguous(x.detach());
  const int64_t n = x.size(axis), inner = product(x.shape().dims(), axis + 1, x.rank());
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T* data = from.data_as<T>();
    int64_t* out = y.mutable_data_as<int64_t>();
    parallel_for(y.elements(), std::max<int64_t>(1, kElementGrain / n), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* line = data + i / inner * n * inner + i % inner;
        int64_t best = 0;
        for (int64_t k = 1; k < n; ++k) {
          if (beats(op, line[best * inner], line[k * inner])) best = k;
        }
        out[i] = best;
      }
    });
  });
}

}  // namespace stet::cpu_kernels
