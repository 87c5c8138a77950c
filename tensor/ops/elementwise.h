// Ops element by element.
#pragma once

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
/// IEEE division; of integers, toward zero. Integer division by zero throws DataError.
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& x);
// With a number. Beside a floating tensor it is rounded once to the tensor's dtype; beside an integer one it must be
// one of its dtype's values, and to divide it must be of an integer type, else they throw UsageError.
Tensor operator+(const Tensor& a, Number b);
Tensor operator-(const Tensor& a, Number b);
Tensor operator*(const Tensor& a, Number b);
Tensor operator/(const Tensor& a, Number b);
Tensor operator+(Number a, const Tensor& b);
Tensor operator-(Number a, const Tensor& b);
Tensor operator*(Number a, const Tensor& b);
Tensor operator/(Number a, const Tensor& b);

// Comparisons give bool; NaN compares as in IEEE 754. An integer or bool tensor compares with any number as mathematics
// has it; beside a floating one the number is rounded to its dtype first.
Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator==(const Tensor& a, Number b);
Tensor operator!=(const Tensor& a, Number b);
Tensor operator<(const Tensor& a, Number b);
Tensor operator<=(const Tensor& a, Number b);
Tensor operator>(const Tensor& a, Number b);
Tensor operator>=(const Tensor& a, Number b);
Tensor operator&&(const Tensor& a, const Tensor& b);
Tensor operator||(const Tensor& a, const Tensor& b);
Tensor operator!(const Tensor& x);

/// IEEE 754-2019 maximum and minimum: NaN wins, -0 < +0. Where both are equal, a takes the gradient.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
/// a where the condition (bool) holds, else b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
/// minimum(maximum(x, low), high); the gradient passes where low <= x <= high. Of integers the bounds are integral, or
/// infinite, and some value of the dtype lies between them.
Tensor clamp(const Tensor& x, double low, double high);

Tensor abs(const Tensor& x);
/// -1, 0 or 1; NaN passes.
Tensor sign(const Tensor& x);
Tensor square(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor expm1(const Tensor& x);
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor sqrt(const Tensor& x);
/// 1 / sqrt(x), two roundings.
Tensor rsqrt(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
/// sin(pi x), cos(pi x).
Tensor sinpi(const Tensor& x);
Tensor cospi(const Tensor& x);
Tensor tan(const Tensor& x);
/// The inverses of sin, cos and tan, in radians; NaN where there is none.
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
/// Logarithms to base 2 and 10.
Tensor log2(const Tensor& x);
Tensor log10(const Tensor& x);
/// Correctly rounded x^y, element by element.
Tensor pow(const Tensor& x, const Tensor& y);
Tensor pow(const Tensor& x, double y);
/// Square and multiply, most significant bit first; n = 0 gives 1, n < 0 gives 1 / x^-n, whose gradient is n x^(n - 1).
Tensor pow(const Tensor& x, int n);

/// x < 0 ? +0 : x, so NaN and -0 pass. The gradient passes where x > 0.
Tensor relu(const Tensor& x);
enum class Gelu { erf, tanh };
/// Hendrycks and Gimpel, 2016: 0.5 x (1 + erf(x / sqrt 2)), or its tanh form.
Tensor gelu(const Tensor& x, Gelu form = Gelu::erf);
/// x sigmoid(x).
Tensor silu(const Tensor& x);
/// log(1 + e^x), as maximum(x, 0) + log1p(exp(-|x|)).
Tensor softplus(const Tensor& x);

}  // namespace stet
