// Convolution and pooling.
#pragma once

#include <utility>

#include "stet/tensor/activation.h"
#include "stet/tensor/tensor.h"

namespace stet {

struct Conv2dOptions {
  std::pair<int64_t, int64_t> stride{1, 1}, padding{0, 0}, dilation{1, 1};
  int64_t groups = 1;
  Activation activation = Activation::none;  ///< applied after the bias
};
/// x [N, C, H, W], weight [CO, C / groups, KH, KW], bias [CO] or undefined; zero padding. Result [N, CO, OH, OW].
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dOptions& options = {});

struct PoolOptions {
  std::pair<int64_t, int64_t> stride{0, 0};  ///< 0: the kernel's own extent
  std::pair<int64_t, int64_t> padding{0, 0};
};
/// x [N, C, H, W] with H and W of at least 1; padding takes no part. Ties: the first in (kh, kw) order.
Tensor max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options = {});
/// Padding counts as +0, and in the divisor.
Tensor avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options = {});

}  // namespace stet
