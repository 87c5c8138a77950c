// Integer powers of schedules and bias corrections.
#pragma once

#include <cstdint>

namespace stet::optim {

/// x^n in binary64 by square and multiply, most significant bit first; n = 0 gives 1.
double power(double x, int64_t n);

}  // namespace stet::optim
