// A loss or a metric of a device, on its way to the host.
#pragma once

#include <cstdint>
#include <memory>

#include "stet/tensor/pending_read.h"
#include "stet/tensor/tensor.h"

namespace stet::tracking {

/// One float32 or float64. Both values wait for the read.
struct ScalarRead {
  Tensor scalar;  ///< as it is on its device
  std::shared_ptr<PendingRead> read;

  /// NaN is the plain one.
  double number() const;
  /// The raw bits, binary32 zero-extended; NaN is the plain one of its format.
  uint64_t bits() const;
};

}  // namespace stet::tracking
