#include "sleef_functions.h"

#ifndef STET_BENCH_SLEEF

std::vector<SleefFunction> sleef_avx512() { return {}; }

#else

#include <immintrin.h>
#include <sleef.h>

namespace {

template <class F> void map(const float* x, float* y, int64_t n, const F& f) {
  for (int64_t i = 0; i < n; i += 16) _mm512_storeu_ps(y + i, f(_mm512_loadu_ps(x + i)));
}

void sleef_exp(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_expf16_u10avx512f(v); });
}
void sleef_expm1(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_expm1f16_u10avx512f(v); });
}
void sleef_log(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_logf16_u10avx512f(v); });
}
void sleef_log1p(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_log1pf16_u10avx512f(v); });
}
void sleef_tanh(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_tanhf16_u10avx512f(v); });
}
void sleef_erf(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_erff16_u10avx512f(v); });
}
void sleef_sin(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_sinf16_u10avx512f(v); });
}
void sleef_cos(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m512 v) { return Sleef_cosf16_u10avx512f(v); });
}

}  // namespace

std::vector<SleefFunction> sleef_avx512() {
  return {{"exp", sleef_exp}, {"expm1", sleef_expm1}, {"log", sleef_log}, {"log1p", sleef_log1p},
          {"tanh", sleef_tanh}, {"erf", sleef_erf}, {"sin", sleef_sin}, {"cos", sleef_cos}};
}

#endif
