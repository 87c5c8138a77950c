// Softmax and what is made of it.
#include <algorithm>
#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

// x - m, e^(x - m) and its sum along the axis: everything below is defined in these. The maximum is a constant to
// gradients, since a shift changes none of the results.
struct Shifted {
  Tensor x, e, total;
};

Shifted shifted(const Tensor& x, int axis) {
  const Tensor centred = x - max(x.detach(), {axis}, true);
  const Tensor e = exp(centred);
  return {centred, e, sum(e, {axis}, true)};
}

Tensor like(const char* op, const Tensor& x) { return new_tensor(op, x.shape(), x.dtype(), x.device()); }

// Kernels run along the last axis; the compositions along any.
bool has_kernel(const Tensor& x, int axis) { return axis == x.rank() - 1; }

void count_work(const Tensor& x) { add_work(32 * x.elements()); }

Tensor softmax_gradient(const Tensor& g, const Tensor& y, int axis) {
  if (grad_enabled() || !has_kernel(y, axis)) return y * (g - sum(g * y, {axis}, true));
  const Tensor dx = like("softmax", y);
  count_work(y);
  backend(y.device()).softmax_gradient(contiguous(g), contiguous(y), dx);
  return dx;
}

}  // namespace

namespace composed {

Tensor softmax(const Tensor& x, int axis) {
  const Shifted s = shifted(x, axis);
  return s.e / s.total;
}

Tensor log_softmax(const Tensor& x, int axis) {
  const Shifted s = shifted(x, axis);
  return s.x - log(s.total);
}

Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target) {
  const Shifted s = shifted(logits, -1);
  return log(s.total).squeeze(-1) - gather(s.x, -1, target.unsqueeze(-1)).squeeze(-1);
}

Tensor cross_entropy_gradient(const Tensor& logits, const Tensor& target, const Tensor& g) {
  const Shifted s = shifted(logits, -1);
  return (s.e * (1 / s.total) - one_hot(target, logits.size(-1), logits.dtype())) * g.unsqueeze(-1);
}

}  // namespace composed

Tensor softmax(const Tensor& x, int axis) {
  require_floating("softmax", x);
  axis = x.shape().normal_axis(axis, "softmax");
  if (x.elements() == 0) return x;
  const Tensor value = [&] {
    NoGrad no_grad;
    if (!has_kernel(x, axis)) return composed::softmax(x, axis);
    Tensor y = like("softmax", x);
    count_work(x);
    backend(x.device()).softmax(contiguous(x.detach()), y);
    return y;
  }();
  return record_with_output("softmax", value, x,
                            [axis](const Tensor& g, const Tensor& y) { return softmax_gradient(g, y, axis); });
}

Tensor log_softmax(const Tensor& x, int axis) {
  require_floating("log_softmax", x);
  axis = x.shape().normal_axis(axis, "log_softmax");
  if (x.elements() == 0) return x;
  const Tensor value = [&] {
    NoGrad no_grad;
    if (!has_kernel(x, axis)) return composed::log_softmax(x, axis);
    Tensor y = like("log_softmax", x);
    count_work(x);
    backend(x.device()).log_softmax(contiguous(x.detach()), y);
    return y;
  }();
  return record("log_softmax", value,
                {{x, [x, axis](const Tensor& g) { return g - softmax(x, axis) * sum(g, {axis}, true); }}});
}

Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target) {
  require_floating("cross_entropy", logits);
  if (target.dtype() != DType::int64) raise("cross_entropy: the target must be int64, not {}", name_of(target.dtype()));
  require_same_device("cross_entropy", logits, target);
  if (logits.rank() != target.rank() + 1 ||
      !std::equal(target.shape().begin(), target.shape().end(), logits.shape().begin())) {
    raise("cross_entropy: logits {} take a target of their shape without the last axis, not {}",
          logits.shape().to_string(), target.shape().to_string());
  }
  if (logits.size(-1) == 0) raise("cross_entropy: logits {} have no classes", logits.shape().to_string());
  const auto make = [&] { return new_tensor("cross_entropy", target.shape(), logits.dtype(), logits.device()); };
  const Tensor loss = make(), total = make(), exponentials = like("cross_entropy", logits),
               classes = contiguous(target);
  count_work(logits);
  backend(logits.device()).cross_entropy(contiguous(logits.detach()), classes, loss, exponentials, total);
  return record("cross_entropy", loss,
                {{logits, [=](const Tensor& g) {
                    if (grad_enabled()) return composed::cross_entropy_gradient(logits, target, g);
                    const Tensor dx = like("cross_entropy", exponentials);
                    count_work(dx);
                    backend(dx.device()).cross_entropy_gradient(g, classes, exponentials, total, dx);
                    return dx;
                  }}});
}

}  // namespace stet
