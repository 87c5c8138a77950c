// What norms hand to their kernels.
#pragma once

#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/tensor.h"

namespace stet::norms {

/// Uninitialized, [n], of x's dtype and device.
inline Tensor vector_like(const Tensor& x, int64_t n) { return Tensor::uninitialized({n}, x.dtype(), x.device()); }

/// Uninitialized, of x's shape, dtype and device.
inline Tensor empty_like(const Tensor& x) { return Tensor::uninitialized(x.shape(), x.dtype(), x.device()); }

/// The value alone, contiguous; undefined stays undefined.
inline Tensor plain(const Tensor& t) { return t.defined() ? contiguous(t.detach()) : t; }

}  // namespace stet::norms
