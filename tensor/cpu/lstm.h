// Long short-term memory on the CPU.
#pragma once

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

void lstm(const Tensor& weight, const Tensor& bias, const LstmTrace& trace, const Tensor& output);
void lstm_gradient(const Tensor& weight, const LstmTrace& trace, const Tensor& g, const Tensor& g_cell,
                   const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell);

}  // namespace stet::cpu_kernels
