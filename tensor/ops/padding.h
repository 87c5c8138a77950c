// Padding with what the tensor holds.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// What stands beyond an edge: the elements mirrored about the one at the edge; the one at the edge; or those of the
/// other edge.
enum class Padding { reflect, replicate, circular };
/// `widths[i]` elements before and after axis i, for the last axes given, as pad() with a number has it. Throws
/// UsageError where an axis is too short: of n elements reflect gives at most n - 1, circular at most n.
Tensor pad(const Tensor& x, const std::vector<std::pair<int64_t, int64_t>>& widths, Padding mode);

}  // namespace stet
