// Convolution, its bias and activation while the result is in cache; its gradients are convolutions again, and the
// input's is transposed convolution.
#include <algorithm>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

// Unsigned, as a number that never comes to be counted to may wrap around.
int64_t multiply_adds(const Window& s) {
  uint64_t product = 1;
  for (int64_t extent : {s.n, s.co, s.out_h(), s.out_w(), s.c / s.groups, s.kh, s.kw}) {
    product *= static_cast<uint64_t>(extent);
  }
  return static_cast<int64_t>(product);
}

Tensor conv_forward(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                    Activation activation = Activation::none);

// The adjoints are convolutions' own adjoints again, so gradients of gradients need nothing new.
Tensor conv_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight);

Tensor conv_weight_gradient(const Window& s, const Tensor& dy, const Tensor& x) {
  Tensor dw = new_tensor("conv2d_weight_gradient", {s.co, s.c / s.groups, s.kh, s.kw}, x.dtype(), x.device());
  add_work(multiply_adds(s));
  backend(x.device()).conv2d_weight_gradient(s, contiguous(dy.detach()), contiguous(x.detach()), dw);
  return record("conv2d_weight_gradient", dw,
                {{dy, [s, x](const Tensor& g) { return conv_forward(s, x, g); }},
                 {x, [s, dy](const Tensor& g) { return conv_input_gradient(s, dy, g); }}});
}

Tensor conv_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight) {
  Tensor dx = new_tensor("conv2d_input_gradient", {s.n, s.c, s.h, s.w}, dy.dtype(), dy.device());
  add_work(multiply_adds(s));
  backend(dy.device()).conv2d_input_gradient(s, contiguous(dy.detach()), contiguous(weight.detach()), dx);
  return record("conv2d_input_gradient", dx,
                {{dy, [s, weight](const Tensor& g) { return conv_forward(s, g, weight); }},
                 {weight, [s, dy](const Tensor& g) { return conv_weight_gradient(s, dy, g); }}});
}

// bias may be undefined.
Tensor conv_forward(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  Tensor y = new_tensor("conv2d", {s.n, s.co, s.out_h(), s.out_w()}, x.dtype(), x.device());
  // As the ops count that this stands for.
  add_work(multiply_adds(s) + y.elements() * ((bias.defined() ? 8 : 0) + (activation == Activation::none ? 0 : 8)));
  backend(x.device())
      .conv2d(s, contiguous(x.detach()), contiguous(weight.detach()), bias.defined() ? contiguous(bias.detach()) : bias,
              activation, y);
  y = record("conv2d", y,
             {{bias,
               [](const Tensor& g) {
                 return sum(g, {0, 2, 3});
               }},
              {x, [s, weight](const Tensor& g) { return conv_input_gradient(s, g, weight); }},
              {weight, [s, x](const Tensor& g) { return conv_weight_gradient(s, g, x); }}});
  // The activation's own place on the tape, so that its gradient is taken once; relu's result is above 0 where its
  // input is.
  return activation == Activation::relu ? record_with_output("relu", y, y, relu_gradient) : y;
}

void require_window(const char* op, const Window& s) {
  if (s.kh < 1 || s.kw < 1 || s.stride_h < 1 || s.stride_w < 1 || s.dil_h < 1 || s.dil_w < 1) {
    raise("{}: kernel, stride and dilation must be at least 1", op);
  }
  if (s.pad_h < 0 || s.pad_w < 0) raise("{}: padding must be at least 0", op);
  const int64_t h = add_extents(op, s.h, multiply_extents(op, 2, s.pad_h)),
                w = add_extents(op, s.w, multiply_extents(op, 2, s.pad_w));
  constexpr int64_t kMostLanes = 128;
  multiply_extents(op, multiply_extents(op, h, w), kMostLanes);  // which kernels count in
  const auto fits = [op](int64_t padded, int64_t dilation, int64_t kernel) {
    return multiply_extents(op, dilation, kernel - 1) < padded;
  };
  if (!fits(h, s.dil_h, s.kh) || !fits(w, s.dil_w, s.kw)) {
    raise("{}: a {}x{} kernel does not fit an image of {}x{} with its padding", op, s.kh, s.kw, s.h, s.w);
  }
}

void require_bias(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t channels) {
  if (!bias.defined()) return;
  require_same_dtype(op, x, bias);
  if (bias.shape() != Shape{channels}) {
    raise("{}: bias {} is not one number for each output channel of weight {}", op, bias.shape().to_string(),
          weight.shape().to_string());
  }
}

}  // namespace

namespace composed {

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  Conv2dOptions plain = options;
  plain.activation = Activation::none;
  Tensor y = stet::conv2d(x, weight, {}, plain);
  if (bias.defined()) y = y + bias.reshape({weight.size(0), 1, 1});
  return options.activation == Activation::relu ? relu(y) : y;
}

}  // namespace composed

