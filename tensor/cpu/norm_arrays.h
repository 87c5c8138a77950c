// The arrays that the passes of batch norm and layer norm are given.
#pragma once

#include <cstdint>

namespace stet::cpu_kernels {

/// [n, c, p]: n samples of c channels, p elements a plane.
struct Planes {
  int64_t n, c, p;
};

/// The planes of samples begin … end - 1 and of some neighbouring channels.
struct PlaneRange {
  int64_t begin, end, channel, channels;
};

/// y = activation((x - centre) * factor + shift + residual), by channel but for the residual; centre and residual may
/// be null.
struct Normalising {
  const float *x, *centre, *factor, *shift, *residual;
  float* y;
  bool relu;
};

/// The gradient's arrays; centre, factor and shift are those of the forward pass. `masked`, where it is not null, is
/// given g where y > 0, else +0; without it relu's mask comes from x.
struct Differentiating {
  const float *g, *x, *y, *centre, *factor, *shift, *level, *slope;
  float *masked, *dx;
  bool relu;
};

/// Layer norm of x [rows, d]; weight and bias may be null.
struct LayerNormArrays {
  const float *x, *weight, *bias;
  float *y, *mean, *rest, *scale;
  int64_t d;
  float epsilon;
};

struct LayerNormGradientArrays {
  const float *g, *x, *weight, *mean, *rest, *scale;
  float* dx;
  int64_t d;
};

/// Group norm of x [n, groups, channels, plane]: rows of `channels` planes; weight and bias may be null.
struct GroupNormArrays {
  const float *x, *weight, *bias;
  float *y, *mean, *rest, *scale;
  int64_t groups, channels, plane;
  float epsilon;
};

/// dweight and dbias are each sample's sums, [n, groups * channels]; dx may be g.
struct GroupNormGradientArrays {
  const float *g, *x, *weight, *mean, *rest, *scale;
  float *dx, *dweight, *dbias;
  int64_t groups, channels, plane;
};

/// Of rms_norm, x [rows, d]; the weight may be null.
struct RmsNormArrays {
  const float *x, *weight;
  float *y, *scale;
  int64_t d;
  float epsilon;
};

/// dx may be g.
struct RmsNormGradientArrays {
  const float *g, *x, *weight, *scale;
  float* dx;
  int64_t d;
};

}  // namespace stet::cpu_kernels
