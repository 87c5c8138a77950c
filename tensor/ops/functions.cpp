// Elementary functions and powers, element by element, and their gradients.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"

namespace stet {
namespace {

Tensor floating(Unary op, const char* name, const Tensor& x) {
  require_floating(name, x);
  return apply(op, name, x);
}

}  // namespace

Tensor exp(const Tensor& x) {
  return record_with_output("exp", floating(Unary::exp, "exp", x), x,
                            [](const Tensor& g, const Tensor& y) { return g * y; });
}

Tensor expm1(const Tensor& x) {
  return record_with_output("expm1", floating(Unary::expm1, "expm1", x), x,
                            [](const Tensor& g, const Tensor& y) { return g * (y + 1); });
}

Tensor log(const Tensor& x) {
  return record("log", floating(Unary::log, "log", x), {{x, [x](const Tensor& g) { return g / x; }}});
}

Tensor log1p(const Tensor& x) {
  return record("log1p", floating(Unary::log1p, "log1p", x), {{x, [x](const Tensor& g) { return g / (x + 1); }}});
}

Tensor sqrt(const Tensor& x) {
  return record_with_output("sqrt", floating(Unary::sqrt, "sqrt", x), x,
                            [](const Tensor& g, const Tensor& y) { return g / (y * 2); });
}

Tensor rsqrt(const Tensor& x) { return 1 / sqrt(x); }

Tensor tanh(const Tensor& x) {
  return record_with_output("tanh", floating(Unary::tanh, "tanh", x), x,
                            [](const Tensor& g, const Tensor& y) { return g * (1 - y * y); });
}

Tensor sigmoid(const Tensor& x) {
  return record_with_output("sigmoid", floating(Unary::sigmoid, "sigmoid", x), x,
                            [](const Tensor& g, const Tensor& y) { return g * (y * (1 - y)); });
}

Tensor erf(const Tensor& x) {
  return record("erf", floating(Unary::erf, "erf", x),
                {{x, [x](const Tensor& g) { return g * (exp(-(x * x)) * contract::kTwoOverSqrtPi); }}});
}

Tensor sin(const Tensor& x) {
  return record("sin", floating(Unary::sin, "sin", x), {{x, [x](const Tensor& g) { return g * cos(x); }}});
}

Tensor cos(const Tensor& x) {
  return record("cos", floating(Unary::cos, "cos", x), {{x, [x](const Tensor& g) { return -(g * sin(x)); }}});
}

Tensor sinpi(const Tensor& x) {
  return record("sinpi", floating(Unary::sinpi, "sinpi", x),
                {{x, [x](const Tensor& g) { return g * (cospi(x) * contract::kPi); }}});
}

Tensor cospi(const Tensor& x) {
  return record("cospi", floating(Unary::cospi, "cospi", x),
                {{x, [x](const Tensor& g) { return -(g * (sinpi(x) * contract::kPi)); }}});
}

Tensor tan(const Tensor& x) {
  return record_with_output("tan", floating(Unary::tan, "tan", x), x,
                            [](const Tensor& g, const Tensor& y) { return g * (y * y + 1); });
}

namespace {

// sqrt(1 - x^2), whose factors keep their digits where x is near 1.
Tensor other_side(const Tensor& x) {
  const Tensor less = 1 - x, more = x + 1;
  return sqrt(less * more);
}

}  // namespace

Tensor asin(const Tensor& x) {
  return record("asin", floating(Unary::asin, "asin", x), {{x, [x](const Tensor& g) { return g / other_side(x); }}});
}

Tensor acos(const Tensor& x) {
  return record("acos", floating(Unary::acos, "acos", x), {{x, [x](const Tensor& g) { return -(g / other_side(x)); }}});
}

Tensor atan(const Tensor& x) {
  return record("atan", floating(Unary::atan, "atan", x), {{x, [x](const Tensor& g) { return g / (x * x + 1); }}});
}

Tensor sinh(const Tensor& x) {
  return record("sinh", floating(Unary::sinh, "sinh", x), {{x, [x](const Tensor& g) { return g * cosh(x); }}});
}

Tensor cosh(const Tensor& x) {
  return record("cosh", floating(Unary::cosh, "cosh", x), {{x, [x](const Tensor& g) { return g * sinh(x); }}});
}

Tensor log2(const Tensor& x) {
  return record("log2", floating(Unary::log2, "log2", x),
                {{x, [x](const Tensor& g) { return g / (x * contract::kLog2); }}});
}

Tensor log10(const Tensor& x) {
  return record("log10", floating(Unary::log10, "log10", x),
                {{x, [x](const Tensor& g) { return g / (x * contract::kLog10); }}});
}

Tensor pow(const Tensor& x, const Tensor& y) {
  require_floating("pow", x);
  return record("pow", apply(Binary::pow, "pow", x, y),
                {{x,
                  [x, y](const Tensor& g) {
                    // y·x^(y-1) is 0 where y is, at x = 0 too, where the power is infinite.
                    const Tensor exponent = where((x == 0) && (y == 0), number("pow", 1, y), y);
                    return sum_to(g * (y * pow(x, exponent - 1)), x.shape());
                  }},
                 {y, [x, y](const Tensor& g) {
                    // 0^y does not depend on y from 0 on, though log 0 does.
                    const Tensor base = where((x == 0) && (y >= 0), number("pow", 1, x), x);
                    return sum_to(g * (pow(x, y) * log(base)), y.shape());
                  }}});
}

Tensor pow(const Tensor& x, double y) {
  require_floating("pow", x);
  return pow(x, number("pow", y, x));
}

namespace {

// n >= 1.
Tensor multiplied(const Tensor& x, int64_t n) {
  int64_t bit = 1;
  while (n / 2 >= bit) bit *= 2;
  Tensor y = x;
  while (bit /= 2) {
    y = y * y;
    if (n & bit) y = y * x;
  }
  return y;
}

Tensor integer_power(const Tensor& x, int64_t n) {
  if (n > 0) return multiplied(x, n);
  if (n == 0) return ones(x.shape(), x.dtype(), x.device());
  const Tensor value = [&] {
    NoGrad no_grad;
    return 1 / multiplied(x, -n);
  }();
  // As composed it would be infinity times zero at 0.
  return record("pow", value, {{x, [x, n](const Tensor& g) { return g * (n * integer_power(x, n - 1)); }}});
}

}  // namespace

Tensor pow(const Tensor& x, int n) {
  if (x.dtype() == DType::boolean) raise("pow: takes numbers, not bool; convert with to(), or use where()");
  return integer_power(x, n);
}

}  // namespace stet
