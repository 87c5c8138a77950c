// Softmax and what is made of it.
#include <algorithm>
#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"

namespace stet {
namespace {

// x - m, e^(x - m) and its sum along the axis: everything below is written in these. The maximum is a constant to gradients,
// since a shift changes none of the results.
struct Shifted {
  Tensor x, e, total;
};

Shifted shifted(const Tensor& x, int axis) {
  const Tensor centred = x - max(x.detach(), {axis}, true);
  const Tensor e = exp(centred);
  return {centred, e, sum(e, {axis}, true)};
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) {
  require_floating("softmax", x);
  axis = x.shape().normal_axis(axis);
  if (x.elements() == 0) return x;
  const Tensor value = [&] {
    NoGrad no_grad;
    const Shifted s = shifted(x, axis);
    return s.e / s.total;
  }();
  return record_with_output("softmax", value, x, [axis](const Tensor& g, const Tensor& y) { return y * (g - sum(g * y, {axis}, true)); });
}

Tensor log_softmax(const Tensor& x, int axis) {
  require_floating("log_softmax", x);
  axis = x.shape().normal_axis(axis);
  if (x.elements() == 0) return x;
  const Tensor value = [&] {
    NoGrad no_grad;
    const Shifted s = shifted(x, axis);
    return s.x - log(s.total);
  }();
  return record("log_softmax", value, {{x, [x, axis](const Tensor& g) { return g - softmax(x, axis) * sum(g, {axis}, true); }}});
}

Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target) {
  require_floating("cross_entropy", logits);
  if (target.dtype() != DType::int64) raise("cross_entropy: the target must be int64, not {}", name_of(target.dtype()));
  if (logits.rank() != target.rank() + 1 || logits.size(-1) == 0 ||
      !std::equal(target.shape().begin(), target.shape().end(), logits.shape().begin())) {
    raise("cross_entropy: logits {} take a target of their shape without the last axis, not {}", logits.shape().to_string(),
          target.shape().to_string());
  }
  const auto [s, value] = [&] {
    NoGrad no_grad;
    const Shifted parts = shifted(logits, -1);
    return std::pair(parts, log(parts.total).squeeze(-1) - gather(parts.x, -1, target.unsqueeze(-1)).squeeze(-1));
  }();
  return record("cross_entropy", value, {{logits, [logits, target, forward = s](const Tensor& g) {
                                            const Shifted parts = grad_enabled() ? shifted(logits, -1) : forward;
                                            const Tensor hot = one_hot(target, logits.size(-1), logits.dtype());
                                            return (parts.e * (1 / parts.total) - hot) * g.unsqueeze(-1);
                                          }}});
}

}  // namespace stet
