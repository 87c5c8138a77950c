#include "stet/tensor/ops/rounding.h"

#include <limits>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet {
namespace {

void require_numbers(const char* op, const Tensor& x) {
  if (x.dtype() == DType::boolean) raise("{}: takes numbers, not bool; convert with to()", op);
}

Tensor rounded(Unary op, const char* name, const Tensor& x) {
  require_numbers(name, x);
  return is_floating(x.dtype()) ? apply(op, name, x) : x;
}

// a - q·b, where q is the quotient's whole part: its gradient takes q for constant.
Tensor left_over(Binary op, const char* name, const Tensor& a, const Tensor& b,
                 Tensor (*whole)(const Tensor&, const Tensor&)) {
  require_numbers(name, a);
  return record(name, apply(op, name, a, b),
                {{a, [s = a.shape()](const Tensor& g) { return sum_to(g, s); }},
                 {b, [=](const Tensor& g) { return sum_to(-(g * whole(a, b)), b.shape()); }}});
}

Tensor toward_zero(const Tensor& a, const Tensor& b) { return trunc(a / b); }

// The answer for every element of integers.
Tensor always(const char* op, const Tensor& x, bool value) {
  return filled(op, x.shape(), value, DType::boolean, x.device());
}

}  // namespace

Tensor floor(const Tensor& x) { return rounded(Unary::floor, "floor", x); }
Tensor ceil(const Tensor& x) { return rounded(Unary::ceil, "ceil", x); }
Tensor round(const Tensor& x) { return rounded(Unary::round, "round", x); }
Tensor trunc(const Tensor& x) { return rounded(Unary::trunc, "trunc", x); }

Tensor floor_divide(const Tensor& a, const Tensor& b) {
  require_numbers("floor_divide", a);
  return apply(Binary::floor_divide, "floor_divide", a, b);
}
Tensor remainder(const Tensor& a, const Tensor& b) {
  return left_over(Binary::remainder, "remainder", a, b, floor_divide);
}
Tensor fmod(const Tensor& a, const Tensor& b) { return left_over(Binary::fmod, "fmod", a, b, toward_zero); }

Tensor floor_divide(const Tensor& a, Number b) { return floor_divide(a, number("floor_divide", b, a)); }
Tensor remainder(const Tensor& a, Number b) { return remainder(a, number("remainder", b, a)); }
Tensor fmod(const Tensor& a, Number b) { return fmod(a, number("fmod", b, a)); }

Tensor isnan(const Tensor& x) { return is_floating(x.dtype()) ? x != x : always("isnan", x, false); }

Tensor isinf(const Tensor& x) {
  if (!is_floating(x.dtype())) return always("isinf", x, false);
  return abs(x.detach()) == std::numeric_limits<double>::infinity();
}

Tensor isfinite(const Tensor& x) {
  if (!is_floating(x.dtype())) return always("isfinite", x, true);
  return abs(x.detach()) < std::numeric_limits<double>::infinity();
}

}  // namespace stet
