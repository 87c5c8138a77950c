// Norms that layer norm, batch norm and public ops make: of groups of channels, of each sample's channels, and by the
// root of the mean square.
#include <span>

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

namespace {

// Where there are kernels; elsewhere the compositions are all there is.
bool has_kernel(const Tensor& x) { return x.dtype() == DType::float32 && x.device() == cpu; }

// Of x [N, C, P].
Tensor group_rows(const Tensor& x, int64_t groups) {
  return x.reshape({x.size(0) * groups, x.size(1) / groups * x.size(2)});
}

// Where gradients are recorded they have gradients of their own.
std::vector<Tensor> composed_gradient(const GroupNormInputs& in, const Tensor& g) {
  const Tensor rows = group_rows(in.x, in.groups), weighted = in.weight.defined() ? g * in.weight.unsqueeze(1) : g;
  const Tensor normal = layer_norm(rows, {}, {}, in.epsilon).reshape(in.x.shape().dims());
  const RowStatistics kept = grad_enabled() ? RowStatistics{} : composed::row_statistics(rows, in.epsilon);
  const LayerNormGradients d =
      composed::layer_norm_gradient({rows, {}, {}, in.epsilon}, kept, group_rows(weighted, in.groups));
  return {d.x.reshape(in.x.shape().dims()), sum(g * normal, {0, 2}), sum(g, {0, 2})};
}

}  // namespace

namespace composed {

// One node with the kernel's gradient, so that gradients of gradients add up in one order with and without a kernel.
Tensor group_norm(const GroupNormInputs& in) {
  const Tensor y = [&] {
    NoGrad no_grad;
    const Tensor normal =
        stet::layer_norm(group_rows(in.x, in.groups), {}, {}, in.epsilon).reshape(in.x.shape().dims());
    const Tensor scaled = in.weight.defined() ? normal * in.weight.unsqueeze(1) : normal;
    return (in.bias.defined() ? scaled + in.bias.unsqueeze(1) : scaled).detach();
  }();
  return function("group_norm", {in.x, in.weight, in.bias}, y,
                  [in](const Tensor& g) { return composed_gradient(in, g); });
}

}  // namespace composed

Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double epsilon) {
  constexpr auto kOp = "group_norm";
  require_channels(kOp, x, weight, bias);
  if (groups < 1 || x.size(1) % groups != 0) raise("{}: {} groups do not divide {} channels", kOp, groups, x.size(1));
  const int64_t n = x.size(0), c = x.size(1), plane = plane_of(x);
  if (c * plane == 0) raise("{}: a sample of {} has nothing to normalise", kOp, x.shape().to_string());
  const GroupNormInputs in{x.reshape({n, c, plane}), weight, bias, groups, epsilon};
  if (!has_kernel(x)) return composed::group_norm(in).reshape(x.shape().dims());
  add_work(8 * x.elements());
  const GroupNormInputs p{plain(in.x), plain(weight), plain(bias), groups, epsilon};
  const auto by_row = [&] { return vector_like(x, n * groups); };
  const RowStatistics s{by_row(), by_row(), by_row()};
  const Tensor y = empty_like(in.x);
  backend(x.device()).group_norm(p, y, s);
  const auto vjp = [in, p, s](const Tensor& upstream) {
    if (grad_enabled()) return composed_gradient(in, upstream);
    const Tensor over = over_gradient(upstream), g = contiguous(upstream);
    const GroupNormGradients to{over, vector_like(g, g.size(1)), vector_like(g, g.size(1))};
    backend(g.device()).group_norm_gradient(p, s, g, to);
    return std::vector<Tensor>{to.x, to.weight, to.bias};
  };
  return function(kOp, {in.x, weight, bias}, y, vjp).reshape(x.shape().dims());
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

// The gradients of x and of the weight. Where gradients are recorded the scale is computed again, so that it has one.
std::vector<Tensor> composed_gradient(const RmsNormInputs& in, const Tensor& kept, const Tensor& g) {
  const Tensor scale = grad_enabled() ? root_mean_square_scale(in.x, in.epsilon) : kept.reshape({-1, 1});
  const Tensor normal = in.x * scale, weighted = in.weight.defined() ? g * in.weight : g;
  const Tensor slope = mean(weighted * normal, {-1}, true);
  return {(weighted - normal * slope) * scale, sum(g * normal, {0})};
}

}  // namespace

namespace composed {

Tensor rms_norm(const RmsNormInputs& in) {
  const auto [y, scale] = [&] {
    NoGrad no_grad;
    const Tensor factor = root_mean_square_scale(in.x, in.epsilon), normal = in.x * factor;
    return std::pair((in.weight.defined() ? normal * in.weight : normal).detach(), factor.detach());
  }();
  const auto vjp = [in, kept = scale](const Tensor& g) { return composed_gradient(in, kept, g); };
  return function("rms_norm", {in.x, in.weight}, y, vjp);
}

}  // namespace composed

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
  const RmsNormInputs in{as_rows(kOp, x), weight, epsilon};
  if (!has_kernel(x)) return composed::rms_norm(in).reshape(x.shape().dims());
  add_work(8 * x.elements());
  const RmsNormInputs p{plain(in.x), plain(weight), epsilon};
  const Tensor scale = vector_like(x, in.x.size(0)), y = empty_like(in.x);
  backend(x.device()).rms_norm(p, y, scale);
  const auto vjp = [in, p, scale](const Tensor& upstream) {
    if (grad_enabled()) return composed_gradient(in, scale, upstream);
    const Tensor dx = over_gradient(upstream), g = contiguous(upstream), dweight = vector_like(g, g.size(1));
    backend(g.device()).rms_norm_gradient(p, scale, g, dx, dweight);
    return std::vector<Tensor>{dx, dweight};
  };
  return function(kOp, {in.x, weight}, y, vjp).reshape(x.shape().dims());
}

}  // namespace stet
