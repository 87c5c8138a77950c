// Batch norm in two passes: planes' sums, then what is written.
#include <algorithm>
#include <cmath>

#include "stet/tensor/cpu/norm_arrays.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/norm_centre.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/norm_batch_simd.cpp"
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

// Calls body(offset of the plane's first element, channel, place of its sums, which lie as [n, channels]).
template <class Body> HWY_INLINE void for_planes(const Planes& s, const PlaneRange& r, const Body& body) {
  for (int64_t n = r.begin; n < r.end; ++n) {
    for (int64_t j = 0; j < r.channels; ++j) body((n * s.c + r.channel + j) * s.p, r.channel + j, n * r.channels + j);
  }
}

// How far ahead of its use to fetch: the machine sees a stream coming, but not where it goes on beyond a page's end.
// One channel's short planes lie apart, so that the next one is what comes.
HWY_INLINE int64_t fetch_distance(const Planes& s, const PlaneRange& r) {
  constexpr int64_t kFar = 2048;
  return r.channels == s.c || s.p > 2 * kFar ? kFar : s.c * s.p;
}

HWY_INLINE RowVector relu(RowVector v) {
  const RowVector zero = splat(0);
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  return hn::Max(zero, v);  // of two zeros, and where one is NaN, the instruction gives the second
#else
  return hn::IfThenElse(hn::Lt(v, zero), zero, v);
#endif
}

template <bool kResidual, bool kRelu> void normalise_as(const Planes& s, const PlaneRange& r, const Normalising& a) {
  const int64_t ahead = fetch_distance(s, r);
  for_planes(s, r, [&](int64_t at, int64_t c, int64_t) HWY_ATTR {
    const bool centred = a.centre != nullptr;
    const float centre = centred ? a.centre[c] : 0, factor = a.factor[c], shift = a.shift[c];
    const float *x = a.x + at, *residual = kResidual ? a.residual + at : nullptr;
    float* y = a.y + at;
    for_elements(s.p, [&](auto d, int64_t i) HWY_ATTR {
      hwy::Prefetch(y + i + ahead);
      if (kResidual) hwy::Prefetch(residual + i + ahead);
      auto z = load_at(d, x + i);
      if (centred) z = hn::Sub(z, splat(centre));
      z = hn::Add(hn::Mul(z, splat(factor)), splat(shift));
      if (kResidual) z = hn::Add(z, load_at(d, residual + i));
      if (kRelu) z = relu(z);
      store_at(z, d, y + i);
    });
  });
}

// The gradient of batch norm's result before the activation, at element i of a plane.
enum class Masked { no, by_input, by_result };

template <Masked kMasked> struct Upstream {
  const float *g, *x, *y;
  float centre, factor, shift;

  template <class D> HWY_INLINE RowVector operator()(D d, int64_t i, RowVector centred) const {
    const auto v = load_at(d, g + i);
    if (kMasked == Masked::no) return v;
    if (kMasked == Masked::by_result) return hn::IfThenElseZero(hn::Gt(load_at(d, y + i), splat(0)), v);
    const auto z = hn::Add(hn::Mul(centred, splat(factor)), splat(shift));
    return hn::IfThenElseZero(hn::Gt(z, splat(0)), v);
  }
  template <class D> HWY_INLINE RowVector centred_at(D d, int64_t i) const {
    return hn::Sub(load_at(d, x + i), splat(centre));
  }
};

template <Masked kMasked> Upstream<kMasked> upstream_of(const Differentiating& a, int64_t at, int64_t c) {
  return {a.g + at, a.x + at, kMasked == Masked::by_result ? a.y + at : nullptr, a.centre[c], a.factor[c], a.shift[c]};
}

template <Masked kMasked>
void gradient_sums_as(const Planes& s, const PlaneRange& r, const Differentiating& a, float* sum_g, float* sum_gx) {
  const int64_t ahead = fetch_distance(s, r);
  for_planes(s, r, [&](int64_t at, int64_t c, int64_t plane) HWY_ATTR {
    const auto upstream = upstream_of<kMasked>(a, at, c);
    float* kept = kMasked == Masked::by_result ? a.masked + at : nullptr;
    float sums[2];
    row_sums<2>(
        0, s.p,
        [&](auto d, int64_t i, RowVector* out) HWY_ATTR {
          hwy::Prefetch(upstream.x + i + ahead);
          hwy::Prefetch(upstream.g + i + ahead);
          if (kMasked == Masked::by_result) {
            hwy::Prefetch(upstream.y + i + ahead);
            hwy::Prefetch(kept + i + ahead);
          }
          const auto centred = upstream.centred_at(d, i);
          out[0] = upstream(d, i, centred);
          out[1] = hn::Mul(out[0], centred);
          if (kMasked == Masked::by_result) store_at(out[0], d, kept + i);
        },
        sums);
    sum_g[plane] = sums[0];
    sum_gx[plane] = sums[1];
  });
}

