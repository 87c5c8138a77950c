// The float64 functions, which GNU MPFR rounds correctly.
#include <cmath>

#include "stet/tensor/math/elementary.h"
#include "stet/tensor/math/mpfr_scope.h"

namespace stet {

void apply(Elementary f, const double* x, double* y, int64_t n) {
  if (f == Elementary::sqrt) {
    for (int64_t i = 0; i < n; ++i) y[i] = std::sqrt(x[i]);
    return;
  }
  math::MpfrScope evaluate(math::kFloat64);
  for (int64_t i = 0; i < n; ++i) y[i] = evaluate(f, x[i]);
}

void pow(const double* x, const double* y, double* z, int64_t n) {
  math::MpfrScope evaluate(math::kFloat64);
  for (int64_t i = 0; i < n; ++i) z[i] = evaluate.pow(x[i], y[i]);
}

namespace math {
namespace {

double one(Elementary f, double x) { return MpfrScope(kFloat64)(f, x); }

}  // namespace

double exp(double x) { return one(Elementary::exp, x); }
double expm1(double x) { return one(Elementary::expm1, x); }
double log(double x) { return one(Elementary::log, x); }
double log1p(double x) { return one(Elementary::log1p, x); }
double tanh(double x) { return one(Elementary::tanh, x); }
double sigmoid(double x) { return one(Elementary::sigmoid, x); }
double erf(double x) { return one(Elementary::erf, x); }
double sqrt(double x) { return std::sqrt(x); }
double sin(double x) { return one(Elementary::sin, x); }
double cos(double x) { return one(Elementary::cos, x); }
double sinpi(double x) { return one(Elementary::sinpi, x); }
double cospi(double x) { return one(Elementary::cospi, x); }
double tan(double x) { return one(Elementary::tan, x); }
double asin(double x) { return one(Elementary::asin, x); }
double acos(double x) { return one(Elementary::acos, x); }
double atan(double x) { return one(Elementary::atan, x); }
double sinh(double x) { return one(Elementary::sinh, x); }
double cosh(double x) { return one(Elementary::cosh, x); }
double log2(double x) { return one(Elementary::log2, x); }
double log10(double x) { return one(Elementary::log10, x); }
double pow(double x, double y) { return MpfrScope(kFloat64).pow(x, y); }

}  // namespace math
}  // namespace stet
