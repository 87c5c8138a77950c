// Layer norm row by row: a row stays in the first cache from its sums to its result.
#include <algorithm>
#include <cmath>

#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/norm_arrays.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/norm_centre.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/norm_layer_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "stet/tensor/cpu/norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Elements of the rows that go through a pass together, so that one's divisions overlap with another's, and stay in the
// first cache. The rows behind them are fetched meanwhile, and what they write to too: a store that misses holds up
// those behind it.
constexpr int64_t kGroup = 1024;

// Lambdas for sums hold what they use by value: what they held by reference, each store would make the machine load
// again.
template <bool kWeight, bool kBias> void rows_as(const LayerNormArrays& a, int64_t begin, int64_t end) {
  const auto count = static_cast<float>(a.d);
  const float *weight = a.weight, *bias = a.bias;
  const int64_t group = std::max<int64_t>(1, kGroup / a.d);
  float *mean = a.mean, *rest = a.rest, *scale = a.scale;
  for (int64_t first = begin; first < end; first += group) {
    const int64_t last = std::min(end, first + group);
    for (int64_t r = first; r < last; ++r) {
      const float *x = a.x + r * a.d, *y = a.y + r * a.d;
      rest[r] = row_origin(x, a.d);
      row_sums<1>(
          0, a.d,
          [=, origin = rest[r]](auto d, int64_t i, RowVector* out) HWY_ATTR {
            hwy::Prefetch(y + i);
            out[0] = hn::Sub(load_at(d, x + i), splat(origin));
          },
          mean + r);
    }
    for_elements(last - first, [&](auto d, int64_t i) HWY_ATTR {
      RowVector centre, left;
      const auto offset = hn::Div(load_at(d, mean + first + i), splat(count));
      centres_of(load_at(d, rest + first + i), offset, centre, left);
      store_at(centre, d, mean + first + i);
      store_at(left, d, rest + first + i);
    });
    for (int64_t r = first; r < last; ++r) {
      const float *x = a.x + r * a.d, *next = a.x + std::min(end - 1, r + group) * a.d;
      row_sums<1>(
          0, a.d,
          [=, m = mean[r]](auto d, int64_t i, RowVector* out) HWY_ATTR {
            hwy::Prefetch(next + i);
            const auto centred = hn::Sub(load_at(d, x + i), splat(m));
            out[0] = hn::Mul(centred, centred);
          },
          scale + r);
    }
    for_elements(last - first, [&](auto d, int64_t i) HWY_ATTR {
      const auto left = load_at(d, rest + first + i), square = hn::Div(load_at(d, scale + first + i), splat(count));
      const auto variance = hn::Sub(square, hn::Mul(left, left));
      store_at(hn::Div(splat(1), hn::Sqrt(hn::Add(variance, splat(a.epsilon)))), d, scale + first + i);
    });
    for (int64_t r = first; r < last; ++r) {
      const float* x = a.x + r * a.d;
      float* y = a.y + r * a.d;
      for_elements(a.d, [&, m = mean[r], left = rest[r], f = scale[r]](auto d, int64_t i) HWY_ATTR {
        auto z = hn::Mul(hn::Sub(hn::Sub(load_at(d, x + i), splat(m)), splat(left)), splat(f));
        if (kWeight) z = hn::Mul(z, load_at(d, weight + i));
        if (kBias) z = hn::Add(z, load_at(d, bias + i));
        store_at(z, d, y + i);
      });
    }
  }
}

