// Axes at another size, by tables of taps.
#include <algorithm>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/resample_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// y[i] = the sum of weights[t] · x[sources[t] · inner + i] over `count` taps, at least one.
template <class T>
void add_rows(const T* x, const int64_t* sources, const T* weights, int64_t count, int64_t inner, T* y) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= inner; i += lanes) {
    auto sum = hn::Mul(hn::Set(d, weights[0]), hn::LoadU(d, x + sources[0] * inner + i));
    for (int64_t t = 1; t < count; ++t)
      sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[t]), hn::LoadU(d, x + sources[t] * inner + i)));
    hn::StoreU(sum, d, y + i);
  }
  for (; i < inner; ++i) {
    T sum = weights[0] * x[sources[0] * inner + i];
    for (int64_t t = 1; t < count; ++t) sum += weights[t] * x[sources[t] * inner + i];
    y[i] = sum;
  }
}

}  // namespace

void add_float_rows(const float* x, const int64_t* sources, const float* weights, int64_t count, int64_t inner,
                    float* y) {
  add_rows(x, sources, weights, count, inner, y);
}
void add_double_rows(const double* x, const int64_t* sources, const double* weights, int64_t count, int64_t inner,
                     double* y) {
  add_rows(x, sources, weights, count, inner, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(add_float_rows);
HWY_EXPORT(add_double_rows);

void resample(const Tensor& x, const Taps& taps, const Tensor& y) {
  const int64_t n = x.size(1), m = y.size(1), inner = x.size(2);
  const int64_t *starts = taps.starts.data_as<int64_t>(), *sources = taps.sources.data_as<int64_t>();
  visit_floating(x.dtype(), [&]<class T>(T) {
    const auto add = STET_DISPATCH_OF(T, add_float_rows, add_double_rows);
    const T *from = x.data_as<T>(), *weights = taps.weights.data_as<T>();
    T* to = y.mutable_data_as<T>();
    const auto resample_row = [&](const T* plane, int64_t j, T* row) {
      const int64_t begin = starts[j], end = starts[j + 1];
      if (begin == end) return void(std::fill_n(row, inner, T{0}));
      add(plane, sources + begin, weights + begin, end - begin, inner, row);
    };
    const auto resample_line = [&](const T* line, T* result) {
      for (int64_t j = 0, t = 0; j < m; ++j) {
        T sum = t < starts[j + 1] ? weights[t] * line[sources[t]] : T{0};
        for (++t; t < starts[j + 1]; ++t) sum += weights[t] * line[sources[t]];
        t = starts[j + 1];
        result[j] = sum;
      }
    };
    parallel_for(x.size(0), std::max<int64_t>(1, kElementGrain / (m * inner)), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        if (inner == 1) resample_line(from + o * n, to + o * m);
        else
          for (int64_t j = 0; j < m; ++j) resample_row(from + o * n * inner, j, to + (o * m + j) * inner);
      }
    });
  });
}

}  // namespace stet::cpu_kernels
#endif
