// Batch norm and layer norm, and the compositions that define them.
#include <algorithm>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/ops/norm_buffers.h"
#include "stet/tensor/work.h"

namespace stet {

using namespace norms;
namespace {

void require_vector(const char* op, const char* what, const Tensor& x, const Tensor& v, int64_t n) {
  if (!v.defined()) return;
  require_same_dtype(op, x, v);
  if (v.shape() != Shape{n}) {
    raise("{}: {} {} does not fit input {}; it must be [{}]", op, what, v.shape().to_string(), x.shape().to_string(),
          n);
  }
}

void require_batch_norm(const char* op, const BatchNormInputs& in) {
  require_floating(op, in.x);
  require_countable(op, in.x.shape(), in.x.dtype());
  if (in.x.rank() < 2) raise("{}: takes [N, C, ...], not {}", op, in.x.shape().to_string());
  require_vector(op, "weight", in.x, in.weight, in.x.size(1));
  require_vector(op, "bias", in.x, in.bias, in.x.size(1));
  if (!in.residual.defined()) return;
  require_same_dtype(op, in.x, in.residual);
  if (in.residual.shape() != in.x.shape()) {
    raise("{}: residual {} differs from input {}", op, in.residual.shape().to_string(), in.x.shape().to_string());
  }
}

int64_t values_a_channel(const Tensor& x) { return x.size(1) == 0 ? 0 : x.elements() / x.size(1); }

// [N, C, ...] as [N, C, P].
Tensor planes(const Tensor& x) {
  const int64_t n = x.size(0), c = x.size(1);
  return x.reshape({n, c, n == 0 || c == 0 ? 0 : x.elements() / n / c});
}

Tensor by_channel(const Tensor& v) { return v.reshape({1, -1, 1}); }

// A constant to gradients, as results don't depend on it; never -0.
Tensor median(const Tensor& a, const Tensor& b, const Tensor& c) {
  NoGrad no_grad;
  return maximum(minimum(a, b), minimum(maximum(a, b), c)) + 0;
}

// origin + offset as a mean and what its rounding left out, whose sum has the gradient of `offset`.
struct Centre {
  Tensor mean, rest;
};
Centre centre_of(const Tensor& origin, const Tensor& offset) {
  const Tensor mean = (origin + offset).detach(), part = mean - origin;
  return {mean, (origin - (mean - part)) + (offset - part)};
}

// Of x [N, C, P]: [1, C, 1].
Tensor channel_origins(const Tensor& x) {
  const int64_t p = x.size(2), last = x.size(0) * p - 1;
  const auto at = [&](int64_t i) {
    i = std::min(i, last);
    return x.slice(0, i / p, i / p + 1).slice(2, i % p, i % p + 1).detach();
  };
  return median(at(0), at(1), at(2));
}

// The mean is a constant to gradients; what it has of one, the rest has.
BatchStatistics batch_statistics(const Tensor& x) {
  const double p = static_cast<double>(x.size(2)), n = static_cast<double>(x.size(0));
  const Tensor origin = channel_origins(x);
  const Tensor m = mean(x - origin, {2}, true);
  const Centre plane = centre_of(origin, m);
  const Tensor q = sum(square(x - plane.mean), {2}, true) - (plane.rest * plane.rest) * p;
  const Tensor offset = mean(m, {0}, true);
  const Centre channel = centre_of(origin, offset);
  const Tensor variance = (sum(q, {0}, true) + sum(square(m - offset), {0}, true) * p) / (n * p);
  return {channel.mean.reshape({-1}), variance.reshape({-1}), channel.rest.reshape({-1})};
}

Tensor scale_of(const Tensor& variance, double epsilon) { return 1 / sqrt(variance + epsilon); }

// + shift + residual, then the activation.
Tensor finish(Tensor z, const Tensor& shift, const Tensor& residual, Activation activation) {
  z = z + shift;
  if (residual.defined()) z = z + residual;
  return activation == Activation::relu ? relu(z) : z;
}

// bias - rest * factor, by channel.
Tensor shift_of(const Tensor& bias, const Tensor& rest, const Tensor& factor) {
  const Tensor down = rest * factor;
  return by_channel(bias.defined() ? bias - down : -down);
}

// What gradients need of the inputs: of the residual nothing, so that its memory is free.
BatchNormInputs without_residual(BatchNormInputs in) {
  in.residual = {};
  return in;
}

// x [N, C, P]; the statistics are kept from the forward pass.
Tensor batch_norm_value(const BatchNormInputs& in, const BatchStatistics& s) {
  const Tensor scale = scale_of(s.variance, in.epsilon);
  const Tensor factor = in.weight.defined() ? in.weight * scale : scale;
  return finish((in.x - by_channel(s.mean)) * by_channel(factor), shift_of(in.bias, s.rest, factor), in.residual,
                in.activation);
}

// The same inputs with x and the residual as [N, C, P].
BatchNormInputs as_planes(BatchNormInputs in) {
  in.x = planes(in.x);
  if (in.residual.defined()) in.residual = planes(in.residual);
  return in;
}

}  // namespace

namespace composed {

BatchNormGradients batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& kept, const Tensor& y,
                                       const Tensor& upstream) {
  const BatchNormInputs p = as_planes(in);
  const BatchStatistics s = grad_enabled() ? batch_statistics(p.x) : kept;
  const Tensor g = p.activation == Activation::relu
                       ? where(planes(y) > 0, planes(upstream), zeros({}, p.x.dtype(), p.x.device()))
                       : planes(upstream);
  const double count = static_cast<double>(values_a_channel(p.x));
  const Tensor scale = scale_of(s.variance, p.epsilon), x = p.x - by_channel(s.mean);
  const Tensor dbias = sum(g, {0, 2}), dweight = (sum(g * x, {0, 2}) - s.rest * dbias) * scale;
  const Tensor factor = p.weight.defined() ? p.weight * scale : scale;
  const Tensor slope = (dweight * scale) / count, level = dbias / count - s.rest * slope;
  const Tensor dx = ((g - by_channel(level)) - x * by_channel(slope)) * by_channel(factor);
  const std::vector<int64_t>& shape = in.x.shape().dims();
  return {dx.reshape(shape), dweight, dbias, g.reshape(shape)};
}

BatchNorm batch_norm(const BatchNormInputs& in) {
  const auto [y, s] = [&] {
    NoGrad no_grad;
    const BatchNormInputs p = as_planes(in);
    const BatchStatistics statistics = batch_statistics(p.x);
    return std::pair(batch_norm_value(p, statistics).reshape(in.x.shape().dims()).detach(), statistics);
  }();
  const auto vjp = [kept = without_residual(in), s = s, y = y](const Tensor& g) {
    const BatchNormGradients d = batch_norm_gradient(kept, s, y, g);
    return std::vector<Tensor>{d.x, d.weight, d.bias, d.residual};
  };
  return {function("batch_norm", {in.x, in.weight, in.bias, in.residual}, y, vjp), s.mean.detach(),
          s.variance.detach()};
}

Tensor batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& s) {
  const BatchNormInputs p = as_planes(in);
  const Tensor scale = scale_of(s.variance, p.epsilon);
  const Tensor factor = p.weight.defined() ? p.weight * scale : scale;
  const Tensor shift = shift_of(p.bias, s.mean, factor);
  return finish(p.x * by_channel(factor), shift, p.residual, p.activation).reshape(in.x.shape().dims());
}

}  // namespace composed

