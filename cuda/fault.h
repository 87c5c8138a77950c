// Input that a kernel finds to be wrong, such as an index out of range. A kernel can't throw: it leaves a report, skips
// the element, and the next wait for the GPU throws.
#pragma once

namespace stet::cuda {

/// All of it is of one launch: of the first that had something to report, as launches of a queue run one after another.
struct Fault {
  enum Kind : unsigned {
    division_by_zero,
    index_select,
    index_add,
    gather,
    scatter_add,
    one_hot,
    scatter,
    cross_entropy,
    multinomial
  };
  unsigned long long launch;    ///< its number; 0: nothing was reported
  unsigned long long position;  ///< the lowest that it reported, which doesn't depend on the order of threads
  long long limit;  ///< the values at its positions are to be from 0 to below this; of a division, which op's
  Kind kind;
};

inline constexpr Fault kNoFault{0, ~0ull, 0, {}};

/// Where the threads of one launch report to.
struct Reports {
  Fault* to;
  unsigned long long launch;  ///< its number, from 1 on
};

/// Throws DataError for a report.
[[noreturn]] void throw_error(const Fault& fault);

}  // namespace stet::cuda
