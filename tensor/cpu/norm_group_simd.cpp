// Group norm and the norm by the root of the mean square, row by row: a row stays in cache from its sums to its result.
#include <algorithm>
#include <cmath>

#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/norm_arrays.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/norm_centre.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/norm_group_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/cpu/norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Elements of the rows of rms_norm that go through a pass together, so that one's division overlaps with another's.
constexpr int64_t kTogether = 1024;

}  // namespace

void group_norm_rows(const GroupNormArrays& a, int64_t begin, int64_t end) {
  const int64_t row = a.channels * a.plane;
  const auto count = static_cast<float>(row);
  for (int64_t r = begin; r < end; ++r) {
    const float* x = a.x + r * row;
    float sum[1];
    row_sums<1>(
        0, row,
        [=, origin = row_origin(x, row)](auto d, int64_t i, RowVector* out)
            HWY_ATTR { out[0] = hn::Sub(load_at(d, x + i), splat(origin)); },
        sum);
    const Centre centre = centre_of(row_origin(x, row), sum[0] / count);
    row_sums<1>(
        0, row,
        [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
          const auto centred = hn::Sub(load_at(d, x + i), splat(centre.mean));
          out[0] = hn::Mul(centred, centred);
        },
        sum);
    const float variance = sum[0] / count - centre.rest * centre.rest, scale = 1 / std::sqrt(variance + a.epsilon);
    a.mean[r] = centre.mean, a.rest[r] = centre.rest, a.scale[r] = scale;
    for (int64_t k = 0; k < a.channels; ++k) {
      const int64_t channel = r % a.groups * a.channels + k;
      const float *from = x + k * a.plane, weight = a.weight ? a.weight[channel] : 1,
                  bias = a.bias ? a.bias[channel] : 0;
      float* y = a.y + r * row + k * a.plane;
      for_elements(a.plane, [&](auto d, int64_t i) HWY_ATTR {
        auto z = hn::Mul(hn::Sub(hn::Sub(load_at(d, from + i), splat(centre.mean)), splat(centre.rest)), splat(scale));
        if (a.weight) z = hn::Mul(z, splat(weight));
        if (a.bias) z = hn::Add(z, splat(bias));
        store_at(z, d, y + i);
      });
    }
  }
}

void group_norm_gradient_rows(const GroupNormGradientArrays& a, int64_t begin, int64_t end) {
  const int64_t row = a.channels * a.plane;
  const auto count = static_cast<float>(row);
  for (int64_t r = begin; r < end; ++r) {
    const float *x = a.x + r * row, mean = a.mean[r], rest = a.rest[r], scale = a.scale[r];
    float* dx = a.dx + r * row;
    const auto normal = [=](auto d, const float* at) HWY_ATTR {
      return hn::Mul(hn::Sub(hn::Sub(load_at(d, at), splat(mean)), splat(rest)), splat(scale));
    };
    for (int64_t k = 0; k < a.channels; ++k) {
      const int64_t channel = r % a.groups * a.channels + k;
      const float *g = a.g + r * row + k * a.plane, *from = x + k * a.plane;
      float sums[2];
      row_sums<2>(
          0, a.plane,
          [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
            out[1] = load_at(d, g + i);
            out[0] = hn::Mul(out[1], normal(d, from + i));
          },
          sums);
      const int64_t sample = r / a.groups * a.groups * a.channels;
      a.dweight[sample + channel] = sums[0];
      a.dbias[sample + channel] = sums[1];
      // g * weight, in the place of g where dx is there.
      const float weight = a.weight ? a.weight[channel] : 1;
      for_elements(a.plane, [&](auto d, int64_t i) HWY_ATTR {
        const auto v = load_at(d, g + i);
        store_at(a.weight ? hn::Mul(v, splat(weight)) : v, d, dx + k * a.plane + i);
      });
    }
    float sums[2];
    row_sums<2>(
        0, row,
        [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
          out[0] = load_at(d, dx + i);
          out[1] = hn::Mul(out[0], hn::Sub(load_at(d, x + i), splat(mean)));
        },
        sums);
    const float level = sums[0] / count, slope = ((sums[1] - rest * sums[0]) * scale) / count;
    for_elements(row, [&](auto d, int64_t i) HWY_ATTR {
      const auto sloped = hn::Mul(normal(d, x + i), splat(slope));
      const auto z = hn::Sub(hn::Sub(load_at(d, dx + i), splat(level)), sloped);
      store_at(hn::Mul(z, splat(scale)), d, dx + i);
    });
  }
}

