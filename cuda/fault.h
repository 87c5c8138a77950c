// Input that a kernel finds to be wrong, such as an index out of range. A kernel can't throw: it leaves a report, skips the element, and the
// next wait for the GPU throws.
#pragma once

namespace stet::cuda {

struct Fault {
  enum Kind : unsigned { division_by_zero, index_select, index_add, gather, scatter_add, cross_entropy, kinds };
  /// The kind in the highest bits, then the lowest position that was reported; all ones: none. Kernels take the minimum, which doesn't
  /// depend on the order of threads.
  unsigned long long first;
  /// Of each kind: the values at its positions are to be from 0 to below this.
  long long limits[kinds];

  static constexpr int kPositionBits = 56;
};

inline constexpr Fault kNoFault{~0ull, {}};

/// Throws DataError for a report.
[[noreturn]] void throw_error(const Fault& fault);

}  // namespace stet::cuda