namespace {

BatchNormInputs contiguous_planes(const BatchNormInputs& in) {
  const Tensor residual = in.residual.defined() ? planes(plain(in.residual)) : Tensor();
  return {planes(plain(in.x)), plain(in.weight), plain(in.bias), residual, in.epsilon, in.activation};
}

// y is the result where there is an activation. Written over the upstream gradient where nobody else holds it: by the
// residual's gradient, which the second pass reads in its place, else by x's.
BatchNormGradients batch_norm_gradient(const BatchNormInputs& p, const BatchStatistics& s, const Tensor& y,
                                       bool residual, const Tensor& upstream) {
  const bool masked = residual && p.activation != Activation::none;
  const Tensor over = residual && !masked ? empty_like(upstream) : over_gradient(upstream);
  const Tensor g = contiguous(upstream);
  const BatchNormGradients to{masked ? empty_like(g) : over, vector_like(g, p.x.size(1)), vector_like(g, p.x.size(1)),
                              masked ? over : Tensor()};
  backend(g.device()).batch_norm_gradient(p, s, y, g, to);
  return {to.x, to.weight, to.bias, residual && !masked ? g : to.residual};
}

// True if backward will want to go through one of them.
bool is_recorded(std::initializer_list<const Tensor*> inputs) {
  return grad_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const Tensor* t) { return t->has_gradient(); });
}

}  // namespace

BatchNorm batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon, Activation activation,
                     const Tensor& residual) {
  const BatchNormInputs in{x, weight, bias, residual, epsilon, activation};
  require_batch_norm("batch_norm", in);
  if (values_a_channel(x) < 2) {
    raise("batch_norm: input {} has fewer than two values a channel, so no variance; use a larger batch, or evaluate",
          x.shape().to_string());
  }
  add_work(8 * x.elements());
  if (x.dtype() != DType::float32) return composed::batch_norm(in);
  const BatchNormInputs p = contiguous_planes(in);
  const auto channels = [&] { return vector_like(x, x.size(1)); };
  const BatchStatistics s = {channels(), channels(), channels()};
  const Tensor y = empty_like(x);
  backend(x.device()).batch_norm(p, y, s);
  const auto vjp = [kept = without_residual(in), p = without_residual(p), s,
                    y = activation == Activation::none ? Tensor() : y,
                    has_residual = residual.defined()](const Tensor& g) {
    const BatchNormGradients d =
        grad_enabled() ? composed::batch_norm_gradient(kept, s, y, g) : batch_norm_gradient(p, s, y, has_residual, g);
    return std::vector<Tensor>{d.x, d.weight, d.bias, d.residual};
  };
  return {function("batch_norm", {x, weight, bias, residual}, y, vjp), s.mean, s.variance};
}