template <Masked kMasked> void input_gradient_as(const Planes& s, const PlaneRange& r, const Differentiating& a) {
  const int64_t ahead = fetch_distance(s, r);
  for_planes(s, r, [&](int64_t at, int64_t c, int64_t) HWY_ATTR {
    const auto upstream = upstream_of<kMasked>(a, at, c);
    const float level = a.level[c], slope = a.slope[c], factor = a.factor[c];
    float* dx = a.dx + at;
    for_elements(s.p, [&](auto d, int64_t i) HWY_ATTR {
      hwy::Prefetch(dx + i + ahead);
      const auto centred = upstream.centred_at(d, i);
      const auto lowered = hn::Sub(upstream(d, i, centred), splat(level));
      store_at(hn::Mul(hn::Sub(lowered, hn::Mul(centred, splat(slope))), splat(factor)), d, dx + i);
    });
  });
}

}  // namespace

void moments(const Planes& s, const PlaneRange& r, const float* x, const float* origins, float* mean, float* square) {
  const auto count = static_cast<float>(s.p);
  const int64_t ahead = fetch_distance(s, r);
  for_planes(s, r, [&](int64_t at, int64_t c, int64_t plane) HWY_ATTR {
    const float *row = x + at, origin = origins[c];
    float sum;
    row_sums<1>(
        0, s.p,
        [=](auto d, int64_t i, RowVector* out) HWY_ATTR {
          hwy::Prefetch(row + i + ahead);
          out[0] = hn::Sub(load_at(d, row + i), splat(origin));
        },
        &sum);
    const float offset = sum / count;
    row_sums<1>(
        0, s.p,
        [row, m = origin + offset](auto d, int64_t i, RowVector* out) HWY_ATTR {
          const auto centred = hn::Sub(load_at(d, row + i), splat(m));
          out[0] = hn::Mul(centred, centred);
        },
        &square[plane]);
    mean[plane] = offset;
  });
  // The squares are about means without their rests. Planes are many where they are small: all at once.
  for (int64_t n = r.begin; n < r.end; ++n) {
    float *const m = mean + n * r.channels, *const q = square + n * r.channels;
    for_elements(r.channels, [&](auto d, int64_t j) HWY_ATTR {
      RowVector centre, rest;
      centres_of(load_at(d, origins + r.channel + j), load_at(d, m + j), centre, rest);
      store_at(hn::Sub(load_at(d, q + j), hn::Mul(hn::Mul(rest, rest), splat(count))), d, q + j);
    });
  }
}

void normalise(const Planes& s, const PlaneRange& r, const Normalising& a) {
  if (a.residual) return a.relu ? normalise_as<true, true>(s, r, a) : normalise_as<true, false>(s, r, a);
  a.relu ? normalise_as<false, true>(s, r, a) : normalise_as<false, false>(s, r, a);
}

void gradient_sums(const Planes& s, const PlaneRange& r, const Differentiating& a, float* sum_g, float* sum_gx) {
  if (!a.relu) return gradient_sums_as<Masked::no>(s, r, a, sum_g, sum_gx);
  if (a.masked) return gradient_sums_as<Masked::by_result>(s, r, a, sum_g, sum_gx);
  gradient_sums_as<Masked::by_input>(s, r, a, sum_g, sum_gx);
}

