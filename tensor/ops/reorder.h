// The same elements in another order.
#pragma once

#include <cstdint>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

/// Back to front along each of the axes, or along all where none is told; a copy.
Tensor flip(const Tensor& x, const Axes& axes);
/// Moved on by shift along the axis, what leaves the end coming in at the beginning; a copy.
Tensor roll(const Tensor& x, int64_t shift, int axis);
/// Along several axes: roll(x, {-s, -s}, {1, 2}).
Tensor roll(const Tensor& x, const std::vector<int64_t>& shifts, const std::vector<int>& axes);
/// A view in which axes `from` stand at `to`, the others in their order.
Tensor movedim(const Tensor& x, const Axes& from, const Axes& to);
/// transpose().
Tensor swapaxes(const Tensor& x, int a, int b);
/// x [.., R, C] at row i and column i + offset, [.., n].
Tensor diagonal(const Tensor& x, int64_t offset = 0);
/// Of a matrix its diagonal; of a vector [n] the matrix that has it on that diagonal, and +0 elsewhere.
Tensor diag(const Tensor& x, int64_t offset = 0);

}  // namespace stet
