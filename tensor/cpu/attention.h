// Attention on the CPU.
#pragma once

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

void attention(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
               const Tensor& totals);
void attention_gradient(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                        const Tensor& totals, const Tensor& g, const AttentionInputs& gradients);

}  // namespace stet::cpu_kernels
