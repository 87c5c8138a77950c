// Activation functions; relu, gelu, silu, softplus, tanh and sigmoid are in elementwise.h.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// clamp(x, low, high), whose gradient passes where low < x < high. Throws UsageError unless low < high.
Tensor hardtanh(const Tensor& x, double low = -1, double high = 1);
/// hardtanh(x, 0, 6): Howard et al., 2017 (arXiv 1704.04861).
Tensor relu6(const Tensor& x);
/// relu6(x + 3) / 6.
Tensor hardsigmoid(const Tensor& x);
/// x hardsigmoid(x): Howard et al., 2019 (arXiv 1905.02244).
Tensor hardswish(const Tensor& x);
/// x where x > 0, else slope * x: Maas et al., 2013.
Tensor leaky_relu(const Tensor& x, double slope = 0.01);
/// leaky_relu with a learned slope: weight [1], or one for each channel of x [N, C, ...]. He et al., 2015 (arXiv
/// 1502.01852).
Tensor prelu(const Tensor& x, const Tensor& weight);
/// x where x > 0, else alpha (e^x - 1): Clevert et al., 2016 (arXiv 1511.07289).
Tensor elu(const Tensor& x, double alpha = 1);
/// x where x > 0, else alpha (e^(x / alpha) - 1): Barron, 2017 (arXiv 1704.07483). Throws UsageError where alpha is 0.
Tensor celu(const Tensor& x, double alpha = 1);
/// The scaled elu of self-normalising networks: Klambauer et al., 2017 (arXiv 1706.02515).
Tensor selu(const Tensor& x);
/// x tanh(softplus(x)): Misra, 2019 (arXiv 1908.08681).
Tensor mish(const Tensor& x);
/// log(sigmoid(x)), as -softplus(-x).
Tensor log_sigmoid(const Tensor& x);
/// x / (1 + |x|).
Tensor softsign(const Tensor& x);
/// a sigmoid(b), the halves of x along an axis: Dauphin et al., 2017 (arXiv 1612.08083). Throws UsageError on an odd
/// extent.
Tensor glu(const Tensor& x, int axis = -1);
/// silu(a) b, likewise: Shazeer, 2020 (arXiv 2002.05202).
Tensor swiglu(const Tensor& x, int axis = -1);

}  // namespace stet
