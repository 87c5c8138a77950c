// Shared by the op catalogue's sources.
#pragma once

#include <string_view>

#include "stet/tensor/tensor.h"

namespace stet {

/// g summed over the axes along which a tensor of `shape` was broadcast: the adjoint of broadcasting.
Tensor sum_to(const Tensor& g, const Shape& shape);

/// Throws UsageError naming op where dtypes or devices differ.
void require_same_dtype(std::string_view op, const Tensor& a, const Tensor& b);
/// Throws UsageError naming op unless x is float32 or float64.
void require_floating(std::string_view op, const Tensor& x);

}  // namespace stet
