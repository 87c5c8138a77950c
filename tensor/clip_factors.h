// What clip_norm multiplies gradients by: docs/numerics.md, "Optimizers, schedules, clipping".
#pragma once

#include "stet/tensor/contract.h"
#include "stet/tensor/host_device.h"
#include "stet/tensor/scalar_ops.h"

namespace stet {

/// A gradient becomes (g * first) * second.
template <class T> struct ClipFactors {
  T first, second;
  STET_HOST_DEVICE bool changes_nothing() const { return first == 1 && second == 1; }
};

/// Of gradients of that norm.
template <class T> STET_HOST_DEVICE inline ClipFactors<T> clip_factors(T max_norm, T norm) {
  return {T{1}, scalar_ops::minimum(max_norm / (norm + static_cast<T>(contract::kClipEpsilon)), T{1})};
}

/// Of gradients that have that norm once they are multiplied by kClipScale. They are large: epsilon would change
/// nothing.
template <class T> STET_HOST_DEVICE inline ClipFactors<T> clip_factors_of_scaled(T max_norm, T scaled_norm) {
  const T second = max_norm / scaled_norm;
  if (second >= 1 / contract::kClipScale<T>) return {T{1}, T{1}};
  return {contract::kClipScale<T>, second};
}

}  // namespace stet
