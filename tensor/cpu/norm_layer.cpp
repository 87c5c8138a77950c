// Layer norm row by row: a row stays in the first cache from its sums to its result.
#include <algorithm>
#include <cmath>

#include "stet/tensor/cpu/norm.h"
#include "stet/tensor/cpu/norm_arrays.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/norm_layer.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "hwy/cache_control.h"
#include "stet/tensor/cpu/norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using stet::HWY_NAMESPACE::ForElements;
using stet::HWY_NAMESPACE::LoadAt;
using stet::HWY_NAMESPACE::RowSums;
using stet::HWY_NAMESPACE::RowVector;
using stet::HWY_NAMESPACE::Splat;
using stet::HWY_NAMESPACE::StoreAt;

// Rows that go side by side: one's sums alone would wait for each addition. What the sums' lambdas hold they hold by value, so that no
// store could change it.
constexpr int kTogether = 2;

template <int kRows, bool kWeight, bool kBias> HWY_INLINE void RowsAt(const LayerNormArrays& a, int64_t r, int64_t ahead) {
  const auto count = static_cast<float>(a.d);
  const float *weight = a.weight, *bias = a.bias, *x[kRows];
  float *y[kRows], sums[kRows], mean[kRows], scale[kRows];
  for (int k = 0; k < kRows; ++k) x[k] = a.x + (r + k) * a.d, y[k] = a.y + (r + k) * a.d;
  RowSums<kRows>(0, a.d, [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
    for (int k = 0; k < kRows; ++k) out[k] = LoadAt(d, x[k] + i);
  }, sums);
  for (int k = 0; k < kRows; ++k) mean[k] = sums[k] / count;
  RowSums<kRows>(0, a.d, [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
    for (int k = 0; k < kRows; ++k) {
      hwy::Prefetch(x[k] + i + ahead);
      const auto centred = hn::Sub(LoadAt(d, x[k] + i), Splat(mean[k]));
      out[k] = hn::Mul(centred, centred);
    }
  }, sums);
  for (int k = 0; k < kRows; ++k) scale[k] = 1 / std::sqrt(sums[k] / count + a.epsilon);
  ForElements(a.d, [&](auto d, int64_t i) HWY_ATTR {
    for (int k = 0; k < kRows; ++k) {
      auto z = hn::Mul(hn::Sub(LoadAt(d, x[k] + i), Splat(mean[k])), Splat(scale[k]));
      if (kWeight) z = hn::Mul(z, LoadAt(d, weight + i));
      if (kBias) z = hn::Add(z, LoadAt(d, bias + i));
      StoreAt(z, d, y[k] + i);
    }
  });
  for (int k = 0; k < kRows; ++k) a.mean[r + k] = mean[k], a.scale[r + k] = scale[k];
}

template <bool kWeight, bool kBias> void RowsAs(const LayerNormArrays& a, int64_t begin, int64_t end) {
  int64_t r = begin;
  for (; r + kTogether <= end; r += kTogether) {
    RowsAt<kTogether, kWeight, kBias>(a, r, r + 2 * kTogether <= end ? kTogether * a.d : 0);
  }
  for (; r < end; ++r) RowsAt<1, kWeight, kBias>(a, r, 0);
}

template <int kRows, bool kWeight>
HWY_INLINE void GradientRowsAt(const LayerNormGradientArrays& a, int64_t r, float* dweight, float* dbias) {
  const auto count = static_cast<float>(a.d);
  const float *weight = a.weight, *x[kRows], *g[kRows];
  float *dx[kRows], mean[kRows], scale[kRows], sums[2 * kRows], level[kRows], slope[kRows];
  for (int k = 0; k < kRows; ++k) {
    const int64_t at = (r + k) * a.d;
    x[k] = a.x + at, g[k] = a.g + at, dx[k] = a.dx + at, mean[k] = a.mean[r + k], scale[k] = a.scale[r + k];
  }
  const auto normal = [=](auto d, int k, int64_t i) HWY_ATTR {
    return hn::Mul(hn::Sub(LoadAt(d, x[k] + i), Splat(mean[k])), Splat(scale[k]));
  };
  const auto weighted = [=](auto d, RowVector v, int64_t i) HWY_ATTR {
    if constexpr (kWeight) return hn::Mul(v, LoadAt(d, weight + i));
    else return v;
  };
  RowSums<2 * kRows>(0, a.d, [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
    for (int k = 0; k < kRows; ++k) {
      out[2 * k] = weighted(d, LoadAt(d, g[k] + i), i);
      out[2 * k + 1] = hn::Mul(out[2 * k], normal(d, k, i));
    }
  }, sums);
  for (int k = 0; k < kRows; ++k) level[k] = sums[2 * k] / count, slope[k] = sums[2 * k + 1] / count;
  ForElements(a.d, [&](auto d, int64_t i) HWY_ATTR {
    RowVector sum_gh = LoadAt(d, dweight + i), sum_g = LoadAt(d, dbias + i);
    for (int k = 0; k < kRows; ++k) {
      const RowVector h = normal(d, k, i), v = LoadAt(d, g[k] + i);
      const RowVector rest = hn::Sub(hn::Sub(weighted(d, v, i), Splat(level[k])), hn::Mul(h, Splat(slope[k])));
      StoreAt(hn::Mul(rest, Splat(scale[k])), d, dx[k] + i);
      sum_gh = hn::Add(sum_gh, hn::Mul(v, h));
      sum_g = hn::Add(sum_g, v);
    }
    StoreAt(sum_gh, d, dweight + i);
    StoreAt(sum_g, d, dbias + i);
  });
}

