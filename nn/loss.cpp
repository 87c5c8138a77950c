#include "stet/nn/loss.h"

#include <limits>
#include <numbers>

#include "stet/nn/loss_parts.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Tensor reduce(const Tensor& values, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean: return mean(values);
    case Reduction::sum: return sum(values);
    case Reduction::none: break;
    case Reduction::batch_mean:
      if (values.rank() == 0) raise("batch_mean: the losses are one number, without an axis of samples");
      return sum(values) / static_cast<double>(values.size(0));
  }
  return values;
}

void require_equal_shapes(const char* loss, const Tensor& x, const Tensor& target) {
  if (x.shape() != target.shape()) {
    raise("{}: predictions {} and targets {} must have one shape; reshape one of them", loss, x.shape().to_string(),
          target.shape().to_string());
  }
}

namespace {

// x is [N, C, ..] and the target [N, ..]: PyTorch's order of axes.
bool has_classes_behind_samples(const Tensor& x, const Tensor& target) {
  std::vector<int64_t> dims = x.shape().dims();
  if (dims.size() < 3) return false;
  dims.erase(dims.begin() + 1);
  return dims == target.shape().dims();
}

void check_classes(const char* loss, const Tensor& x, const Tensor& target) {
  if (x.rank() == 0 || std::vector<int64_t>(x.shape().begin(), x.shape().end() - 1) != target.shape().dims()) {
    raise("{}: targets {} must have the axes of predictions {} but the last, which holds the classes{}", loss,
          target.shape().to_string(), x.shape().to_string(),
          has_classes_behind_samples(x, target) ? "; movedim(1, -1) of the predictions puts them there" : "");
  }
  if (is_floating(target.dtype()) || target.dtype() == DType::boolean) {
    raise("{}: targets are {}, not class numbers; convert them with to(DType::int64)", loss, name_of(target.dtype()));
  }
}

void require_dtype_of(const char* loss, const Tensor& x, const char* what, const Tensor& other) {
  if (other.dtype() == x.dtype()) return;
  raise("{}: predictions are {} and {} {}; convert them with to(DType::{})", loss, name_of(x.dtype()), what,
        name_of(other.dtype()), name_of(x.dtype()));
}

void check_weights(const char* loss, const Tensor& x, const Tensor& class_weights) {
  if (!class_weights.defined()) return;
  if (class_weights.shape() != Shape{x.size(-1)})
    raise("{}: class weights {} for {} classes", loss, class_weights.shape().to_string(), x.size(-1));
  require_dtype_of(loss, x, "class weights", class_weights);
}

// They may be on a GPU, where nobody looks.
void check_in_range(const char* loss, const Tensor& index, int64_t classes) {
  if (index.device() != cpu) return;
  for (const int64_t c : index.to_vector<int64_t>()) {
    if (c < 0 || c >= classes) raise<DataError>("{}: class {} is outside 0 … {}", loss, c, classes - 1);
  }
}

// Class numbers, and which rows count: undefined where all do. An ignored row's class is 0.
struct Labels {
  Tensor index, kept;
};

Labels labels_of(const Tensor& target, std::optional<int64_t> ignore_index) {
  Labels labels{target.to(DType::int64), {}};
  if (ignore_index) {
    labels.kept = labels.index != Tensor(*ignore_index).to(target.device());
    labels.index = stet::where(labels.kept, labels.index, zeros(target.shape(), DType::int64, target.device()));
  }
  return labels;
}

// Each row's loss, and its weight, which is undefined where all are 1.
struct Rows {
  Tensor loss, weight;
};

Tensor class_weights_of(const Tensor& index, const Tensor& class_weights) {
  return index_select(class_weights, 0, index.flatten()).reshape(index.shape().dims());
}

Tensor reduce_rows(Rows rows, const Labels& labels, Reduction reduction) {
  if (labels.kept.defined()) {
    const Tensor zero = zeros(rows.loss.shape(), rows.loss.dtype(), rows.loss.device());
    rows.loss = stet::where(labels.kept, rows.loss, zero);
    rows.weight =
        rows.weight.defined() ? stet::where(labels.kept, rows.weight, zero) : labels.kept.to(rows.loss.dtype());
  }
  if (reduction == Reduction::mean && rows.weight.defined()) return sum(rows.loss) / sum(rows.weight);
  return reduce(rows.loss, reduction);
}

Rows cross_entropies(const Tensor& logits, const Tensor& index, const CrossEntropyOptions& o) {
  Rows rows{cross_entropy_rows(logits, index), {}};
  if (o.class_weights.defined()) {
    rows.weight = class_weights_of(index, o.class_weights);
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

// Each row's cross-entropy with probabilities.
Tensor of_probabilities(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  require_dtype_of("cross_entropy", logits, "probabilities", target);
  if (o.ignore_index) raise("cross_entropy: ignore_index is of class numbers, and targets are probabilities");
  const double spread = o.label_smoothing / static_cast<double>(logits.size(-1));
  const Tensor wanted = o.label_smoothing > 0 ? target * (1 - o.label_smoothing) + spread : target;
  Tensor all = wanted * log_softmax(logits);
  if (o.class_weights.defined()) all = all * o.class_weights;
  return -sum(all, {-1});
}

// x to the power of gamma: by multiplications where that is a whole number.
Tensor power(const Tensor& x, double gamma) {
  const int whole = gamma <= 64 ? static_cast<int>(gamma) : 0;
  return whole == gamma ? pow(x, whole) : pow(x, gamma);
}

// The same of at least 0, where a root's slope at 0 is infinite and what is multiplied by it is 0 there: that is 0.
Tensor weight_of_wrong(const Tensor& x, double gamma) {
  if (gamma == 0 || gamma >= 1) return power(x, gamma);
  const Tensor none = x == 0, zero = zeros(x.shape(), x.dtype(), x.device());
  const Tensor some = stet::where(none, ones(x.shape(), x.dtype(), x.device()), x);
  return stet::where(none, zero, power(some, gamma));
}

// Of one shape and floating dtype.
void require_alike(const char* loss, const Tensor& x, const Tensor& target) {
  require_equal_shapes(loss, x, target);
  if (x.dtype() != target.dtype()) {
    raise("{}: predictions are {} and targets {}; convert the targets with to(DType::{})", loss, name_of(x.dtype()),
          name_of(target.dtype()), name_of(x.dtype()));
  }
  if (!is_floating(x.dtype())) raise("{}: takes float32 or float64, not {}", loss, name_of(x.dtype()));
}

// Half the logarithm of 2 pi.
constexpr double kHalfLogOfTwoPi = 0.91893853320467274178;

// At least low, with the gradient of x itself.
Tensor bounded(const Tensor& x, double low) {
  const Tensor value = maximum(x.detach(), full({}, low, x.dtype(), x.device()));
  return record("bounded", value, {{x, [](const Tensor& g) { return g; }}});
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  const ContractFloatEnv env;
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1)) {
    raise("cross_entropy: label smoothing {} is outside [0, 1]", o.label_smoothing);
  }
  const bool are_probabilities = is_floating(target.dtype()) && logits.rank() > 0 && logits.shape() == target.shape();
  if (!are_probabilities) check_classes("cross_entropy", logits, target);
  check_weights("cross_entropy", logits, o.class_weights);
  if (are_probabilities) return reduce(of_probabilities(logits, target, o), o.reduction);
  const Labels labels = labels_of(target, o.ignore_index);
  return reduce_rows(cross_entropies(logits, labels.index, o), labels, o.reduction);
}

Tensor nll(const Tensor& log_probabilities, const Tensor& target, const NllOptions& o) {
  const ContractFloatEnv env;
  check_classes("nll", log_probabilities, target);
  check_weights("nll", log_probabilities, o.class_weights);
  const Labels labels = labels_of(target, o.ignore_index);
  check_in_range("nll", labels.index, log_probabilities.size(-1));
  Rows rows{-gather(log_probabilities, -1, labels.index.unsqueeze(-1)).squeeze(-1), {}};
  if (o.class_weights.defined()) {
    rows.weight = class_weights_of(labels.index, o.class_weights);
    rows.loss = rows.loss * rows.weight;
  }
  return reduce_rows(rows, labels, o.reduction);
}

Tensor mse(const Tensor& x, const Tensor& target, Reduction reduction) {
  require_alike("mse", x, target);
  return reduce(square(x - target), reduction);
}

Tensor l1(const Tensor& x, const Tensor& target, Reduction reduction) {
  require_alike("l1", x, target);
  return reduce(abs(x - target), reduction);
}

Tensor huber(const Tensor& x, const Tensor& target, double delta, Reduction reduction) {
  require_alike("huber", x, target);
  if (!(delta > 0)) raise("huber: delta {} must be positive", delta);
  const Tensor d = abs(x - target);
  // Of a difference past delta the square is not wanted, and its gradient, zero times an infinite one, is not a number.
  const Tensor within = minimum(d, full({}, delta, d.dtype(), d.device()));
  return reduce(stet::where(d <= delta, 0.5 * square(within), delta * (d - 0.5 * delta)), reduction);
}

Tensor bce_with_logits(const Tensor& logits, const Tensor& target, const BceOptions& o) {
  require_alike("bce_with_logits", logits, target);
  // It is softplus(x) - target * x, whose terms would cancel where the logits are right.
  const Tensor positive = o.positive_weight.defined() ? o.positive_weight * target : target;
  const Tensor rest = 1 - target, of_zero = rest * softplus(logits), of_one = positive * softplus(-logits);
  const Tensor loss = of_zero + of_one;
  if (loss.shape() != logits.shape()) {
    raise("bce_with_logits: a positive_weight {} for logits {}; it must broadcast to them",
          o.positive_weight.shape().to_string(), logits.shape().to_string());
  }
  return reduce(loss, o.reduction);
}

Tensor smooth_l1(const Tensor& x, const Tensor& target, double beta, Reduction reduction) {
  const ContractFloatEnv env;
  require_alike("smooth_l1", x, target);
  if (!(beta >= 0)) raise("smooth_l1: beta {} is negative", beta);
  if (beta == 0) return reduce(abs(x - target), reduction);
  const Tensor d = abs(x - target);
  const Tensor within = minimum(d, full({}, beta, d.dtype(), d.device()));  // as in huber
  return reduce(stet::where(d <= beta, 0.5 * square(within) / beta, d - 0.5 * beta), reduction);
}

Tensor bce(const Tensor& p, const Tensor& t, Reduction reduction) {
  const ContractFloatEnv env;
  require_alike("bce", p, t);
  const auto logarithm = [](const Tensor& x) { return maximum(x, full({}, -100, x.dtype(), x.device())); };
  const Tensor is = logarithm(log(p.detach())), is_not = logarithm(log1p(-p.detach()));
  const Tensor value = -(t.detach() * is + (1 - t.detach()) * is_not);
  const auto of_probability = [p, t](const Tensor& g) {
    const Tensor spread = maximum((1 - p) * p, full({}, 1e-12, p.dtype(), p.device()));
    return (p - t) / spread * g;
  };
  const auto of_target = [p, logarithm](const Tensor& g) {
    const Tensor of_one = logarithm(log(p));
    return (logarithm(log1p(-p)) - of_one) * g;
  };
  return reduce(record("bce", value, {{p, of_probability}, {t, of_target}}), reduction);
}

Tensor sigmoid_focal(const Tensor& logits, const Tensor& target, const FocalOptions& o) {
  const ContractFloatEnv env;
  require_alike("sigmoid_focal", logits, target);
  if (!(o.alpha <= 1)) raise("sigmoid_focal: alpha {} is above 1", o.alpha);
  if (!(o.gamma >= 0)) raise("sigmoid_focal: gamma {} is negative", o.gamma);
  const Tensor positive = sigmoid(logits), negative = sigmoid(-logits), rest = 1 - target;
  const Tensor wrong_zero = positive * rest, wrong_one = negative * target, wrong = wrong_zero + wrong_one;
  const Tensor entropy = bce_with_logits(logits, target, {.reduction = Reduction::none}),
               weight = weight_of_wrong(wrong, o.gamma);
  Tensor loss = entropy * weight;
  if (o.alpha >= 0) {
    const Tensor of_one = o.alpha * target, of_zero = (1 - o.alpha) * rest;
    loss = (of_one + of_zero) * loss;
  }
  return reduce(loss, o.reduction);
}

Tensor kl_div(const Tensor& x, const Tensor& target, const KlOptions& o) {
  const ContractFloatEnv env;
  require_alike("kl_div", x, target);
  const Tensor none = zeros(target.shape(), target.dtype(), target.device());
  if (o.log_target) {
    const Tensor absent = target == -std::numeric_limits<double>::infinity();
    const Tensor some = stet::where(absent, none, target), share = exp(some), excess = some - x;
    return reduce(stet::where(absent, none, share * excess), o.reduction);
  }
  const Tensor absent = target == 0;
  const Tensor some = stet::where(absent, ones(target.shape(), target.dtype(), target.device()), target);
  return reduce(stet::where(absent, none, target * (log(some) - x)), o.reduction);
}

Tensor gaussian_nll(const Tensor& x, const Tensor& target, const Tensor& variance, const GaussianNllOptions& o) {
  const ContractFloatEnv env;
  require_alike("gaussian_nll", x, target);
  if (!(o.epsilon > 0)) raise("gaussian_nll: epsilon {} must be positive", o.epsilon);
  const Tensor v = bounded(variance, o.epsilon);
  const Tensor far = square(x - target) / v;
  Tensor loss = 0.5 * (log(v) + far);
  if (loss.shape() != x.shape()) {
    raise("gaussian_nll: a variance {} for predictions {}; it must broadcast to them", variance.shape().to_string(),
          x.shape().to_string());
  }
  if (o.full) loss = loss + kHalfLogOfTwoPi;
  return reduce(loss, o.reduction);
}

Tensor poisson_nll(const Tensor& x, const Tensor& target, const PoissonNllOptions& o) {
  const ContractFloatEnv env;
  require_alike("poisson_nll", x, target);
  const Tensor rate = o.log_input ? exp(x) : x;
  const Tensor counted = o.log_input ? target * x : target * log(x + o.epsilon);
  Tensor loss = rate - counted;
  if (o.full) {
    const Tensor many = target > 1, one = ones(target.shape(), target.dtype(), target.device());
    const Tensor t = stet::where(many, target, one);
    const Tensor power_part = t * log(t), root_part = 0.5 * log(2 * std::numbers::pi * t);
    const Tensor stirling = power_part - t + root_part;
    loss = loss + stet::where(many, stirling, zeros(target.shape(), target.dtype(), target.device()));
  }
  return reduce(loss, o.reduction);
}

}  // namespace stet::nn