Tensor batch_norm_evaluation(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& weight,
                             const Tensor& bias, double epsilon, Activation activation, const Tensor& residual) {
  const BatchNormInputs in{x, weight, bias, residual, epsilon, activation};
  require_batch_norm("batch_norm_evaluation", in);
  require_vector("batch_norm_evaluation", "mean", x, mean, x.size(1));
  require_vector("batch_norm_evaluation", "variance", x, variance, x.size(1));
  add_work(8 * x.elements());
  if (x.dtype() != DType::float32 || is_recorded({&x, &mean, &variance, &weight, &bias, &residual})) {
    return composed::batch_norm_evaluation(in, {mean, variance, {}});
  }
  const Tensor y = empty_like(x);
  backend(x.device()).batch_norm_evaluation(contiguous_planes(in), {plain(mean), plain(variance), {}}, y);
  return y;
}

namespace {

// Leading axes become rows, so that a parameter's gradient is one sum over every row.
Tensor rows(const Tensor& x) { return x.reshape({x.elements() / x.size(-1), x.size(-1)}); }

}  // namespace

namespace composed {

RowStatistics row_statistics(const Tensor& x, double epsilon) {
  const auto column = [&](int64_t i) {
    i = std::min(i, x.size(1) - 1);
    return x.slice(1, i, i + 1).detach();
  };
  const Tensor origin = median(column(0), column(1), column(2));
  const Centre centre = centre_of(origin, mean(x - origin, {1}, true));
  const Tensor variance = mean(square(x - centre.mean), {1}, true) - centre.rest * centre.rest;
  return {centre.mean, centre.rest, scale_of(variance, epsilon)};
}

LayerNormGradients layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& kept, const Tensor& upstream) {
  const Tensor x = rows(in.x), g = rows(upstream);
  const RowStatistics s = grad_enabled() ? row_statistics(x, in.epsilon) : kept;
  const Tensor rest = s.rest.reshape({-1, 1}), scale = s.scale.reshape({-1, 1}), centred = x - s.mean.reshape({-1, 1});
  const Tensor normal = (centred - rest) * scale, weighted = in.weight.defined() ? g * in.weight : g;
  const double d = static_cast<double>(x.size(1));
  const Tensor total = sum(weighted, {1}, true), product = sum(weighted * centred, {1}, true);
  const Tensor slope = ((product - rest * total) * scale) / d;
  const Tensor dx = ((weighted - total / d) - normal * slope) * scale;
  return {dx.reshape(in.x.shape().dims()), sum(g * normal, {0}), sum(g, {0})};
}

Tensor layer_norm(const LayerNormInputs& in) {
  const auto [y, s] = [&] {
    NoGrad no_grad;
    const Tensor x = rows(in.x);
    const RowStatistics statistics = row_statistics(x, in.epsilon);
    Tensor z = ((x - statistics.mean) - statistics.rest) * statistics.scale;
    if (in.weight.defined()) z = z * in.weight;
    if (in.bias.defined()) z = z + in.bias;
    return std::pair(z.reshape(in.x.shape().dims()).detach(), statistics);
  }();
  const auto vjp = [in, s = s](const Tensor& g) {
    const LayerNormGradients d = layer_norm_gradient(in, s, g);
    return std::vector<Tensor>{d.x, d.weight, d.bias};
  };
  return function("layer_norm", {in.x, in.weight, in.bias}, y, vjp);
}

}  // namespace composed

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon) {
  require_floating("layer_norm", x);
  require_countable("layer_norm", x.shape(), x.dtype());
  if (x.rank() == 0 || x.size(-1) == 0)
    raise("layer_norm: takes [.., D] with D of at least 1, not {}", x.shape().to_string());
  require_vector("layer_norm", "weight", x, weight, x.size(-1));
  require_vector("layer_norm", "bias", x, bias, x.size(-1));
  add_work(8 * x.elements());
  const LayerNormInputs in{x, weight, bias, epsilon};
  if (x.dtype() != DType::float32) return composed::layer_norm(in);
  const LayerNormInputs p{rows(plain(x)), plain(weight), plain(bias), epsilon};
  const auto by_row = [&] { return vector_like(x, p.x.size(0)); };
  const RowStatistics s{by_row(), by_row(), by_row()};
  const Tensor y = empty_like(x);
  backend(x.device()).layer_norm(p, y, s);
  const auto vjp = [in, p, s](const Tensor& upstream) {
    if (grad_enabled()) {
      const LayerNormGradients d = composed::layer_norm_gradient(in, s, upstream);
      return std::vector<Tensor>{d.x, d.weight, d.bias};
    }
    const Tensor over = over_gradient(upstream), g = contiguous(upstream);
    const LayerNormGradients to{over, vector_like(g, g.size(-1)), vector_like(g, g.size(-1))};
    backend(g.device()).layer_norm_gradient(p, s, g, to);
    return std::vector<Tensor>{to.x, to.weight, to.bias};
  };
  return function("layer_norm", {x, weight, bias}, y, vjp);
}

}  // namespace stet
