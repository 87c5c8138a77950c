// The elementary functions of the numerics contract: correctly rounded.
#pragma once

#include <cstdint>

namespace stet {

/// The functions of one argument. log is the natural logarithm, sigmoid(x) = 1 / (1 + e^-x), sinpi(x) = sin(pi x),
/// cospi(x) = cos(pi x).
enum class Elementary {
  exp,
  expm1,
  log,
  log1p,
  tanh,
  sigmoid,
  erf,
  sqrt,
  sin,
  cos,
  sinpi,
  cospi,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  log2,
  log10
};

/// What all functions of this page promise, for float32 and float64:
///
/// - The result is the real value of the function at the argument, rounded once to the argument's format: to nearest,
///   ties to even, subnormal results kept, overflow to infinity. So the definition is mathematics, the same everywhere.
/// - NaN gives NaN, but pow(1, NaN) = pow(NaN, 0) = 1. Which NaN is not promised.
/// - exp(-inf) = sigmoid(-inf) = +0, sigmoid(inf) = 1, expm1(-inf) = -1; tanh and erf of +-inf are +-1; exp, expm1,
///   log, log1p and sqrt of inf are inf; sin, cos, sinpi and cospi of +-inf are NaN.
/// - log(x < 0), log1p(x < -1) and sqrt(x < 0) are NaN; log(+-0) = log1p(-1) = -inf; log(1) = +0.
/// - expm1, log1p, tanh, erf, sqrt, sin and sinpi of -0 are -0. sinpi of an integer is a zero with the argument's sign;
///   cospi of an integer and a half is +0.
/// - log2 and log10 are as log, asin(|x| > 1) and acos(|x| > 1) are NaN, tan of +-inf is NaN, atan of it +-pi/2, sinh
///   of it itself, cosh of it inf. tan, asin, atan and sinh of -0 are -0; acos(1) = +0.
/// - pow follows IEEE 754-2019: pow(x, +-0) = pow(1, y) = 1, for NaN too; of a negative x with a y that is no integer
///   it is NaN; pow(-1, +-inf) = 1; pow(+-0, y < 0) is inf, or -inf for x = -0 and an odd integer y.
///
/// For float32, bench/exhaustive.cpp proves this over all 2^32 arguments (pow: over a sample). float64 is computed by
/// GNU MPFR: slow, meant for checks of gradients and for schedules. The caller's rounding mode must be to nearest, with
/// subnormals kept (float_env.h).

/// y[i] = f(x[i]) for i < n. The arrays need no alignment; y may be x, but must not overlap it otherwise. One thread.
void apply(Elementary f, const float* x, float* y, int64_t n);
void apply(Elementary f, const double* x, double* y, int64_t n);

/// z[i] = x[i] ^ y[i] for i < n; z may be x or y.
void pow(const float* x, const float* y, float* z, int64_t n);
void pow(const double* x, const double* y, double* z, int64_t n);

namespace math {

/// One value of each, never vectorised: the reference that the arrays' functions are held to.
float exp(float x);
float expm1(float x);
float log(float x);
float log1p(float x);
float tanh(float x);
float sigmoid(float x);
float erf(float x);
float sqrt(float x);
float sin(float x);
float cos(float x);
float sinpi(float x);
float cospi(float x);
float tan(float x);
float asin(float x);
float acos(float x);
float atan(float x);
float sinh(float x);
float cosh(float x);
float log2(float x);
float log10(float x);
float pow(float x, float y);

double exp(double x);
double expm1(double x);
double log(double x);
double log1p(double x);
double tanh(double x);
double sigmoid(double x);
double erf(double x);
double sqrt(double x);
double sin(double x);
double cos(double x);
double sinpi(double x);
double cospi(double x);
double tan(double x);
double asin(double x);
double acos(double x);
double atan(double x);
double sinh(double x);
double cosh(double x);
double log2(double x);
double log10(double x);
double pow(double x, double y);

}  // namespace math
}  // namespace stet
