// Histograms of all parameters and their gradients, every so many steps.
#pragma once

#include <cstdint>

namespace stet {

/// `run.histograms({.every_steps = 100})`: of every tracked parameter, as `weights/net/in/weight` after the step, and
/// of the gradient by which an optimizer changed it, as `gradients/net/in/weight`.
struct HistogramPolicy {
  int64_t every_steps = 0;  ///< 0: never
  bool weights = true;
  bool gradients = true;
};

}  // namespace stet
