#include "sleef_functions.h"

#ifndef STET_BENCH_SLEEF

std::vector<SleefFunction> sleef_avx2() { return {}; }

#else

#include <immintrin.h>
#include <sleef.h>

namespace {

template <class F> void map(const float* x, float* y, int64_t n, const F& f) {
  for (int64_t i = 0; i < n; i += 8) _mm256_storeu_ps(y + i, f(_mm256_loadu_ps(x + i)));
}

void sleef_exp(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_expf8_u10avx2(v); });
}
void sleef_expm1(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_expm1f8_u10avx2(v); });
}
void sleef_log(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_logf8_u10avx2(v); });
}
void sleef_log1p(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_log1pf8_u10avx2(v); });
}
void sleef_tanh(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_tanhf8_u10avx2(v); });
}
void sleef_erf(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_erff8_u10avx2(v); });
}
void sleef_sin(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_sinf8_u10avx2(v); });
}
void sleef_cos(const float* x, float* y, int64_t n) {
  map(x, y, n, [](__m256 v) { return Sleef_cosf8_u10avx2(v); });
}

}  // namespace

std::vector<SleefFunction> sleef_avx2() {
  return {{"exp", sleef_exp}, {"expm1", sleef_expm1}, {"log", sleef_log}, {"log1p", sleef_log1p},
          {"tanh", sleef_tanh}, {"erf", sleef_erf}, {"sin", sleef_sin}, {"cos", sleef_cos}};
}

#endif