template <bool kWeight>
void GradientRowsAs(const LayerNormGradientArrays& a, int64_t begin, int64_t end, float* dweight, float* dbias) {
  std::fill(dweight, dweight + a.d, 0.0f);
  std::fill(dbias, dbias + a.d, 0.0f);
  int64_t r = begin;
  for (; r + kTogether <= end; r += kTogether) GradientRowsAt<kTogether, kWeight>(a, r, dweight, dbias);
  for (; r < end; ++r) GradientRowsAt<1, kWeight>(a, r, dweight, dbias);
}

}  // namespace

void LayerNormRows(const LayerNormArrays& a, int64_t begin, int64_t end) {
  if (a.weight && a.bias) return RowsAs<true, true>(a, begin, end);
  if (a.weight) return RowsAs<true, false>(a, begin, end);
  if (a.bias) return RowsAs<false, true>(a, begin, end);
  RowsAs<false, false>(a, begin, end);
}

void LayerNormGradientRows(const LayerNormGradientArrays& a, int64_t begin, int64_t end, float* dweight, float* dbias) {
  if (a.weight) return GradientRowsAs<true>(a, begin, end, dweight, dbias);
  GradientRowsAs<false>(a, begin, end, dweight, dbias);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/reduce_rows.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/workspace.h"

namespace stet::cpu_kernels {

HWY_EXPORT(LayerNormRows);
HWY_EXPORT(LayerNormGradientRows);

namespace {

const float* floats(const Tensor& t) { return t.defined() ? t.data_as<float>() : nullptr; }

}  // namespace

void layer_norm(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics) {
  const int64_t rows = in.x.size(0), d = in.x.size(1);
  const LayerNormArrays a{floats(in.x), floats(in.weight), floats(in.bias), y.mutable_data_as<float>(),
                          statistics.mean.mutable_data_as<float>(), statistics.scale.mutable_data_as<float>(), d,
                          static_cast<float>(in.epsilon)};
  parallel_for(rows, std::max<int64_t>(1, kElementGrain / d), [&](int64_t begin, int64_t end) {
    STET_DISPATCH(LayerNormRows)(a, begin, end);
  });
}

void layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g, const LayerNormGradients& to) {
  constexpr int64_t kChain = 64;
  const int64_t rows = in.x.size(0), d = in.x.size(1), chains = (rows + kChain - 1) / kChain;
  const LayerNormGradientArrays a{floats(g), floats(in.x), floats(in.weight), floats(statistics.mean), floats(statistics.scale),
                                  to.x.mutable_data_as<float>(), d};
  // Each chain's sums over its rows: [chains, 2, d].
  static thread_local Workspace workspace;
  float* sums = workspace.get<float>(chains * 2 * d);
  parallel_for(chains, std::max<int64_t>(1, kElementGrain / (kChain * d)), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      float* at = sums + k * 2 * d;
      STET_DISPATCH(LayerNormGradientRows)(a, k * kChain, std::min(rows, (k + 1) * kChain), at, at + d);
    }
  });
  for (int64_t j = 0; j < d; j += kColumnTile) {
    const int64_t width = std::min(kColumnTile, d - j);
    reduce_columns(Reduce::sum, sums + j, 2 * d, chains, width, to.weight.mutable_data_as<float>() + j);
    reduce_columns(Reduce::sum, sums + d + j, 2 * d, chains, width, to.bias.mutable_data_as<float>() + j);
  }
}

}  // namespace stet::cpu_kernels

#endif
