#include "stet/nn/distribution.h"

#include <limits>

#include "stet/nn/loss.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops/choice.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/masks.h"
#include "stet/tensor/ops/random_ops.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/reorder.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/ops/softmax.h"
#include "stet/tensor/ops/statistics.h"

namespace stet::nn {

namespace {

// Half the logarithm of 2 pi.
constexpr double kLogOfRootTwoPi = 0.91893853320467274178;

Shape joined(const Shape& leading, const Shape& shape) {
  std::vector<int64_t> dims = leading.dims();
  dims.insert(dims.end(), shape.begin(), shape.end());
  return Shape(dims);
}

void require_one(const char* distribution, const ProbabilityOptions& o) {
  if (o.logits.defined() == o.probs.defined()) raise("{}: give either logits or probs", distribution);
  const Tensor& given = o.logits.defined() ? o.logits : o.probs;
  if (!is_floating(given.dtype())) raise("{}: parameters are {}, not floating", distribution, name_of(given.dtype()));
}

// The logits of probabilities that are a precision away from 0 and 1.
Tensor logits_of(const Tensor& probs) {
  const double precision = probs.dtype() == DType::float32 ? double{std::numeric_limits<float>::epsilon()}
                                                           : std::numeric_limits<double>::epsilon();
  const Tensor p = clamp(probs, precision, 1 - precision);
  const Tensor of_other = log1p(-p);
  return log(p) - of_other;
}

// Throws UsageError where one of the parameters is such that no distribution has it.
void refuse(const char* distribution, const Tensor& wrong, const char* what) {
  if (any(wrong).item<bool>()) raise("{}: {}", distribution, what);
}

// -inf where p is 0, and no gradient there, which would be infinite.
Tensor log_of_probability(const Tensor& p) {
  const Tensor none = p == 0;
  return stet::where(none, -std::numeric_limits<double>::infinity(), log(stet::where(none, 1, p)));
}

// p * x, and +0 where p is 0, whatever x is there: its gradient too.
Tensor expected(const Tensor& p, const Tensor& x) {
  return p * stet::where(p == 0, zeros(x.shape(), x.dtype(), x.device()), x);
}

}  // namespace

Normal::Normal(const Tensor& mean, const Tensor& deviation) {
  if (!is_floating(mean.dtype()) || mean.dtype() != deviation.dtype()) {
    raise("Normal: the mean is {}, the deviation {}; they must be of one floating dtype", name_of(mean.dtype()),
          name_of(deviation.dtype()));
  }
  refuse("Normal", deviation.detach() < 0, "a deviation is negative");
  const Tensor zero = zeros({}, mean.dtype(), mean.device());
  const Shape shape = (mean.detach() * zero + deviation.detach() * zero).shape();
  mean_ = broadcast_to(mean, shape);
  deviation_ = broadcast_to(deviation, shape);
}

Normal::Normal(double mean, double deviation, DType dtype, Device device)
    : Normal(full({}, mean, dtype, device), full({}, deviation, dtype, device)) {}

Tensor Normal::sample_with_gradient(Stream& stream, const Shape& leading) const {
  const ContractFloatEnv env;
  const Tensor z = normal(stream, joined(leading, mean_.shape()), 0, 1, mean_.dtype(), mean_.device());
  return mean_ + deviation_ * z;
}

Tensor Normal::sample(Stream& stream, const Shape& leading) const {
  const NoGrad no_grad;
  return sample_with_gradient(stream, leading);
}

Tensor Normal::log_prob(const Tensor& x) const {
  const ContractFloatEnv env;
  const Tensor squares = square(x - mean_), spread = 2 * square(deviation_), width = log(deviation_);
  return -(squares / spread) - width - kLogOfRootTwoPi;
}

Tensor Normal::entropy() const {
  const ContractFloatEnv env;
  return log(deviation_) + (0.5 + kLogOfRootTwoPi);
}

Categorical::Categorical(const ProbabilityOptions& o) {
  const ContractFloatEnv env;
  require_one("Categorical", o);
  const Tensor& given = o.logits.defined() ? o.logits : o.probs;
  if (given.rank() == 0) raise("Categorical: the parameters have no axis of classes");
  if (o.probs.defined()) refuse("Categorical", o.probs.detach() < 0, "a probability is negative");
  log_probs_ = o.logits.defined() ? log_softmax(given) : Tensor();
  probs_ = o.logits.defined() ? softmax(given) : given / sum(given, {-1}, true);
  if (!log_probs_.defined()) log_probs_ = log_of_probability(probs_);
}

Tensor Categorical::sample(Stream& stream, const Shape& leading) const {
  const NoGrad no_grad;
  const Tensor rows = multinomial(stream, probs_, leading.elements(), true);  // [.., leading]
  std::vector<int64_t> dims(leading.begin(), leading.end());
  dims.insert(dims.end(), probs_.shape().begin(), probs_.shape().end() - 1);
  return movedim(rows, {-1}, {0}).reshape(std::move(dims));
}

Tensor Categorical::log_prob(const Tensor& x) const {
  const ContractFloatEnv env;
  return -nll(log_probs_, x, {.reduction = Reduction::none});
}

Tensor Categorical::entropy() const {
  const ContractFloatEnv env;
  return -sum(expected(probs_, log_probs_), {-1});
}

Tensor Categorical::mode() const { return argmax(probs_); }

Bernoulli::Bernoulli(const ProbabilityOptions& o) {
  const ContractFloatEnv env;
  require_one("Bernoulli", o);
  if (o.probs.defined()) {
    const Tensor p = o.probs.detach();
    refuse("Bernoulli", (p < 0) || (p > 1), "a probability is outside 0 … 1; pass logits as logits");
  }
  logits_ = o.logits.defined() ? o.logits : logits_of(o.probs);
  probs_ = o.logits.defined() ? sigmoid(o.logits) : o.probs;
}

Tensor Bernoulli::sample(Stream& stream, const Shape& leading) const {
  const NoGrad no_grad;
  const ContractFloatEnv env;
  const Tensor u = uniform(stream, joined(leading, probs_.shape()), 0, 1, probs_.dtype(), probs_.device());
  return (u < probs_).to(probs_.dtype());
}

Tensor Bernoulli::log_prob(const Tensor& x) const {
  const ContractFloatEnv env;
  return -bce_with_logits(logits_, x.to(logits_.dtype()), {.reduction = Reduction::none});
}

Tensor Bernoulli::entropy() const {
  const ContractFloatEnv env;
  return bce_with_logits(logits_, probs_, {.reduction = Reduction::none});
}

Tensor kl(const Normal& p, const Normal& q) {
  const ContractFloatEnv env;
  const Tensor ratio = square(p.deviation() / q.deviation());
  const Tensor apart = square((p.mean() - q.mean()) / q.deviation());
  const Tensor sum_of_both = ratio + apart - 1, width = log(ratio);
  return 0.5 * (sum_of_both - width);
}

Tensor kl(const Categorical& p, const Categorical& q) {
  const ContractFloatEnv env;
  return sum(expected(p.probs(), p.log_probs() - q.log_probs()), {-1});
}

Tensor kl(const Bernoulli& p, const Bernoulli& q) {
  const ContractFloatEnv env;
  const Tensor q_one = softplus(-q.logits()), p_one = softplus(-p.logits());
  const Tensor q_zero = softplus(q.logits()), p_zero = softplus(p.logits());
  const Tensor of_one = p.probs() * (q_one - p_one), rest = 1 - p.probs(), of_zero = rest * (q_zero - p_zero);
  return of_one + of_zero;
}

}  // namespace stet::nn
