// Kernels of convolution and its gradients. Arguments as in Backend.
#pragma once

#include "stet/cuda/queue.h"
#include "stet/tensor/activation.h"
#include "stet/tensor/tensor.h"
#include "stet/tensor/window.h"

namespace stet::cuda_kernels {

void conv2d(cuda::Queue& queue, const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias,
            Activation activation, const Tensor& y);
void conv2d_input_gradient(cuda::Queue& queue, const Window& s, const Tensor& dy, const Tensor& weight,
                           const Tensor& dx);
void conv2d_weight_gradient(cuda::Queue& queue, const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw);

}  // namespace stet::cuda_kernels
