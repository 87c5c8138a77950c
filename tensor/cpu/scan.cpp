// Running sums and products, and first-order recurrences.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cpu_kernels {
namespace {

constexpr int64_t kChain = contract::kScanChain;

// y[k] = f(.. f(f(start, x[0]), x[1]) .., x[k]) of n rows that are `step` elements apart, in `width` columns side by
// side.
template <class T, class F> void run(const T* x, T* y, int64_t n, int64_t step, int64_t width, T start, const F& f) {
  const int64_t chains = (n + kChain - 1) / kChain;
  std::vector<T> ends(static_cast<size_t>(chains * width), start);
  for (int64_t c = 0; c < chains; ++c) {
    T* end = ends.data() + c * width;
    for (int64_t k = c * kChain; k < std::min(n, (c + 1) * kChain); ++k) {
      for (int64_t i = 0; i < width; ++i) y[k * step + i] = end[i] = f(end[i], x[k * step + i]);
    }
  }
  if (chains <= 1) return;
  std::vector<T> offsets(ends.size());
  run(ends.data(), offsets.data(), chains, width, width, start, f);
  for (int64_t k = kChain; k < n; ++k) {
    const T* offset = offsets.data() + (k / kChain - 1) * width;
    for (int64_t i = 0; i < width; ++i) y[k * step + i] = f(offset[i], y[k * step + i]);
  }
}

constexpr int64_t kColumns = 64;  // that are taken together

// body(where element 0 of some columns of [outer, n, inner] lies, their number) for all columns.
template <class Body> void for_columns(int64_t outer, int64_t n, int64_t inner, const Body& body) {
  const int64_t tiles = (inner + kColumns - 1) / kColumns;
  parallel_for(outer * tiles, std::max<int64_t>(1, kElementGrain / (n * std::min(inner, kColumns))),
               [&](int64_t begin, int64_t end) {
                 for (int64_t t = begin; t < end; ++t) {
                   const int64_t column = t % tiles * kColumns;
                   body(t / tiles * n * inner + column, std::min(kColumns, inner - column));
                 }
               });
}

}  // namespace

void cumulate(Cumulation op, const Tensor& x, bool reverse, const Tensor& y) {
  const int64_t n = x.size(1), inner = x.size(2), step = reverse ? -inner : inner;
  visit_dtype(x.dtype(), [&]<class T>(T) {
    if constexpr (sizeof(T) == 1) {
      refuse_dtype(x.dtype(), "float32, float64, int32 or int64");
    } else {
      for_columns(x.size(0), n, inner, [&](int64_t first, int64_t width) {
        const int64_t at = first + (reverse ? (n - 1) * inner : 0);
        const T* from = x.data_as<T>() + at;
        T* to = y.mutable_data_as<T>() + at;
        if (op == Cumulation::sum) run(from, to, n, step, width, T{0}, [](T a, T b) { return scalar_ops::add(a, b); });
        else run(from, to, n, step, width, T{1}, [](T a, T b) { return scalar_ops::mul(a, b); });
      });
    }
  });
}

void recurrence(const Tensor& m, const Tensor& b, bool reverse, const Tensor& y) {
  const int64_t n = b.size(1), inner = b.size(2);
  visit_floating(b.dtype(), [&]<class T>(T) {
    for_columns(b.size(0), n, inner, [&](int64_t first, int64_t width) {
      const T* add = b.data_as<T>() + first;
      const T* factor = m.data_as<T>() + first - first / (n * inner) * inner;  // m has a row less for each outer index
      T* to = y.mutable_data_as<T>() + first;
      const int64_t start = reverse ? (n - 1) * inner : 0;
      std::copy_n(add + start, width, to + start);
      for (int64_t k = 1; k < n; ++k) {
        const int64_t row = reverse ? n - 1 - k : k, before = reverse ? row + 1 : row - 1, edge = std::min(row, before);
        for (int64_t i = 0; i < width; ++i)
          to[row * inner + i] = factor[edge * inner + i] * to[before * inner + i] + add[row * inner + i];
      }
    });
  });
}

}  // namespace stet::cpu_kernels
