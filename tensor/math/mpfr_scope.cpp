#include "stet/tensor/math/mpfr_scope.h"

namespace stet::math {

namespace {

// Gives back, when a thread ends, what MPFR has cached for it.
struct ThreadCache {
  ~ThreadCache() { mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE); }
};

}  // namespace

MpfrScope::MpfrScope(const Format& format) : emin_(mpfr_get_emin()), emax_(mpfr_get_emax()), format_(format) {
  [[maybe_unused]] thread_local const ThreadCache cache;
  mpfr_set_emin(format.emin);
  mpfr_set_emax(format.emax);
  mpfr_inits2(format.precision, x_, y_, result_, nullptr);
}

MpfrScope::~MpfrScope() {
  mpfr_clears(x_, y_, result_, nullptr);
  mpfr_set_emin(emin_);
  mpfr_set_emax(emax_);
}

double MpfrScope::operator()(Elementary f, double x) {
  mpfr_set_d(x_, x, MPFR_RNDN);
  return finish(evaluate(f));
}

double MpfrScope::pow(double x, double y) {
  mpfr_set_d(x_, x, MPFR_RNDN);
  mpfr_set_d(y_, y, MPFR_RNDN);
  return finish(mpfr_pow(result_, x_, y_, MPFR_RNDN));
}

// A subnormal result has fewer bits; the ternary value says on which side of it the real value lies.
double MpfrScope::finish(int ternary) {
  mpfr_subnormalize(result_, ternary, MPFR_RNDN);
  return mpfr_get_d(result_, MPFR_RNDN);
}

int MpfrScope::evaluate(Elementary f) {
  switch (f) {
    case Elementary::exp: return mpfr_exp(result_, x_, MPFR_RNDN);
    case Elementary::expm1: return mpfr_expm1(result_, x_, MPFR_RNDN);
    case Elementary::log: return mpfr_log(result_, x_, MPFR_RNDN);
    case Elementary::log1p: return mpfr_log1p(result_, x_, MPFR_RNDN);
    case Elementary::tanh: return mpfr_tanh(result_, x_, MPFR_RNDN);
    case Elementary::sigmoid: return sigmoid();
    case Elementary::erf: return mpfr_erf(result_, x_, MPFR_RNDN);
    case Elementary::sqrt: return mpfr_sqrt(result_, x_, MPFR_RNDN);
    case Elementary::sin: return mpfr_sin(result_, x_, MPFR_RNDN);
    case Elementary::cos: return mpfr_cos(result_, x_, MPFR_RNDN);
    case Elementary::sinpi: return mpfr_sinpi(result_, x_, MPFR_RNDN);
    case Elementary::cospi: return mpfr_cospi(result_, x_, MPFR_RNDN);
    case Elementary::tan: return mpfr_tan(result_, x_, MPFR_RNDN);
    case Elementary::asin: return mpfr_asin(result_, x_, MPFR_RNDN);
    case Elementary::acos: return mpfr_acos(result_, x_, MPFR_RNDN);
    case Elementary::atan: return mpfr_atan(result_, x_, MPFR_RNDN);
    case Elementary::sinh: return mpfr_sinh(result_, x_, MPFR_RNDN);
    case Elementary::cosh: return mpfr_cosh(result_, x_, MPFR_RNDN);
    case Elementary::log2: return mpfr_log2(result_, x_, MPFR_RNDN);
    case Elementary::log10: return mpfr_log10(result_, x_, MPFR_RNDN);
  }
  __builtin_unreachable();
}

int MpfrScope::sigmoid() {
  if (mpfr_nan_p(x_)) return mpfr_set_nan(result_), 0;
  // Far below the smallest subnormal of both formats; e^-x would soon leave MPFR's own range.
  if (mpfr_cmp_si(x_, -1000) < 0) return mpfr_set_zero(result_, 1), -1;
  // e^-x may lie outside the format's range.
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
  mpfr_t wide;
  mpfr_init2(wide, 128);
  for (mpfr_prec_t precision = 128;; precision *= 2) {
    mpfr_set_prec(wide, precision);
    mpfr_neg(wide, x_, MPFR_RNDN);
    mpfr_exp(wide, wide, MPFR_RNDN);
    mpfr_add_ui(wide, wide, 1, MPFR_RNDN);
    mpfr_ui_div(wide, 1, wide, MPFR_RNDN);
    // Three roundings: good to 2 ulp.
    if (mpfr_can_round(wide, precision - 3, MPFR_RNDN, MPFR_RNDN, format_.precision)) break;
  }
  const int ternary = mpfr_set(result_, wide, MPFR_RNDN);
  mpfr_clear(wide);
  mpfr_set_emin(format_.emin);
  mpfr_set_emax(format_.emax);
  return mpfr_check_range(result_, ternary, MPFR_RNDN);
}

}  // namespace stet::math
