// Indexing kernels of the CPU. All tensors contiguous, [outer, axis, inner].
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

void index_select(const Tensor& x, const Tensor& index, const Tensor& y);
void index_add(const Tensor& g, const Tensor& index, const Tensor& y);
void gather(const Tensor& x, const Tensor& index, const Tensor& y);
void scatter_add(const Tensor& g, const Tensor& index, const Tensor& y);

}  // namespace stet::cpu_kernels
