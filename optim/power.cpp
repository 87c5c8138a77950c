#include "stet/optim/power.h"

#include <bit>

namespace stet::optim {

double power(double x, int64_t n) {
  double result = 1;
  for (int bit = std::bit_width(static_cast<uint64_t>(n)) - 1; bit >= 0; --bit) {
    result *= result;
    if ((n >> bit) & 1) result *= x;
  }
  return result;
}

}  // namespace stet::optim
