// How a kernel reports wrong input (fault.h).
#pragma once

#include "stet/cuda/dialect.h"
#include "stet/cuda/fault.h"

namespace stet::cuda {

__device__ inline void report(Fault* fault, Fault::Kind kind, int64_t position, int64_t limit) {
  fault->limits[kind] = limit;
  atomicMin(&fault->first, static_cast<unsigned long long>(kind) << Fault::kPositionBits | static_cast<unsigned long long>(position));
}

/// Whether `value` is in [0, limit); reports it where it isn't.
__device__ inline bool check_index(Fault* fault, Fault::Kind kind, int64_t value, int64_t position, int64_t limit) {
  if (value >= 0 && value < limit) return true;
  report(fault, kind, position, limit);
  return false;
}

}  // namespace stet::cuda
