// One function evaluation in GNU MPFR, rounded once to a binary floating-point format. Private to tensor/math and its
// tests.
#pragma once

#include <mpfr.h>

#include "stet/tensor/math/elementary.h"

namespace stet::math {

/// A format of MPFR numbers: bits of precision, and the exponents of the smallest subnormal and of the largest number,
/// with the significand in [1/2, 1).
struct Format {
  mpfr_prec_t precision;
  mpfr_exp_t emin, emax;
};

inline constexpr Format kFloat32 = {24, -148, 128}, kFloat64 = {53, -1073, 1024};

/// Owns a thread's variables, and the exponent range while it lives: MPFR keeps that range by thread, and the program
/// may use MPFR itself.
class MpfrScope {
 public:
  explicit MpfrScope(const Format& format);
  ~MpfrScope();
  MpfrScope(const MpfrScope&) = delete;
  MpfrScope& operator=(const MpfrScope&) = delete;

  /// f(x), correctly rounded to the format; x must be of the format.
  double operator()(Elementary f, double x);

  /// x ^ y, likewise.
  double pow(double x, double y);

 private:
  int evaluate(Elementary f);
  int sigmoid();
  double finish(int ternary);

  const mpfr_exp_t emin_, emax_;
  const Format format_;
  mpfr_t x_, y_, result_;
};

}  // namespace stet::math
