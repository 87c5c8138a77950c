// The Gaussian error linear unit.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

Tensor gelu_tanh(const Tensor& x) {
  const Tensor inner = (x + (x * x * x) * contract::kGeluCubic) * contract::kSqrtTwoOverPi;
  return (x * 0.5) * (tanh(inner) + 1);
}

Tensor gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf) {
  if (grad_enabled() || !one_plus_erf.defined()) return composed::gelu_gradient(g, x);
  Tensor dx = new_tensor("gelu", x.shape(), x.dtype(), x.device());
  add_work(8 * x.elements());
  backend(x.device()).gelu_gradient(contiguous(g), contiguous(x.detach()), one_plus_erf, dx);
  return dx;
}

}  // namespace

namespace composed {

Tensor gelu(const Tensor& x) { return (x * 0.5) * (erf(x * contract::kSqrtHalf) + 1); }

Tensor gelu_gradient(const Tensor& g, const Tensor& x) {
  const Tensor half = x * 0.5, u = x * contract::kSqrtHalf;
  const Tensor through_erf = ((g * half) * (exp(-(u * u)) * contract::kTwoOverSqrtPi)) * contract::kSqrtHalf;
  const Tensor through_half = (g * (erf(u) + 1)) * 0.5;
  return through_erf + through_half;
}

}  // namespace composed

Tensor gelu(const Tensor& x, Gelu form) {
  require_floating("gelu", x);
  if (form == Gelu::tanh) return gelu_tanh(x);
  Tensor y, one_plus_erf;
  {
    const bool recorded = grad_enabled() && x.has_gradient();
    NoGrad no_grad;
    if (x.dtype() == DType::float32) {
      y = new_tensor("gelu", x.shape(), x.dtype(), x.device());
      if (recorded) one_plus_erf = new_tensor("gelu", x.shape(), x.dtype(), x.device());
      add_work(8 * x.elements());
      backend(x.device()).gelu(contiguous(x.detach()), y, one_plus_erf);
    } else {
      y = composed::gelu(x);
    }
  }
  return record("gelu", y, {{x, [x, one_plus_erf](const Tensor& g) { return gelu_gradient(g, x, one_plus_erf); }}});
}

}  // namespace stet
