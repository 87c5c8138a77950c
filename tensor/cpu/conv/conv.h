// Convolution in two dimensions and its gradients on the CPU, under the numerics contract.
//
// Each output element is a product's sum (microkernel.h) over K, within the channel's group. K runs
//   - (c, kh, kw) for the forward;
//   - (co, kh, kw) for the input's gradient. Only taps whose output position is a whole number are there at all: with
//     stride 2, a tap that falls between two outputs takes no part, and k does not count it;
//   - (n, oh, ow) for the weight's gradient.
// Padding takes part as +0, and k counts it; likewise, in the input's gradient, an output position that is whole but
// lies outside [0, oh) x [0, ow). Such a +0 is really multiplied, so an infinite or NaN partner gives NaN; kernels
// leave it out only where that cannot show.
#pragma once

#include "stet/tensor/activation.h"
#include "stet/tensor/tensor.h"
#include "stet/tensor/window.h"

namespace stet::cpu_kernels {

// All tensors are contiguous, and of one dtype, float32 or float64; results are overwritten. The caller has checked the
// window: out_h() and out_w() are at least 1.

/// y [n, co, oh, ow] from x [n, c, h, w], weight [co, c / groups, kh, kw] and bias [co] or undefined: the activation of
/// the sum.
void conv2d(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
            const Tensor& y);

/// dx [n, c, h, w] from dy [n, co, oh, ow] and weight.
void conv2d_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx);

/// dw [co, c / groups, kh, kw] from dy [n, co, oh, ow] and x [n, c, h, w].
void conv2d_weight_gradient(const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw);

}  // namespace stet::cpu_kernels
