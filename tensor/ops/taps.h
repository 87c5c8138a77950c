// What the elements of an axis at another size are made of.
#pragma once

#include <cstdint>
#include <vector>

#include "stet/tensor/ops/interpolate.h"

namespace stet {

/// Element j of the result is the sum of weights[t] · x[sources[t]] for t from starts[j] to starts[j + 1] - 1, in this
/// order. Weights are as binary64 has them.
struct TapTable {
  std::vector<int64_t> starts{0}, sources;
  std::vector<double> weights;

  int64_t rows() const { return static_cast<int64_t>(starts.size()) - 1; }
  /// One element of x as it is in each place, the first in the first.
  bool is_identity(int64_t n) const;
  /// The table of the adjoint, for an x of n elements: rows take their elements in ascending order.
  TapTable transposed(int64_t n) const;
};

/// docs/numerics.md, "Interpolation": from `in` elements to `out`, both at least 1.
TapTable interpolation_taps(int64_t in, int64_t out, const InterpolateOptions& how);

}  // namespace stet
