// Choices among elements: where() and extremes of other tensors.
#include "stet/tensor/ops/masks.h"

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {

Tensor where(const Tensor& condition, const Tensor& a, Number b) { return where(condition, a, number("where", b, a)); }
Tensor where(const Tensor& condition, Number a, const Tensor& b) { return where(condition, number("where", a, b), b); }

Tensor masked_fill(const Tensor& x, const Tensor& mask, Number value) {
  constexpr auto kOp = "masked_fill";
  if (mask.dtype() != DType::boolean) raise("{}: a mask must be bool, not {}", kOp, name_of(mask.dtype()));
  require_same_device(kOp, x, mask);
  if (broadcast_shape(kOp, mask.shape(), x.shape()) != x.shape()) {
    raise("{}: the mask {} does not broadcast to {}", kOp, mask.shape().to_string(), x.shape().to_string());
  }
  return where(mask, number(kOp, value, x), x);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  constexpr auto kOp = "masked_select";
  if (mask.dtype() != DType::boolean) raise("{}: a mask must be bool, not {}", kOp, name_of(mask.dtype()));
  require_same_device(kOp, x, mask);
  const Shape shape = broadcast_shape(kOp, x.shape(), mask.shape());
  elements_of(shape.dims(), kOp);
  return broadcast_to(x, shape)[broadcast_to(mask, shape)];
}

Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high) { return clamp_max(clamp_min(x, low), high); }

namespace {

void require_ordered(const char* op, const Tensor& x) {
  if (x.dtype() == DType::boolean) raise("{}: takes numbers, not bool; convert with to()", op);
}

Tensor clamped(const char* op, const Tensor& x, const Tensor& bound, Tensor (*extreme)(const Tensor&, const Tensor&)) {
  require_ordered(op, x);
  require_same_dtype(op, x, bound);
  if (broadcast_shape(op, bound.shape(), x.shape()) != x.shape()) {
    raise("{}: the bound {} does not broadcast to {}", op, bound.shape().to_string(), x.shape().to_string());
  }
  return extreme(x, bound);
}

}  // namespace

Tensor clamp_min(const Tensor& x, const Tensor& low) { return clamped("clamp_min", x, low, maximum); }
Tensor clamp_max(const Tensor& x, const Tensor& high) { return clamped("clamp_max", x, high, minimum); }

Tensor clamp_min(const Tensor& x, Number low) {
  require_ordered("clamp_min", x);
  return maximum(x, number("clamp_min", low, x));
}

Tensor clamp_max(const Tensor& x, Number high) {
  require_ordered("clamp_max", x);
  return minimum(x, number("clamp_max", high, x));
}

namespace {

// column - row of each element of a matrix [rows, columns], on x's device.
Tensor offsets(const char* op, const Tensor& x) {
  if (x.rank() < 2) raise("{}: takes [.., R, C], not {}", op, x.shape().to_string());
  const Tensor rows = arange(x.size(-2)), columns = arange(x.size(-1));
  return (columns - rows.unsqueeze(1)).to(x.device());
}

}  // namespace

Tensor tril(const Tensor& x, int64_t diagonal) { return where(offsets("tril", x) <= diagonal, x, 0); }
Tensor triu(const Tensor& x, int64_t diagonal) { return where(offsets("triu", x) >= diagonal, x, 0); }

}  // namespace stet
