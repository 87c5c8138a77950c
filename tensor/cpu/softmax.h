// Softmax, its logarithm and cross-entropy along the last axis, on the CPU.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::cpu_kernels {

// Each is the function of Backend of its name.
void softmax(const Tensor& x, const Tensor& y);
void softmax_gradient(const Tensor& g, const Tensor& y, const Tensor& dx);
void log_softmax(const Tensor& x, const Tensor& y);
void cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& loss, const Tensor& exponentials,
                   const Tensor& total);
void cross_entropy_gradient(const Tensor& g, const Tensor& target, const Tensor& exponentials, const Tensor& total,
                            const Tensor& dx);

}  // namespace stet::cpu_kernels
