#include "stet/optim/step_parts.h"

#include <limits>

#include "stet/tensor/ops/elementwise.h"

namespace stet::optim {

Tensor flush(const Tensor& x) {
  const double least =
      x.dtype() == DType::float32 ? double{std::numeric_limits<float>::min()} : std::numeric_limits<double>::min();
  return where(abs(x) < least, zeros({}, x.dtype(), x.device()), x);
}

Tensor running_mean(const Tensor& a, const Tensor& x, double keep) { return flush(keep * a + (1 - keep) * x); }

Tensor running_square(const Tensor& a, const Tensor& x, double keep) { return flush(keep * a + ((1 - keep) * x) * x); }

Tensor with_decay(const Tensor& g, const Tensor& p, double weight_decay) {
  return weight_decay != 0 ? g + weight_decay * p : g;
}

}  // namespace stet::optim