void rms_norm_rows(const RmsNormArrays& a, int64_t begin, int64_t end) {
  const auto count = static_cast<float>(a.d);
  const int64_t together = std::max<int64_t>(1, kTogether / a.d);
  for (int64_t first = begin; first < end; first += together) {
    const int64_t last = std::min(end, first + together);
    for (int64_t r = first; r < last; ++r) {
      row_sums<1>(
          0, a.d,
          [x = a.x + r * a.d](auto d, int64_t i, RowVector* out) HWY_ATTR {
            const auto v = load_at(d, x + i);
            out[0] = hn::Mul(v, v);
          },
          a.scale + r);
    }
    for_elements(last - first, [&](auto d, int64_t i) HWY_ATTR {
      const auto square = hn::Div(load_at(d, a.scale + first + i), splat(count));
      store_at(hn::Div(splat(1), hn::Sqrt(hn::Add(square, splat(a.epsilon)))), d, a.scale + first + i);
    });
    for (int64_t r = first; r < last; ++r) {
      const float *x = a.x + r * a.d, scale = a.scale[r];
      float* y = a.y + r * a.d;
      for_elements(a.d, [&](auto d, int64_t i) HWY_ATTR {
        const auto z = hn::Mul(load_at(d, x + i), splat(scale));
        store_at(a.weight ? hn::Mul(z, load_at(d, a.weight + i)) : z, d, y + i);
      });
    }
  }
}

