// Statistics and norms, composed of sums and extremes.
#include "stet/tensor/ops/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/masks.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// x's shape with extent 1 in place of the reduced axes, in which a result spreads over x.
struct Extents {
  std::vector<int64_t> kept;
  int64_t count = 1;
};

Extents reduced(const char* op, const Tensor& x, const Axes& axes) {
  Extents r{x.shape().dims()};
  std::vector<int64_t> gone;
  for (int axis : normal_axes(x.shape(), axes, op)) {
    gone.push_back(x.size(axis));
    r.kept[static_cast<size_t>(axis)] = 1;
  }
  r.count = elements_of(gone, op);
  return r;
}

// x less its mean, about the first element, so that rounding takes nothing from values close to each other.
Tensor centred(const Tensor& x, const Axes& axes) {
  Tensor first = x.detach();
  for (int axis : normal_axes(x.shape(), axes)) first = slice(first, axis, 0, 1);
  const Tensor near = x - first;
  return near - mean(near, axes, true);
}

Tensor variance(const char* op, const Tensor& x, const Axes& axes, bool keep, double correction) {
  require_floating(op, x);
  const ContractFloatEnv env;
  const Extents r = reduced(op, x, axes);
  const double divisor = std::max(0.0, static_cast<double>(r.count) - correction);
  const Tensor value = [&] {
    NoGrad no_grad;
    const Tensor d = centred(x, axes);
    return sum(d * d, axes, keep) / divisor;
  }();
  return record(op, value, {{x, [x, axes, kept = r.kept, scale = 2 / divisor](const Tensor& g) {
                               return centred(x, axes) * (g.reshape(kept) * scale);
                             }}});
}

}  // namespace

Tensor var(const Tensor& x, const Axes& axes, bool keep, double correction) {
  return variance("var", x, axes, keep, correction);
}

Tensor stddev(const Tensor& x, const Axes& axes, bool keep, double correction) {
  const Tensor v = variance("stddev", x, axes, keep, correction);
  const Tensor value = [&] {
    NoGrad no_grad;
    return sqrt(v);
  }();
  return record_with_output("stddev", value, v, [](const Tensor& g, const Tensor& y) {
    const Tensor none = y == 0;
    return where(none, 0, g / where(none, 1, y * 2));
  });
}

namespace {

// For a finite p other than 0 and 1: a value, and its gradient g·sign(x)·(|x| / y)^(p - 1), which for p = 2 is x·(g /
// y).
Tensor power_norm(const Tensor& x, double p, const Axes& axes, bool keep) {
  const ContractFloatEnv env;
  const Tensor value = [&] {
    NoGrad no_grad;
    return p == 2 ? sqrt(sum(x * x, axes, keep)) : pow(sum(pow(abs(x), p), axes, keep), 1 / p);
  }();
  const auto pullback = [x, p, kept = reduced("norm", x, axes).kept](const Tensor& g, const Tensor& y) {
    const ContractFloatEnv env_of_gradient;
    const Tensor upstream = g.reshape(kept), length = y.reshape(kept), zero = length == 0;
    if (p == 2) return x * where(zero, 0, upstream / where(zero, 1, length));
    const Tensor none = (x == 0) || zero;
    const Tensor ratio = where(none, 1, abs(x) / where(zero, 1, length));
    return where(none, 0, (sign(x) * pow(ratio, p - 1)) * upstream);
  };
  return record_with_output("norm", value, x, pullback);
}

}  // namespace

Tensor norm(const Tensor& x, double p, const Axes& axes, bool keep) {
  require_floating("norm", x);
  if (std::isnan(p)) raise("norm: p is NaN");
  normal_axes(x.shape(), axes, "norm");
  if (p == 0) return sum((x != 0).to(x.dtype()), axes, keep);
  if (p == 1) return sum(abs(x), axes, keep);
  if (std::isinf(p)) {
    if (reduced("norm", x, axes).count == 0) raise("norm: nothing to choose from in shape {}", x.shape().to_string());
    return p > 0 ? max(abs(x), axes, keep) : min(abs(x), axes, keep);
  }
  return power_norm(x, p, axes, keep);
}

Tensor normalize(const Tensor& x, double p, int axis, double epsilon) {
  require_floating("normalize", x);
  axis = x.shape().normal_axis(axis, "normalize");
  return x / clamp_min(norm(x, p, axis, true), epsilon);
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep) {
  require_floating("logsumexp", x);
  const Extents r = reduced("logsumexp", x, axes);
  if (r.count == 0) return log(sum(exp(x), axes, keep));
  const Tensor most = max(x.detach(), axes, true);
  const Tensor shift = where(abs(most) == std::numeric_limits<double>::infinity(), 0, most);
  const Tensor y = log(sum(exp(x - shift), axes, true)) + shift;
  return keep ? y : y.reshape(sum(shift, axes).shape().dims());
}

namespace {

Tensor truth(const Tensor& x) { return x.dtype() == DType::boolean ? x : x != 0; }

}  // namespace

Tensor any(const Tensor& x, const Axes& axes, bool keep) {
  normal_axes(x.shape(), axes, "any");
  return sum(truth(x), axes, keep) != 0;
}

Tensor all(const Tensor& x, const Axes& axes, bool keep) {
  normal_axes(x.shape(), axes, "all");
  return sum(!truth(x), axes, keep) == 0;
}

}  // namespace stet
