// multinomial's draws, for every device: docs/numerics.md, "Randomness".
#pragma once

#include <cstdint>

#include "stet/tensor/host_device.h"

namespace stet::weighted_choice {

/// Of 53 random bits, in [0, 1).
STET_HOST_DEVICE inline double unit(int64_t word_a, int64_t word_b) {
  return static_cast<double>((word_a >> 5 << 26) + (word_b >> 6)) * 0x1p-53;
}

/// Whether a weight is one.
STET_HOST_DEVICE inline bool is_weight(double w) { return w >= 0 && w - w == 0; }

/// Whether the running sum `c` is the first that a draw of u stops at, where none before it is.
STET_HOST_DEVICE inline bool stops_at(double c, double u, double total) {
  const double target = u * total;
  return c > target || c == total;  // among subnormal numbers the product may be the total
}

/// The draw's index, from the running sums of n weights whose total is above 0.
STET_HOST_DEVICE inline int64_t chosen(const double* sums, int64_t n, double u) {
  int64_t low = 0;
  for (int64_t high = n - 1; low < high;) {
    const int64_t middle = low + (high - low) / 2;
    if (stops_at(sums[middle], u, sums[n - 1])) high = middle;
    else low = middle + 1;
  }
  return low;
}

/// The same from weights, without their sums.
STET_HOST_DEVICE inline int64_t chosen_of(const double* weights, int64_t n, double u, double total) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum += weights[i];
    if (stops_at(sum, u, total)) return i;
  }
  return n - 1;
}

STET_HOST_DEVICE inline double total_of(const double* weights, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += weights[i];
  return sum;
}

/// Whether draws can be made of weights with this sum.
STET_HOST_DEVICE inline bool is_total(double total) { return total > 0 && total - total == 0; }

/// Draws `count` indices of one row without replacement; a drawn weight becomes 0. False where too few weights are
/// above 0, or their sum is no number.
STET_HOST_DEVICE inline bool draw_without(double* weights, int64_t n, const int64_t* words, int64_t count, int64_t* y) {
  for (int64_t k = 0; k < count; ++k) {
    const double total = total_of(weights, n);
    if (!is_total(total)) return false;
    y[k] = chosen_of(weights, n, unit(words[2 * k], words[2 * k + 1]), total);
    weights[y[k]] = 0;
  }
  return true;
}

}  // namespace stet::weighted_choice
