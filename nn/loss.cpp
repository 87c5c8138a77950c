#include "stet/nn/loss.h"

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

namespace {

Tensor reduce(const Tensor& values, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean: return mean(values);
    case Reduction::sum: return sum(values);
    case Reduction::none: break;
  }
  return values;
}

void require_equal_shapes(const char* loss, const Tensor& x, const Tensor& target) {
  if (x.shape() != target.shape()) {
    raise("{}: predictions {} and targets {} must have one shape; reshape one of them", loss, x.shape().to_string(),
          target.shape().to_string());
  }
}

void check(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  if (logits.rank() == 0 ||
      std::vector<int64_t>(logits.shape().begin(), logits.shape().end() - 1) != target.shape().dims()) {
    raise("cross_entropy: targets {} must have the axes of logits {} but the last, which holds the classes",
          target.shape().to_string(), logits.shape().to_string());
  }
  if (is_floating(target.dtype()) || target.dtype() == DType::boolean) {
    raise("cross_entropy: targets are {}, not class numbers; convert them with to(DType::int64)",
          name_of(target.dtype()));
  }
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1)) {
    raise("cross_entropy: label smoothing {} is outside [0, 1]", o.label_smoothing);
  }
  if (o.class_weights.defined() && o.class_weights.shape() != Shape{logits.size(-1)}) {
    raise("cross_entropy: class weights {} for {} classes", o.class_weights.shape().to_string(), logits.size(-1));
  }
}

/// Each row's -log p of its target, smoothed; times its weight, which is undefined where all are 1.
struct Rows {
  Tensor loss, weight;
};

Rows weighted_rows(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  Rows rows{cross_entropy_rows(logits, target), {}};
  if (o.class_weights.defined()) {
    rows.weight = index_select(o.class_weights, 0, target.flatten()).reshape(target.shape().dims());
    rows.loss = rows.loss * rows.weight;
  }
  if (o.label_smoothing > 0) {
    Tensor all = -log_softmax(logits);
    if (o.class_weights.defined()) all = all * o.class_weights;
    rows.loss = (1 - o.label_smoothing) * rows.loss +
                (o.label_smoothing / static_cast<double>(logits.size(-1))) * sum(all, {-1});
  }
  return rows;
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  const ContractFloatEnv env;
  check(logits, target, o);
  Tensor labels = target.to(DType::int64), kept;
  if (o.ignore_index) {
    kept = labels != Tensor(*o.ignore_index).to(labels.device());
    labels = stet::where(kept, labels, zeros(labels.shape(), DType::int64, labels.device()));
  }
  auto [loss, weight] = weighted_rows(logits, labels, o);
  if (kept.defined()) {
    const Tensor zero = zeros(loss.shape(), loss.dtype(), loss.device());
    loss = stet::where(kept, loss, zero);
    weight = weight.defined() ? stet::where(kept, weight, zero) : kept.to(loss.dtype());
  }
  if (o.reduction == Reduction::mean && weight.defined()) return sum(loss) / sum(weight);
  return reduce(loss, o.reduction);
}

Tensor mse(const Tensor& x, const Tensor& target, Reduction reduction) {
  require_equal_shapes("mse", x, target);
  return reduce(square(x - target), reduction);
}

Tensor l1(const Tensor& x, const Tensor& target, Reduction reduction) {
  require_equal_shapes("l1", x, target);
  return reduce(abs(x - target), reduction);
}

Tensor huber(const Tensor& x, const Tensor& target, double delta, Reduction reduction) {
  require_equal_shapes("huber", x, target);
  if (!(delta > 0)) raise("huber: delta {} must be positive", delta);
  const Tensor d = abs(x - target);
  // Of a difference past delta the square is not wanted, and its gradient, zero times an infinite one, is not a number.
  const Tensor within = minimum(d, full({}, delta, d.dtype(), d.device()));
  return reduce(stet::where(d <= delta, 0.5 * square(within), delta * (d - 0.5 * delta)), reduction);
}

Tensor bce_with_logits(const Tensor& logits, const Tensor& target, const BceOptions& o) {
  require_equal_shapes("bce_with_logits", logits, target);
  // It is softplus(x) - target * x, whose terms would cancel where the logits are right.
  const Tensor positive = o.positive_weight.defined() ? o.positive_weight * target : target;
  return reduce((1 - target) * softplus(logits) + positive * softplus(-logits), o.reduction);
}

}  // namespace stet::nn
