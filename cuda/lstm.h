// Kernels of the recurrent layer's steps. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/backend.h"

namespace stet::cuda_kernels {

void lstm(cuda::Queue& queue, const Tensor& weight, const Tensor& bias, const LstmTrace& trace, const Tensor& output);
void lstm_gradient(cuda::Queue& queue, const Tensor& weight, const LstmTrace& trace, const Tensor& g,
                   const Tensor& g_cell, const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell);

}  // namespace stet::cuda_kernels
