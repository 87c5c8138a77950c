#include "stet/tensor/update.h"

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/work.h"

namespace stet {

namespace {

void check(const char* op, const Tensor& gradient, const Tensor& value) {
  require_same_dtype(op, gradient, value);
  require_floating(op, value);
  if (gradient.shape() != value.shape()) {
    raise("{}: a gradient {} does not fit a parameter {}", op, gradient.shape().to_string(), value.shape().to_string());
  }
}

// Where the new value goes: over the old one if nobody else can see it.
Tensor target(const Tensor& old) {
  return old.is_unshared() ? old : Tensor::uninitialized(old.shape(), old.dtype(), old.device());
}

}  // namespace

void update(const SgdStep& step, const Tensor& gradient, Tensor& parameter, Tensor& momentum) {
  check("sgd", gradient, parameter);
  if (momentum.defined()) check("sgd", gradient, momentum);
  const Tensor p = target(parameter), b = momentum.defined() ? target(momentum) : Tensor();
  backend(gradient.device()).sgd(step, contiguous(gradient.detach()), {parameter, momentum}, {p, b});
  add_work(8 * p.elements());
  parameter = p;
  momentum = b;
}

void update(const AdamStep& step, const Tensor& gradient, Tensor& parameter, Tensor& mean, Tensor& square) {
  for (const Tensor* value : {&parameter, &mean, &square}) check("adam", gradient, *value);
  const Tensor p = target(parameter), m = target(mean), v = target(square);
  backend(gradient.device()).adam(step, contiguous(gradient.detach()), {parameter, mean, square}, {p, m, v});
  add_work(8 * p.elements());
  parameter = p;
  mean = m;
  square = v;
}

}  // namespace stet
