// Convolution, and its transpose.
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

struct Conv1dOptions {
  int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  Activation activation = Activation::none;  ///< applied after the bias
};
/// conv2d of height 1: x [N, C, L], weight [CO, C / groups, K], bias [CO] or undefined. Result [N, CO, OL].
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv1dOptions& options = {});

struct ConvTranspose2dOptions {
  std::pair<int64_t, int64_t> stride{1, 1}, padding{0, 0};
  std::pair<int64_t, int64_t> output_padding{
      0, 0};  ///< further rows and columns at the end, fewer than stride or dilation
  std::pair<int64_t, int64_t> dilation{1, 1};
  int64_t groups = 1;
};
/// The adjoint of conv2d with the same weight and options, plus a bias: x [N, C, H, W], weight [C, CO / groups, KH,
/// KW], bias [CO] or undefined. Result [N, CO, OH, OW], OH = (H - 1) stride - 2 padding + dilation (KH - 1) +
/// output_padding
/// + 1. Zeiler et al., 2010; Dumoulin and Visin, 2016 (arXiv 1603.07285).
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {});

struct ConvTranspose1dOptions {
  int64_t stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1;
};
/// The same of height 1: x [N, C, L], weight [C, CO / groups, K]. Result [N, CO, OL].
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose1dOptions& options = {});

}  // namespace stet
