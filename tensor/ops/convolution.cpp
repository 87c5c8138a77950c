// Convolution, its bias and activation while the result is in cache, and pooling; convolution's gradients are
// convolutions again.
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
  const auto fits = [op](int64_t extent, int64_t padding, int64_t dilation, int64_t kernel) {
    const int64_t padded = add_extents(op, extent, multiply_extents(op, 2, padding));
    return multiply_extents(op, dilation, kernel - 1) < padded;
  };
  if (!fits(s.h, s.pad_h, s.dil_h, s.kh) || !fits(s.w, s.pad_w, s.dil_w, s.kw)) {
    raise("{}: a {}x{} kernel does not fit an image of {}x{} with its padding", op, s.kh, s.kw, s.h, s.w);
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

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  require_floating("conv2d", x);
  require_same_dtype("conv2d", x, weight);
  if (x.rank() != 4 || weight.rank() != 4) {
    raise("conv2d: takes input [N, C, H, W] and weight [CO, C, KH, KW], not {} and {}", x.shape().to_string(),
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
  if (o.groups < 1 || s.co % o.groups != 0) raise("conv2d: {} groups do not divide {} output channels", o.groups, s.co);
  const int64_t channels = multiply_extents("conv2d", weight.size(1), o.groups);
  if (s.c != channels) {
    raise("conv2d: input has {} channels, weight {} takes {}", s.c, weight.shape().to_string(), channels);
  }
  require_window("conv2d", s);
  if (bias.defined()) {
    require_same_dtype("conv2d", x, bias);
    if (bias.shape() != Shape{s.co}) {
      raise("conv2d: bias {} is not one number for each output channel of weight {}", bias.shape().to_string(),
            weight.shape().to_string());
    }
  }
  return conv_forward(s, x, weight, bias, o.activation);
}

namespace {

Window pool_window(const char* op, const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& o) {
  require_floating(op, x);
  if (x.rank() != 4) raise("{}: takes [N, C, H, W], not {}", op, x.shape().to_string());
  Window s{.n = x.size(0),
           .c = x.size(1),
           .h = x.size(2),
           .w = x.size(3),
           .co = x.size(1),
           .kh = kernel.first,
           .kw = kernel.second,
           .stride_h = o.stride.first == 0 ? kernel.first : o.stride.first,
           .stride_w = o.stride.second == 0 ? kernel.second : o.stride.second,
           .pad_h = o.padding.first,
           .pad_w = o.padding.second};
  require_window(op, s);
  if (s.pad_h > s.kh / 2 || s.pad_w > s.kw / 2) raise("{}: padding must be at most half the kernel", op);
  return s;
}

Shape pooled(const Window& s) { return {s.n, s.c, s.out_h(), s.out_w()}; }

Tensor max_pool_gradient(const Window& s, const Tensor& dy, const Tensor& index) {
  Tensor dx = new_tensor("max_pool2d_gradient", {s.n, s.c, s.h, s.w}, dy.dtype(), dy.device());
  backend(dy.device()).max_pool2d_gradient(s, contiguous(dy.detach()), index, dx);
  return record("max_pool2d_gradient", dx,
                {{dy, [index](const Tensor& g) {
                    return gather(flatten(g, 2), 2, flatten(index, 2)).reshape(index.shape().dims());
                  }}});
}

}  // namespace

Tensor max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options) {
  const Window s = pool_window("max_pool2d", x, kernel, options);
  if (s.h == 0 || s.w == 0) raise("max_pool2d: an image of {}x{} has no maximum", s.h, s.w);
  Tensor y = new_tensor("max_pool2d", pooled(s), x.dtype(), x.device());
  Tensor index = new_tensor("max_pool2d", pooled(s), DType::int64, x.device());
  backend(x.device()).max_pool2d(s, contiguous(x.detach()), y, index);
  return record("max_pool2d", y, {{x, [s, index](const Tensor& g) { return max_pool_gradient(s, g, index); }}});
}

namespace {

Tensor avg_pool_forward(const Window& s, const Tensor& x);

Tensor avg_pool_gradient(const Window& s, const Tensor& dy) {
  Tensor dx = new_tensor("avg_pool2d_gradient", {s.n, s.c, s.h, s.w}, dy.dtype(), dy.device());
  backend(dy.device()).avg_pool2d_gradient(s, contiguous(dy.detach()), dx);
  return record("avg_pool2d_gradient", dx, {{dy, [s](const Tensor& g) { return avg_pool_forward(s, g); }}});
}

Tensor avg_pool_forward(const Window& s, const Tensor& x) {
  Tensor y = new_tensor("avg_pool2d", pooled(s), x.dtype(), x.device());
  backend(x.device()).avg_pool2d(s, contiguous(x.detach()), y);
  return record("avg_pool2d", y, {{x, [s](const Tensor& g) { return avg_pool_gradient(s, g); }}});
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options) {
  return avg_pool_forward(pool_window("avg_pool2d", x, kernel, options), x);
}

}  // namespace stet
