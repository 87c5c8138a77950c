// Whether an array holds neither infinities nor NaN.
#pragma once

#include <cstdint>

namespace stet {

bool all_finite(const float* x, int64_t n);
bool all_finite(const double* x, int64_t n);

}  // namespace stet
