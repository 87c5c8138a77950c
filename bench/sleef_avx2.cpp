#include "sleef_functions.h"

#ifndef STET_BENCH_SLEEF

std::vector<SleefFunction> sleef_avx2() { return {}; }

#else

#include <immintrin.h>
#include <sleef.h>

namespace {

template <auto kFunction> void map(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += 8) _mm256_storeu_ps(y + i, kFunction(_mm256_loadu_ps(x + i)));
}

}  // namespace

std::vector<SleefFunction> sleef_avx2() {
  return {{"exp", map<Sleef_expf8_u10avx2>},   {"expm1", map<Sleef_expm1f8_u10avx2>},
          {"log", map<Sleef_logf8_u10avx2>},   {"log1p", map<Sleef_log1pf8_u10avx2>},
          {"tanh", map<Sleef_tanhf8_u10avx2>}, {"erf", map<Sleef_erff8_u10avx2>},
          {"sin", map<Sleef_sinf8_u10avx2>},   {"cos", map<Sleef_cosf8_u10avx2>}};
}

#endif