template <bool kWeight>
void gradient_rows_as(const LayerNormGradientArrays& a, int64_t begin, int64_t end, float* dweight, float* dbias) {
  const auto count = static_cast<float>(a.d);
  const float* weight = a.weight;
  const int64_t ahead = std::max<int64_t>(1, kGroup / a.d);
  std::fill(dweight, dweight + a.d, 0.0f);
  std::fill(dbias, dbias + a.d, 0.0f);
  for (int64_t r = begin; r < end; ++r) {
    const float *x = a.x + r * a.d, *g = a.g + r * a.d;
    float* dx = a.dx + r * a.d;
    const float mean = a.mean[r], rest = a.rest[r], scale = a.scale[r];
    const int64_t later = std::min(end - 1, r + ahead);
    const float *next_x = a.x + later * a.d, *next_g = a.g + later * a.d;
    const auto centred = [=](auto d, int64_t i) HWY_ATTR { return hn::Sub(load_at(d, x + i), splat(mean)); };
    const auto weighted = [=](auto d, int64_t i) HWY_ATTR {
      const auto v = load_at(d, g + i);
      if constexpr (kWeight) return hn::Mul(v, load_at(d, weight + i));
      else return v;
    };
    float sums[2];
    row_sums<2>(
        0, a.d,
        [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
          hwy::Prefetch(dx + i);
          out[0] = weighted(d, i);
          out[1] = hn::Mul(out[0], centred(d, i));
        },
        sums);
    const float level = sums[0] / count, slope = ((sums[1] - rest * sums[0]) * scale) / count;
    for_elements(a.d, [&](auto d, int64_t i) HWY_ATTR {
      hwy::Prefetch(next_x + i);
      hwy::Prefetch(next_g + i);
      const auto h = hn::Mul(hn::Sub(centred(d, i), splat(rest)), splat(scale)), v = load_at(d, g + i);
      const auto rest = hn::Sub(hn::Sub(weighted(d, i), splat(level)), hn::Mul(h, splat(slope)));
      store_at(hn::Mul(rest, splat(scale)), d, dx + i);
      store_at(hn::Add(load_at(d, dweight + i), hn::Mul(v, h)), d, dweight + i);
      store_at(hn::Add(load_at(d, dbias + i), v), d, dbias + i);
    });
  }
}

}  // namespace

void layer_norm_rows(const LayerNormArrays& a, int64_t begin, int64_t end) {
  if (a.weight && a.bias) return rows_as<true, true>(a, begin, end);
  if (a.weight) return rows_as<true, false>(a, begin, end);
  if (a.bias) return rows_as<false, true>(a, begin, end);
  rows_as<false, false>(a, begin, end);
}

void layer_norm_gradient_rows(const LayerNormGradientArrays& a, int64_t begin, int64_t end, float* dweight,
                              float* dbias) {
  if (a.weight) return gradient_rows_as<true>(a, begin, end, dweight, dbias);
  gradient_rows_as<false>(a, begin, end, dweight, dbias);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/reduce_rows.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/workspace.h"

namespace stet::cpu_kernels {

HWY_EXPORT(layer_norm_rows);
HWY_EXPORT(layer_norm_gradient_rows);

namespace {

const float* floats(const Tensor& t) { return t.defined() ? t.data_as<float>() : nullptr; }

}  // namespace

void layer_norm(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics) {
  const int64_t rows = in.x.size(0), d = in.x.size(1);
  const LayerNormArrays a{floats(in.x),
                          floats(in.weight),
                          floats(in.bias),
                          y.mutable_data_as<float>(),
                          statistics.mean.mutable_data_as<float>(),
                          statistics.rest.mutable_data_as<float>(),
                          statistics.scale.mutable_data_as<float>(),
                          d,
                          static_cast<float>(in.epsilon)};
  parallel_for(rows, std::max<int64_t>(1, kElementGrain / d), [&](int64_t begin, int64_t end) {
    STET_DISPATCH(layer_norm_rows)(a, begin, end);
  });
}

void layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                         const LayerNormGradients& to) {
  constexpr int64_t kChain = contract::kSumChain;
  const int64_t rows = in.x.size(0), d = in.x.size(1), chains = (rows + kChain - 1) / kChain;
  const LayerNormGradientArrays a{floats(g),
                                  floats(in.x),
                                  floats(in.weight),
                                  floats(statistics.mean),
                                  floats(statistics.rest),
                                  floats(statistics.scale),
                                  to.x.mutable_data_as<float>(),
                                  d};
  // Each chain's sums over its rows: [chains, 2, d]; without rows too there is a place to begin from.
  static thread_local Workspace workspace;
  float* sums = workspace.get<float>(std::max<int64_t>(1, chains) * 2 * d);
  parallel_for(chains, std::max<int64_t>(1, kElementGrain / (kChain * d)), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      float* at = sums + k * 2 * d;
      STET_DISPATCH(layer_norm_gradient_rows)(a, k * kChain, std::min(rows, (k + 1) * kChain), at, at + d);
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
