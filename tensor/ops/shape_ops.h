// Ops that change the shape, or view.
#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

Tensor reshape(const Tensor& x, std::vector<int64_t> dims);
/// Axes first … last become one; a scalar becomes [1].
Tensor flatten(const Tensor& x, int first = 0, int last = -1);
/// Swaps two axes; the last two by default.
Tensor transpose(const Tensor& x, int a = -2, int b = -1);
Tensor permute(const Tensor& x, std::vector<int> axes);
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end, int64_t step = 1);
Tensor squeeze(const Tensor& x, int axis);
Tensor unsqueeze(const Tensor& x, int axis);
/// A view with stride 0 along stretched axes; its gradient is summed over them.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
Tensor concatenate(std::span<const Tensor> parts, int axis = 0);
Tensor concatenate(std::initializer_list<Tensor> parts, int axis = 0);
/// Joins along a new axis.
Tensor stack(std::span<const Tensor> parts, int axis = 0);
Tensor stack(std::initializer_list<Tensor> parts, int axis = 0);
/// `widths[i]` elements of `value` before and after axis i, for the last axes given: pad(x, {{1, 1}, {1, 1}}) frames
/// images.
Tensor pad(const Tensor& x, std::vector<std::pair<int64_t, int64_t>> widths, double value = 0);

}  // namespace stet
