// Activation functions as public ops compose them. Where the composition's own gradient would lose digits, or turn an
// infinity on the side that wasn't taken into NaN, the gradient is written out.
#include "stet/tensor/ops/activations.h"

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

Tensor zero_like(const Tensor& x) { return zeros({}, x.dtype(), x.device()); }

// x where x > 0, else expm1(x / divisor) * below; all of it times `above` where that isn't 1.
struct Exponential {
  double below = 1, divisor = 1, above = 1;
};

Tensor exponential_below(const char* op, const Tensor& x, const Exponential& form) {
  require_floating(op, x);
  // Of what lies above 0 the exponential is not wanted, and its gradient, zero times an infinite one, is not a number.
  const auto below = [form](const Tensor& t) {
    const Tensor u = minimum(t, zero_like(t));
    return form.divisor == 1 ? u : u / form.divisor;
  };
  const auto above = [form](const Tensor& t) { return form.above == 1 ? t : t * form.above; };
  const Tensor y = [&] {
    NoGrad no_grad;
    return where(x > 0, above(x), expm1(below(x)) * form.below);
  }();
  return record(op, y, {{x, [=](const Tensor& g) {
                           const ContractFloatEnv env;
                           const Tensor under = g * (exp(below(x)) * (form.below / form.divisor));
                           return where(x > 0, above(g), under);
                         }}});
}

}  // namespace

Tensor hardtanh(const Tensor& x, double low, double high) {
  require_floating("hardtanh", x);
  if (!(low < high)) raise("hardtanh: {} to {} is no range", low, high);
  const Tensor y = [&] {
    NoGrad no_grad;
    return clamp(x, low, high);
  }();
  return record("hardtanh", y, {{x, [=](const Tensor& g) { return where((x > low) && (x < high), g, zero_like(g)); }}});
}

Tensor relu6(const Tensor& x) {
  require_floating("relu6", x);
  return hardtanh(x, 0, 6);
}

Tensor hardsigmoid(const Tensor& x) {
  require_floating("hardsigmoid", x);
  return hardtanh(x + 3, 0, 6) / 6;
}

Tensor hardswish(const Tensor& x) {
  require_floating("hardswish", x);
  return x * hardsigmoid(x);
}

Tensor leaky_relu(const Tensor& x, double slope) {
  require_floating("leaky_relu", x);
  const auto choose = [=](const Tensor& of) { return where(x > 0, of, of * slope); };
  const Tensor y = [&] {
    NoGrad no_grad;
    return choose(x);
  }();
  return record("leaky_relu", y, {{x, choose}});
}

Tensor prelu(const Tensor& x, const Tensor& weight) {
  require_floating("prelu", x);
  require_same_dtype("prelu", x, weight);
  const int64_t channels = x.rank() < 2 ? 1 : x.size(1);
  if (weight.rank() != 1 || (weight.size(0) != 1 && weight.size(0) != channels)) {
    raise("prelu: weight {} is neither [1] nor one slope for each channel of {}", weight.shape().to_string(),
          x.shape().to_string());
  }
  std::vector<int64_t> beside(static_cast<size_t>(x.rank()), 1);
  if (x.rank() > 1) beside[1] = weight.size(0);
  const auto slopes = [beside](const Tensor& w) { return w.reshape(beside); };
  const Tensor y = [&] {
    NoGrad no_grad;
    return where(x > 0, x, x * slopes(weight));
  }();
  return record("prelu", y,
                {{x, [=](const Tensor& g) { return where(x > 0, g, g * slopes(weight)); }},
                 {weight, [=](const Tensor& g) {
                    return sum_to(where(x > 0, zero_like(g), g * x), Shape(beside)).reshape(weight.shape().dims());
                  }}});
}

Tensor elu(const Tensor& x, double alpha) { return exponential_below("elu", x, {.below = alpha}); }

Tensor celu(const Tensor& x, double alpha) {
  if (alpha == 0) raise("celu: alpha is 0");
  return exponential_below("celu", x, {.below = alpha, .divisor = alpha});
}

Tensor selu(const Tensor& x) {
  constexpr double kAlpha = 1.6732632423543772848170429916717, kScale = 1.0507009873554804934193349852946;
  return exponential_below("selu", x, {.below = kScale * kAlpha, .above = kScale});
}

Tensor mish(const Tensor& x) {
  require_floating("mish", x);
  return x * tanh(softplus(x));
}

Tensor log_sigmoid(const Tensor& x) {
  require_floating("log_sigmoid", x);
  return -softplus(-x);
}

Tensor softsign(const Tensor& x) {
  require_floating("softsign", x);
  const Tensor y = [&] {
    NoGrad no_grad;
    return x / (abs(x) + 1);
  }();
  return record("softsign", y, {{x, [x](const Tensor& g) {
                                   const Tensor d = abs(x) + 1;
                                   return (g / d) / d;
                                 }}});
}

namespace {

std::pair<Tensor, Tensor> halves(const char* op, const Tensor& x, int axis) {
  require_floating(op, x);
  axis = x.shape().normal_axis(axis, op);
  const int64_t n = x.size(axis);
  if (n % 2 != 0) raise("{}: axis {} of {} has no halves", op, axis, x.shape().to_string());
  return {x.slice(axis, 0, n / 2), x.slice(axis, n / 2, n)};
}

}  // namespace

Tensor glu(const Tensor& x, int axis) {
  const auto [a, b] = halves("glu", x, axis);
  return a * sigmoid(b);
}

Tensor swiglu(const Tensor& x, int axis) {
  const auto [a, b] = halves("swiglu", x, axis);
  return silu(a) * b;
}

}  // namespace stet