void rms_norm_gradient_rows(const RmsNormGradientArrays& a, int64_t begin, int64_t end, float* dweight) {
  const auto count = static_cast<float>(a.d);
  std::fill(dweight, dweight + a.d, 0.0f);
  for (int64_t r = begin; r < end; ++r) {
    const float *x = a.x + r * a.d, *g = a.g + r * a.d, *weight = a.weight, scale = a.scale[r];
    float* dx = a.dx + r * a.d;
    const auto weighted = [=](auto d, int64_t i) HWY_ATTR {
      const auto v = load_at(d, g + i);
      return weight ? hn::Mul(v, load_at(d, weight + i)) : v;
    };
    const auto normal = [=](auto d, int64_t i) HWY_ATTR { return hn::Mul(load_at(d, x + i), splat(scale)); };
    float sum[1];
    row_sums<1>(
        0, a.d, [=](auto d, int64_t i, RowVector* out) HWY_ATTR { out[0] = hn::Mul(weighted(d, i), normal(d, i)); },
        sum);
    const float slope = sum[0] / count;
    for_elements(a.d, [&](auto d, int64_t i) HWY_ATTR {
      const auto h = normal(d, i), w = weighted(d, i), v = load_at(d, g + i);
      store_at(hn::Add(load_at(d, dweight + i), hn::Mul(v, h)), d, dweight + i);
      store_at(hn::Mul(hn::Sub(w, hn::Mul(h, splat(slope))), splat(scale)), d, dx + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/reduce_rows.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/workspace.h"

namespace stet::cpu_kernels {

HWY_EXPORT(group_norm_rows);
HWY_EXPORT(group_norm_gradient_rows);
HWY_EXPORT(rms_norm_rows);
HWY_EXPORT(rms_norm_gradient_rows);

namespace {

const float* floats(const Tensor& t) { return t.defined() ? t.data_as<float>() : nullptr; }
float* places(const Tensor& t) { return t.defined() ? t.mutable_data_as<float>() : nullptr; }

// y[j] = the sum over n rows of x[:, j], which are `stride` apart.
void sum_columns(const float* x, int64_t stride, int64_t n, int64_t width, float* y) {
  for (int64_t j = 0; j < width; j += kColumnTile)
    reduce_columns(Reduce::sum, x + j, stride, n, std::min(kColumnTile, width - j), y + j);
}

}  // namespace

void group_norm(const GroupNormInputs& in, const Tensor& y, const RowStatistics& statistics) {
  const int64_t n = in.x.size(0), c = in.x.size(1), plane = in.x.size(2);
  const GroupNormArrays a{floats(in.x),
                          floats(in.weight),
                          floats(in.bias),
                          places(y),
                          places(statistics.mean),
                          places(statistics.rest),
                          places(statistics.scale),
                          in.groups,
                          c / in.groups,
                          plane,
                          static_cast<float>(in.epsilon)};
  const int64_t row = std::max<int64_t>(1, a.channels * plane);
  parallel_for(n * in.groups, std::max<int64_t>(1, kElementGrain / row), [&](int64_t begin, int64_t end) {
    STET_DISPATCH(group_norm_rows)(a, begin, end);
  });
}

void group_norm_gradient(const GroupNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                         const GroupNormGradients& to) {
  const int64_t n = in.x.size(0), c = in.x.size(1), plane = in.x.size(2);
  // Each sample's sums over its planes: [2, n, c].
  static thread_local Workspace workspace;
  float* sums = workspace.get<float>(std::max<int64_t>(1, 2 * n * c));
  const GroupNormGradientArrays a{floats(g),
                                  floats(in.x),
                                  floats(in.weight),
                                  floats(statistics.mean),
                                  floats(statistics.rest),
                                  floats(statistics.scale),
                                  places(to.x),
                                  sums,
                                  sums + n * c,
                                  in.groups,
                                  c / in.groups,
                                  plane};
  const int64_t row = std::max<int64_t>(1, a.channels * plane);
  parallel_for(n * in.groups, std::max<int64_t>(1, kElementGrain / row), [&](int64_t begin, int64_t end) {
    STET_DISPATCH(group_norm_gradient_rows)(a, begin, end);
  });
  sum_columns(a.dweight, c, n, c, places(to.weight));
  sum_columns(a.dbias, c, n, c, places(to.bias));
}

void rms_norm(const RmsNormInputs& in, const Tensor& y, const Tensor& scale) {
  const int64_t rows = in.x.size(0), d = in.x.size(1);
  const RmsNormArrays a{floats(in.x), floats(in.weight), places(y), places(scale), d, static_cast<float>(in.epsilon)};
  parallel_for(rows, std::max<int64_t>(1, kElementGrain / d), [&](int64_t begin, int64_t end) {
    STET_DISPATCH(rms_norm_rows)(a, begin, end);
  });
}

void rms_norm_gradient(const RmsNormInputs& in, const Tensor& scale, const Tensor& g, const Tensor& dx,
                       const Tensor& dweight) {
  constexpr int64_t kChain = contract::kSumChain;
  const int64_t rows = in.x.size(0), d = in.x.size(1), chains = (rows + kChain - 1) / kChain;
  const RmsNormGradientArrays a{floats(g), floats(in.x), floats(in.weight), floats(scale), places(dx), d};
  // Each chain's sums over its rows: [chains, d]; without rows too there is a place to begin from.
  static thread_local Workspace workspace;
  float* sums = workspace.get<float>(std::max<int64_t>(1, chains) * d);
  parallel_for(chains, std::max<int64_t>(1, kElementGrain / (kChain * d)), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k)
      STET_DISPATCH(rms_norm_gradient_rows)(a, k * kChain, std::min(rows, (k + 1) * kChain), sums + k * d);
  });
  sum_columns(sums, d, chains, d, places(dweight));
}

}  // namespace stet::cpu_kernels

#endif