void input_gradient(const Planes& s, const PlaneRange& r, const Differentiating& a) {
  if (!a.relu) return input_gradient_as<Masked::no>(s, r, a);
  input_gradient_as<Masked::by_input>(s, r, a);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/reduce_rows.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/workspace.h"

namespace stet::cpu_kernels {

HWY_EXPORT(moments);
HWY_EXPORT(normalise);
HWY_EXPORT(gradient_sums);
HWY_EXPORT(input_gradient);

namespace {

// Elements of arrays that a cache shared with others does not keep; measured.
constexpr int64_t kLarge = int64_t{1} << 21;

Planes planes_of(const Tensor& x) { return {x.size(0), x.size(1), x.size(2)}; }

const float* floats(const Tensor& t) { return t.defined() ? t.data_as<float>() : nullptr; }

float scale_of(float variance, float epsilon) { return 1 / std::sqrt(variance + epsilon); }

float factor_of(const float* weight, float scale, int64_t c) { return weight ? weight[c] * scale : scale; }

// bias - rest * factor: what is added after the factor, where `rest` is still to be taken from the input before it.
float shift_of(const float* bias, float rest, float factor, int64_t c) {
  const float down = rest * factor;
  return bias ? bias[c] - down : -down;
}

// Sums over n of values [n, width], in the order of a run without the last axis.
void sum_over_batch(const float* values, int64_t n, int64_t width, float* y) {
  for (int64_t j = 0; j < width; j += kColumnTile) {
    reduce_columns(Reduce::sum, values + j, width, n, std::min(kColumnTile, width - j), y + j);
  }
}

// For channels together or one after another: first(range, sums), where sums are 3 arrays [n, channels]; combine(range,
// sums); second(range). All channels together go through memory from end to end, twice. Where planes fill pages, and
// the `large` elements that an array has would not wait in the cache for the second time, channels go one by one:
// theirs do.
template <class First, class Combine, class Second>
void by_channels(const Planes& s, int64_t large, const First& first, const Combine& combine, const Second& second) {
  constexpr int64_t kPage = 1024;
  if (s.p >= kPage && s.n * s.c * s.p >= large && s.c >= threads()) {
    return parallel_for(s.c, 1, [&](int64_t begin, int64_t end) {
      thread_local Workspace workspace;
      float* sums = workspace.get<float>(3 * s.n);
      for (int64_t c = begin; c < end; ++c) {
        const PlaneRange r{0, s.n, c, 1};
        first(r, sums);
        combine(r, sums);
        second(r);
      }
    });
  }
  static thread_local Workspace workspace;
  float* sums = workspace.get<float>(3 * s.n * s.c);
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, s.p * s.c));
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) { first(PlaneRange{begin, end, 0, s.c}, sums); });
  combine(PlaneRange{0, s.n, 0, s.c}, sums);
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) { second(PlaneRange{begin, end, 0, s.c}); });
}

// The range's offsets and variances from its planes' means m about the origin and squares q, [n, channels] each;
// `spread` is for work.
void batch_statistics(const Planes& s, const PlaneRange& r, const float* m, const float* q, float* spread,
                      float* offset, float* variance) {
  const auto samples = static_cast<float>(s.n), plane = static_cast<float>(s.p), count = static_cast<float>(s.n * s.p);
  const int64_t width = r.channels;
  sum_over_batch(m, s.n, width, offset);
  for (int64_t j = 0; j < width; ++j) offset[j] = offset[j] / samples;
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t j = 0; j < width; ++j) {
      const float off = m[n * width + j] - offset[j];
      spread[n * width + j] = off * off;
    }
  }
  sum_over_batch(q, s.n, width, variance);
  for (int64_t j = 0; j < width; j += kColumnTile) {
    float between[kColumnTile];
    const int64_t tile = std::min(kColumnTile, width - j);
    reduce_columns(Reduce::sum, spread + j, width, s.n, tile, between);
    for (int64_t k = 0; k < tile; ++k) variance[j + k] = (variance[j + k] + between[k] * plane) / count;
  }
}

}  // namespace

void batch_norm(const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics) {
  const Planes s = planes_of(in.x);
  float *mean = statistics.mean.mutable_data_as<float>(), *variance = statistics.variance.mutable_data_as<float>(),
        *rest = statistics.rest.mutable_data_as<float>();
  static thread_local Workspace workspace;
  float *origin = workspace.get<float>(3 * s.c), *factor = origin + s.c, *shift = factor + s.c;
  const float *weight = floats(in.weight), *bias = floats(in.bias), *x = floats(in.x);
  const auto epsilon = static_cast<float>(in.epsilon);
  for (int64_t c = 0; s.n * s.p > 0 && c < s.c; ++c) origin[c] = channel_origin(x, s.n, s.c, s.p, c);
  const Normalising a{
      x, mean, factor, shift, floats(in.residual), y.mutable_data_as<float>(), in.activation == Activation::relu};
  by_channels(
      s, kLarge,
      [&](const PlaneRange& r, float* sums) {
        STET_DISPATCH(moments)
        (s, r, x, origin, sums, sums + s.n * r.channels);
      },
      [&](const PlaneRange& r, float* sums) {
        const int64_t size = s.n * r.channels, c = r.channel;
        float* offset = mean + c;  // until it is added to the origin
        batch_statistics(s, r, sums, sums + size, sums + 2 * size, offset, variance + c);
        for (int64_t j = c; j < c + r.channels; ++j) {
          const Centre centre = centre_of(origin[j], mean[j]);
          mean[j] = centre.mean;
          rest[j] = centre.rest;
          factor[j] = factor_of(weight, scale_of(variance[j], epsilon), j);
          shift[j] = shift_of(bias, rest[j], factor[j], j);
        }
      },
      [&](const PlaneRange& r) {
        STET_DISPATCH(normalise)
        (s, r, a);
      });
}

void batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y) {
  const Planes s = planes_of(in.x);
  static thread_local Workspace workspace;
  float *factor = workspace.get<float>(2 * s.c), *shift = factor + s.c;
  const float *weight = floats(in.weight), *bias = floats(in.bias), *mean = floats(statistics.mean),
              *variance = floats(statistics.variance);
  for (int64_t c = 0; c < s.c; ++c) {
    factor[c] = factor_of(weight, scale_of(variance[c], static_cast<float>(in.epsilon)), c);
    shift[c] = shift_of(bias, mean[c], factor[c], c);
  }
  const Normalising a{floats(in.x),
                      nullptr,
                      factor,
                      shift,
                      floats(in.residual),
                      y.mutable_data_as<float>(),
                      in.activation == Activation::relu};
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, s.p * s.c));
  parallel_for(s.n, grain, [&](int64_t begin, int64_t end) {
    STET_DISPATCH(normalise)(s, PlaneRange{begin, end, 0, s.c}, a);
  });
}

void batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y, const Tensor& g,
                         const BatchNormGradients& to) {
  const Planes s = planes_of(in.x);
  static thread_local Workspace workspace;
  float *scale = workspace.get<float>(5 * s.c), *factor = scale + s.c, *shift = factor + s.c, *level = shift + s.c,
        *slope = level + s.c;
  const float *weight = floats(in.weight), *bias = floats(in.bias), *variance = floats(statistics.variance),
              *rest = floats(statistics.rest);
  for (int64_t c = 0; c < s.c; ++c) {
    scale[c] = scale_of(variance[c], static_cast<float>(in.epsilon));
    factor[c] = factor_of(weight, scale[c], c);
    shift[c] = shift_of(bias, rest[c], factor[c], c);
  }
  float *dweight = to.weight.mutable_data_as<float>(), *dbias = to.bias.mutable_data_as<float>();
  Differentiating a{.g = floats(g),
                    .x = floats(in.x),
                    .y = floats(y),
                    .centre = floats(statistics.mean),
                    .factor = factor,
                    .shift = shift,
                    .level = level,
                    .slope = slope,
                    .masked = nullptr,
                    .dx = to.x.mutable_data_as<float>(),
                    .relu = in.activation == Activation::relu};
  if (to.residual.defined()) a.masked = to.residual.mutable_data_as<float>();
  // The second pass finds the masked gradient ready where the first one kept it.
  Differentiating ready = a;
  if (a.masked) ready.g = a.masked, ready.relu = false;
  const auto count = static_cast<float>(s.n * s.p);
  by_channels(
      s, a.masked ? kLarge : kLarge / 2,
      [&](const PlaneRange& r, float* sums) {
        STET_DISPATCH(gradient_sums)
        (s, r, a, sums, sums + s.n * r.channels);
      },
      [&](const PlaneRange& r, float* sums) {
        const int64_t c = r.channel;
        sum_over_batch(sums, s.n, r.channels, dbias + c);
        sum_over_batch(sums + s.n * r.channels, s.n, r.channels, dweight + c);
        for (int64_t j = c; j < c + r.channels; ++j) {
          dweight[j] = (dweight[j] - rest[j] * dbias[j]) * scale[j];
          slope[j] = (dweight[j] * scale[j]) / count;
          level[j] = dbias[j] / count - rest[j] * slope[j];
        }
      },
      [&](const PlaneRange& r) {
        STET_DISPATCH(input_gradient)
        (s, r, ready);
      });
}

}  // namespace stet::cpu_kernels

#endif
