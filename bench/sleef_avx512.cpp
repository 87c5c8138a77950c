#include "sleef_functions.h"

#ifndef STET_BENCH_SLEEF

std::vector<SleefFunction> sleef_avx512() { return {}; }

#else

#include <immintrin.h>
#include <sleef.h>

namespace {

template <auto kFunction> void map(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) _mm512_storeu_ps(y + i, kFunction(_mm512_loadu_ps(x + i)));
}

}  // namespace

std::vector<SleefFunction> sleef_avx512() {
  return {{"exp", map<Sleef_expf16_u10avx512f>},   {"expm1", map<Sleef_expm1f16_u10avx512f>},
          {"log", map<Sleef_logf16_u10avx512f>},   {"log1p", map<Sleef_log1pf16_u10avx512f>},
          {"tanh", map<Sleef_tanhf16_u10avx512f>}, {"erf", map<Sleef_erff16_u10avx512f>},
          {"sin", map<Sleef_sinf16_u10avx512f>},   {"cos", map<Sleef_cosf16_u10avx512f>}};
}

#endif
