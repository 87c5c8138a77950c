#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/reduce_rows.h"

#include <algorithm>
#include <limits>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/reduce_rows_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/cpu/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
using stet::HWY_NAMESPACE::Maximum;
using stet::HWY_NAMESPACE::Minimum;
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using cpu_kernels::kColumnTile;

template <class T> constexpr T kInfinity = std::numeric_limits<T>::infinity();

template <class T> T extreme_of(Reduce op, const T* x, int64_t n) {
  if (op == Reduce::max) return row_fold(x, n, -kInfinity<T>, [](auto a, auto b) HWY_ATTR { return Maximum(a, b); });
  return row_fold(x, n, kInfinity<T>, [](auto a, auto b) HWY_ATTR { return Minimum(a, b); });
}

template <class T> void reduce_each_row(Reduce op, const T* x, int64_t rows, int64_t n, T* y) {
  for (int64_t r = 0; r < rows; ++r) y[r] = op == Reduce::sum ? row_sum(x + r * n, n) : extreme_of(op, x + r * n, n);
}

// y[j] = f(..f(f(y[j], x[0, j]), x[1, j]).., x[n-1, j]): eight rows are read side by side, so that y is seldom stored.
template <class T, class F>
HWY_INLINE void fold_columns(const T* x, int64_t stride, int64_t n, int64_t width, T* y, const F& f) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  constexpr int64_t kRows = 8, kWidth = hn::MaxLanes(d);
  for (int64_t k = 0; k < n; k += kRows) {
    const T* row = x + k * stride;
    const int64_t rows = std::min(kRows, n - k);
    int64_t j = 0;
    if (rows == kRows) {
      for (; j + kWidth <= width; j += kWidth) {
        auto v = hn::LoadU(d, y + j);
        HWY_UNROLL(8) for (int64_t r = 0; r < kRows; ++r) v = f(v, hn::LoadU(d, row + r * stride + j));
        hn::StoreU(v, d, y + j);
      }
    } else {
      for (; j + kWidth <= width; j += kWidth) {
        auto v = hn::LoadU(d, y + j);
        for (int64_t r = 0; r < rows; ++r) v = f(v, hn::LoadU(d, row + r * stride + j));
        hn::StoreU(v, d, y + j);
      }
    }
    for (; j < width; ++j) {
      auto v = hn::LoadU(one, y + j);
      for (int64_t r = 0; r < rows; ++r) v = f(v, hn::LoadU(one, row + r * stride + j));
      hn::StoreU(v, one, y + j);
    }
  }
}

// Chains from +0. The chains' sums are a run of the same kind: a finished chain is added to the one above it,
// which is done with once it is full.
template <class T> void sum_columns(const T* x, int64_t stride, int64_t n, int64_t width, T* y) {
  constexpr int64_t kChain = contract::kSumChain;
  constexpr int kLevels = 11;  // 64^11 > 2^63
  const auto add = [](auto a, auto b) HWY_ATTR { return hn::Add(a, b); };
  if (n <= kChain) {
    std::fill(y, y + width, T{0});
    return fold_columns(x, stride, n, width, y, add);
  }
  HWY_ALIGN T sums[kLevels][kColumnTile];
  int64_t counts[kLevels] = {};
  int top = 0;
  const auto append = [&](int level, const T* rows, int64_t count) HWY_ATTR {
    if (counts[level] == 0) std::fill(sums[level], sums[level] + width, T{0});
    fold_columns(rows, stride, count, width, sums[level], add);
    counts[level] += count;
    top = std::max(top, level);
  };
  const auto carry = [&](int level) HWY_ATTR {
    append(level + 1, sums[level], 1);
    counts[level] = 0;
  };
  for (int64_t k = 0; k < n; k += kChain) {
    append(0, x + k * stride, std::min(kChain, n - k));
    for (int level = 0; counts[level] == kChain; ++level) carry(level);
  }
  // What is left of each level is its last chain; alone it stays itself, as +0 and a sum is that sum.
  for (int level = 0; level < top; ++level) {
    if (counts[level] > 0) carry(level);
  }
  std::copy(sums[top], sums[top] + width, y);
}

