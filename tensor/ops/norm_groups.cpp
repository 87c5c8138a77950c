// Norms that layer norm, batch norm and public ops make: of groups of channels, of each sample's channels, and by the
// root of the mean square.
#include <span>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"

namespace stet {
namespace {

// Throws UsageError naming op unless x is [N, C, ...] with elements, and the parameters [C] or undefined.
void require_channels(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  require_floating(op, x);
  require_countable(op, x.shape(), x.dtype());
  if (x.rank() < 2) raise("{}: takes [N, C, ...], not {}", op, x.shape().to_string());
  for (const Tensor* v : {&weight, &bias}) {
    if (!v->defined()) continue;
    require_same_dtype(op, x, *v);
    if (v->shape() != Shape{x.size(1)}) {
      raise("{}: a parameter {} does not fit input {}; it must be [{}]", op, v->shape().to_string(),
            x.shape().to_string(), x.size(1));
    }
  }
}

// A sample's elements of a channel.
int64_t plane_of(const Tensor& x) { return elements_of(std::span(x.shape().dims()).subspan(2)); }

}  // namespace

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double epsilon) {
  constexpr auto kOp = "group_norm";
  require_channels(kOp, x, weight, bias);
  if (groups < 1 || x.size(1) % groups != 0) raise("{}: {} groups do not divide {} channels", kOp, groups, x.size(1));
  const int64_t n = x.size(0), plane = plane_of(x), sample = x.size(1) * plane;
  if (sample == 0) raise("{}: a sample of {} has nothing to normalise", kOp, x.shape().to_string());
  Tensor y = layer_norm(x.reshape({n, groups, sample / groups}), {}, {}, epsilon).reshape({n, x.size(1), plane});
  if (weight.defined()) y = y * weight.unsqueeze(1);
  if (bias.defined()) y = y + bias.unsqueeze(1);
  return y.reshape(x.shape().dims());
}

BatchNorm instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon) {
  constexpr auto kOp = "instance_norm";
  require_channels(kOp, x, weight, bias);
  if (x.elements() == 0 || plane_of(x) < 2) {
    raise("{}: input {} has fewer than two values a channel of a sample, so no variance", kOp, x.shape().to_string());
  }
  const int64_t n = x.size(0), c = x.size(1);
  // Each sample's channels are channels of one sample.
  const auto repeated = [&](const Tensor& v) {
    return v.defined() ? broadcast_to(v.unsqueeze(0), {n, c}).reshape({n * c}) : v;
  };
  const BatchNorm all = batch_norm(x.reshape({1, n * c, plane_of(x)}), repeated(weight), repeated(bias), epsilon);
  return {all.y.reshape(x.shape().dims()), all.mean.reshape({n, c}), all.variance.reshape({n, c})};
}

namespace {

Tensor root_mean_square_scale(const Tensor& x, double epsilon) {
  return 1 / sqrt(mean(square(x), {-1}, true) + epsilon);
}

// The gradients of x and of the weight, both as [rows, D] or [D]. Where gradients are recorded the scale is computed
// again, so that it has one.
std::vector<Tensor> rms_norm_gradient(const Tensor& x, const Tensor& weight, double epsilon, const Tensor& kept,
                                      const Tensor& g) {
  const Tensor scale = grad_enabled() ? root_mean_square_scale(x, epsilon) : kept;
  const Tensor normal = x * scale, weighted = weight.defined() ? g * weight : g;
  const Tensor slope = mean(weighted * normal, {-1}, true);
  return {(weighted - normal * slope) * scale, weight.defined() ? sum(g * normal, {0}) : Tensor()};
}

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon) {
  constexpr auto kOp = "rms_norm";
  require_floating(kOp, x);
  require_countable(kOp, x.shape(), x.dtype());
  if (x.rank() == 0 || x.size(-1) == 0)
    raise("{}: takes [.., D] with D of at least 1, not {}", kOp, x.shape().to_string());
  if (weight.defined()) {
    require_same_dtype(kOp, x, weight);
    if (weight.shape() != Shape{x.size(-1)}) {
      raise("{}: weight {} does not fit input {}; it must be [{}]", kOp, weight.shape().to_string(),
            x.shape().to_string(), x.size(-1));
    }
  }
  const Tensor rows = as_rows(kOp, x);
  const auto [y, scale] = [&] {
    NoGrad no_grad;
    const Tensor factor = root_mean_square_scale(rows, epsilon), normal = rows * factor;
    return std::pair((weight.defined() ? normal * weight : normal).detach(), factor.detach());
  }();
  const auto vjp = [rows, weight, epsilon, kept = scale](const Tensor& g) {
    return rms_norm_gradient(rows, weight, epsilon, kept, g);
  };
  return function(kOp, {rows, weight}, y, vjp).reshape(x.shape().dims());
}

}  // namespace stet
