// How a kernel reports wrong input (fault.h).
#pragma once

#include "stet/cuda/dialect.h"
#include "stet/cuda/fault.h"

namespace stet::cuda {

/// All threads of a launch that report at all give one kind and one limit.
__device__ inline void report(const Reports& reports, Fault::Kind kind, int64_t position, int64_t limit) {
  Fault& fault = *reports.to;
  const unsigned long long first = atomicCAS(&fault.launch, 0ull, reports.launch);
  if (first != 0 && first != reports.launch) return;  // an earlier launch has
  fault.kind = kind;
  fault.limit = limit;
  atomicMin(&fault.position, static_cast<unsigned long long>(position));
}

/// Whether `value` is in [0, limit); reports it where it isn't.
__device__ inline bool check_index(const Reports& reports, Fault::Kind kind, int64_t value, int64_t position,
                                   int64_t limit) {
  if (value >= 0 && value < limit) return true;
  report(reports, kind, position, limit);
  return false;
}

}  // namespace stet::cuda