namespace {

// conv2d on behalf of op.
Tensor convolve(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  require_floating(op, x);
  require_same_dtype(op, x, weight);
  if (x.rank() != 4 || weight.rank() != 4) {
    raise("{}: takes input [N, C, H, W] and weight [CO, C, KH, KW], not {} and {}", op, x.shape().to_string(),
          weight.shape().to_string());
  }
  const Window s{.n = x.size(0),
                 .c = x.size(1),
                 .h = x.size(2),
                 .w = x.size(3),
                 .co = weight.size(0),
                 .kh = weight.size(2),
                 .kw = weight.size(3),
                 .stride_h = o.stride.first,
                 .stride_w = o.stride.second,
                 .pad_h = o.padding.first,
                 .pad_w = o.padding.second,
                 .dil_h = o.dilation.first,
                 .dil_w = o.dilation.second,
                 .groups = o.groups};
  if (o.groups < 1 || s.co % o.groups != 0) raise("{}: {} groups do not divide {} output channels", op, o.groups, s.co);
  const int64_t channels = multiply_extents(op, weight.size(1), o.groups);
  if (s.c != channels) {
    raise("{}: input has {} channels, weight {} takes {}", op, s.c, weight.shape().to_string(), channels);
  }
  require_window(op, s);
  require_bias(op, x, weight, bias, s.co);
  return conv_forward(s, x, weight, bias, o.activation);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  return convolve("conv2d", x, weight, bias, options);
}

namespace {

// The extent that a convolution takes to one of n. Throws UsageError naming op where there is none.
int64_t transposed_extent(const char* op, int64_t n, int64_t kernel, int64_t stride, int64_t padding,
                          int64_t output_padding, int64_t dilation) {
  if (n < 1) raise("{}: an input of no rows or columns", op);
  if (kernel < 1 || stride < 1 || dilation < 1) raise("{}: kernel, stride and dilation must be at least 1", op);
  if (padding < 0) raise("{}: padding must be at least 0", op);
  if (output_padding < 0 || output_padding >= std::max(stride, dilation)) {
    raise("{}: output padding {} must be at least 0 and below the larger of stride {} and dilation {}", op,
          output_padding, stride, dilation);
  }
  const int64_t reach =
      add_extents(op, multiply_extents(op, n - 1, stride), multiply_extents(op, dilation, kernel - 1));
  const int64_t extent = add_extents(op, reach, output_padding + 1) - multiply_extents(op, 2, padding);
  if (extent < 1) raise("{}: padding {} leaves nothing of the output", op, padding);
  return extent;
}

// conv_transpose2d on behalf of op.
Tensor convolve_back(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const ConvTranspose2dOptions& o) {
  require_floating(op, x);
  require_same_dtype(op, x, weight);
  if (x.rank() != 4 || weight.rank() != 4 || x.size(1) != weight.size(0)) {
    raise("{}: takes input [N, C, H, W] and weight [C, CO / groups, KH, KW], not {} and {}", op, x.shape().to_string(),
          weight.shape().to_string());
  }
  if (o.groups < 1 || x.size(1) % o.groups != 0) {
    raise("{}: {} groups do not divide {} input channels", op, o.groups, x.size(1));
  }
  // The convolution whose input's gradient this is.
  const Window s{.n = x.size(0),
                 .c = multiply_extents(op, weight.size(1), o.groups),
                 .h = transposed_extent(op, x.size(2), weight.size(2), o.stride.first, o.padding.first,
                                        o.output_padding.first, o.dilation.first),
                 .w = transposed_extent(op, x.size(3), weight.size(3), o.stride.second, o.padding.second,
                                        o.output_padding.second, o.dilation.second),
                 .co = x.size(1),
                 .kh = weight.size(2),
                 .kw = weight.size(3),
                 .stride_h = o.stride.first,
                 .stride_w = o.stride.second,
                 .pad_h = o.padding.first,
                 .pad_w = o.padding.second,
                 .dil_h = o.dilation.first,
                 .dil_w = o.dilation.second,
                 .groups = o.groups};
  require_bias(op, x, weight, bias, s.c);
  // A stride of output padding is a row of zeros more in the input.
  const int64_t rows = o.output_padding.first / o.stride.first, columns = o.output_padding.second / o.stride.second;
  const Tensor whole = rows + columns > 0 ? pad(x, {{0, rows}, {0, columns}}) : x;
  const Tensor y = conv_input_gradient(s, whole, weight);
  return bias.defined() ? y + bias.reshape({s.c, 1, 1}) : y;
}

}  // namespace

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  return convolve_back("conv_transpose2d", x, weight, bias, options);
}

namespace {

// [N, C, L] as [N, C, 1, L].
Tensor of_height_one(const char* op, const char* what, const Tensor& x) {
  if (x.rank() != 3) raise("{}: takes {} of three axes, not {}", op, what, x.shape().to_string());
  return x.unsqueeze(2);
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& o) {
  constexpr auto kOp = "conv1d";
  return convolve(kOp, of_height_one(kOp, "input [N, C, L]", x),
                  of_height_one(kOp, "weight [CO, C / groups, K]", weight), bias,
                  {.stride = {1, o.stride},
                   .padding = {0, o.padding},
                   .dilation = {1, o.dilation},
                   .groups = o.groups,
                   .activation = o.activation})
      .squeeze(2);
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTranspose1dOptions& o) {
  constexpr auto kOp = "conv_transpose1d";
  return convolve_back(kOp, of_height_one(kOp, "input [N, C, L]", x),
                       of_height_one(kOp, "weight [C, CO / groups, K]", weight), bias,
                       {.stride = {1, o.stride},
                        .padding = {0, o.padding},
                        .output_padding = {0, o.output_padding},
                        .dilation = {1, o.dilation},
                        .groups = o.groups})
      .squeeze(2);
}

}  // namespace stet