template <class T> void reduce_each_column(Reduce op, const T* x, int64_t stride, int64_t n, int64_t width, T* y) {
  if (op == Reduce::sum) return sum_columns(x, stride, n, width, y);
  std::fill(y, y + width, op == Reduce::max ? -kInfinity<T> : kInfinity<T>);
  if (op == Reduce::max) {
    fold_columns(x, stride, n, width, y, [](auto a, auto b) HWY_ATTR { return Maximum(a, b); });
  } else {
    fold_columns(x, stride, n, width, y, [](auto a, auto b) HWY_ATTR { return Minimum(a, b); });
  }
}

// The first i at which test(vector of x) holds, which it does somewhere.
template <class T, class Test> HWY_INLINE int64_t first_where(const T* x, int64_t n, const Test& test) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kWidth = hn::MaxLanes(d);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    const auto found = hn::FindFirstTrue(d, test(hn::LoadU(d, x + i)));
    if (found >= 0) return i + found;
  }
  const hn::CappedTag<T, 1> one;
  while (i + 1 < n && hn::FindFirstTrue(one, test(hn::LoadU(one, x + i))) < 0) ++i;
  return i;
}

template <class T> int64_t index_of(Reduce op, const T* x, int64_t n) {
  const T extreme = extreme_of(op, x, n);
  if (extreme != extreme) return first_where(x, n, [](auto v) HWY_ATTR { return hn::Not(hn::Eq(v, v)); });
  return first_where(x, n,
                     [extreme](auto v) HWY_ATTR { return hn::Eq(v, hn::Set(hn::DFromV<decltype(v)>(), extreme)); });
}

}  // namespace

void rows_float(Reduce op, const float* x, int64_t rows, int64_t n, float* y) { reduce_each_row(op, x, rows, n, y); }
void rows_double(Reduce op, const double* x, int64_t rows, int64_t n, double* y) { reduce_each_row(op, x, rows, n, y); }
void columns_float(Reduce op, const float* x, int64_t stride, int64_t n, int64_t width, float* y) {
  reduce_each_column(op, x, stride, n, width, y);
}
void columns_double(Reduce op, const double* x, int64_t stride, int64_t n, int64_t width, double* y) {
  reduce_each_column(op, x, stride, n, width, y);
}
int64_t index_float(Reduce op, const float* x, int64_t n) { return index_of(op, x, n); }
int64_t index_double(Reduce op, const double* x, int64_t n) { return index_of(op, x, n); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(rows_float);
HWY_EXPORT(rows_double);
HWY_EXPORT(columns_float);
HWY_EXPORT(columns_double);
HWY_EXPORT(index_float);
HWY_EXPORT(index_double);

template <> void reduce_rows(Reduce op, const float* x, int64_t rows, int64_t n, float* y) {
  STET_DISPATCH(rows_float)(op, x, rows, n, y);
}
template <> void reduce_rows(Reduce op, const double* x, int64_t rows, int64_t n, double* y) {
  STET_DISPATCH(rows_double)(op, x, rows, n, y);
}
template <> void reduce_columns(Reduce op, const float* x, int64_t stride, int64_t n, int64_t width, float* y) {
  STET_DISPATCH(columns_float)(op, x, stride, n, width, y);
}
template <> void reduce_columns(Reduce op, const double* x, int64_t stride, int64_t n, int64_t width, double* y) {
  STET_DISPATCH(columns_double)(op, x, stride, n, width, y);
}
template <> int64_t index_of_extreme(Reduce op, const float* x, int64_t n) {
  return STET_DISPATCH(index_float)(op, x, n);
}
template <> int64_t index_of_extreme(Reduce op, const double* x, int64_t n) {
  return STET_DISPATCH(index_double)(op, x, n);
}

}  // namespace stet::cpu_kernels
#endif
