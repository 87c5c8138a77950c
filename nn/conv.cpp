#include "stet/nn/conv.h"

#include <algorithm>
#include <vector>

#include "stet/nn/fan_in_init.h"
#include "stet/nn/value_or_none.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet::nn {

namespace {

bool positive(const Size2d& s) { return s.h > 0 && s.w > 0; }
bool negative(const Size2d& s) { return s.h < 0 || s.w < 0; }

// "Conv2d(3, 8, 5x5)".
std::string head_of(const char* layer, int64_t in, int64_t out, const Size2d& kernel) {
  return fmt::format("{}({}, {}, {})", layer, in, out, to_string(kernel));
}

void check(const std::string& head, int64_t in, int64_t out, const Size2d& kernel, const ConvOptions& o) {
  if (in <= 0 || out <= 0 || !positive(kernel)) raise("{}: channels and kernel must be positive", head);
  if (!positive(o.stride) || !positive(o.dilation) || negative(o.padding)) {
    raise("{}: stride {}, dilation {} and padding {} must be positive, the last may be 0", head, to_string(o.stride),
          to_string(o.dilation), to_string(o.padding));
  }
  if (o.groups <= 0 || in % o.groups != 0 || out % o.groups != 0) {
    raise("{}: {} groups don't divide both channel counts", head, o.groups);
  }
  if (o.same_padding && (o.stride != Size2d(1) || o.padding != Size2d(0))) {
    raise("{}: same_padding goes with stride 1 and no other padding", head);
  }
}

// The same layer in two dimensions.
ConvOptions in_two(const ConvOptions1d& o) {
  return {.stride = {1, o.stride},
          .padding = {0, o.padding},
          .dilation = {1, o.dilation},
          .groups = o.groups,
          .bias = o.bias,
          .activation = o.activation,
          .dtype = o.dtype,
          .same_padding = o.same_padding,
          .padding_mode = o.padding_mode};
}

using Widths = std::vector<std::pair<int64_t, int64_t>>;

// Of an axis, before and after the image.
std::pair<int64_t, int64_t> widths_of(int64_t kernel, int64_t dilation, int64_t padding, bool same) {
  if (!same) return {padding, padding};
  const int64_t all = dilation * (kernel - 1);
  return {all / 2, all - all / 2};
}

// x with the padding that the op can't do itself, and what is left for it to do.
struct Padded {
  Tensor x;
  std::vector<int64_t> left;
};

Padded padded(const Tensor& x, const Widths& widths, std::optional<Padding> mode) {
  const bool even = std::all_of(widths.begin(), widths.end(), [](const auto& w) { return w.first == w.second; });
  Padded result{x, std::vector<int64_t>(widths.size(), 0)};
  if (mode) {
    result.x = pad(x, widths, *mode);
  } else if (!even) {
    result.x = pad(x, widths, 0.0);
  } else {
    for (size_t i = 0; i < widths.size(); ++i) result.left[i] = widths[i].first;
  }
  return result;
}

const char* name_of_padding(Padding mode) {
  switch (mode) {
    case Padding::reflect: return "reflect";
    case Padding::replicate: return "replicate";
    case Padding::circular: return "circular";
  }
  raise("Conv: unknown padding mode");
}

// What differs from a layer's defaults, in its description.
template <class Options> std::string described(const Options& o, bool in_one) {
  const auto size = [&](const Size2d& s) { return in_one ? std::to_string(s.w) : to_string(s); };
  std::string text;
  if (o.stride != Size2d(1)) text += ", stride " + size(o.stride);
  if (o.padding != Size2d(0)) text += ", padding " + size(o.padding);
  if constexpr (requires { o.output_padding; }) {
    if (o.output_padding != Size2d(0)) text += ", output padding " + size(o.output_padding);
  }
  if constexpr (requires { o.same_padding; }) {
    if (o.same_padding) text += ", same padding";
    if (o.padding_mode) text += fmt::format(", {} padding", name_of_padding(*o.padding_mode));
  }
  if (o.dilation != Size2d(1)) text += ", dilation " + size(o.dilation);
  if (o.groups != 1) text += fmt::format(", groups {}", o.groups);
  if (!o.bias) text += ", no bias";
  if constexpr (requires { o.activation; }) {
    if (o.activation != stet::Activation::none) text += fmt::format(", {}", name_of(o.activation));
  }
  return text + ")";
}

}  // namespace

Conv2d::Conv2d(int64_t in, int64_t out, Size2d kernel, const Rng& rng, const ConvOptions& options) : options_(options) {
  check(head_of("Conv2d", in, out, kernel), in, out, kernel, options);
  const int64_t channels = in / options.groups, fan_in = channels * kernel.h * kernel.w;
  weight = fan_in_uniform({out, channels, kernel.h, kernel.w}, fan_in, rng / "weight", options.dtype);
  if (options.bias) bias = fan_in_uniform({out}, fan_in, rng / "bias", options.dtype);
}

Tensor Conv2d::apply(const Tensor& x, const Tensor& by) const {
  const auto widths = [&](int axis, int64_t dilation, int64_t padding) {
    return widths_of(weight.shape()[axis], dilation, padding, options_.same_padding);
  };
  const Padded p = padded(
      x, {widths(2, options_.dilation.h, options_.padding.h), widths(3, options_.dilation.w, options_.padding.w)},
      options_.padding_mode);
  return conv2d(p.x, by, value_or_none(bias),
                {.stride = options_.stride.pair(),
                 .padding = {p.left[0], p.left[1]},
                 .dilation = options_.dilation.pair(),
                 .groups = options_.groups,
                 .activation = options_.activation});
}

void Conv2d::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("stride", to_string(options_.stride));
  v.hyper("padding", options_.same_padding ? "same" : to_string(options_.padding));
  if (options_.padding_mode) v.hyper("padding_mode", name_of_padding(*options_.padding_mode));
  v.hyper("dilation", to_string(options_.dilation));
  v.hyper("groups", options_.groups);
  if (options_.activation != stet::Activation::none) v.hyper("activation", name_of(options_.activation));
}

std::string Conv2d::describe() const {
  const Shape& s = weight.shape();
  return fmt::format("Conv2d({}, {}, {}", s[1] * options_.groups, s[0], to_string(Size2d(s[2], s[3]))) +
         described(options_, false);
}

Conv1d::Conv1d(int64_t in, int64_t out, int64_t kernel, const Rng& rng, const ConvOptions1d& options)
    : options_(options) {
  check(fmt::format("Conv1d({}, {}, {})", in, out, kernel), in, out, {1, kernel}, in_two(options));
  const int64_t channels = in / options.groups, fan_in = channels * kernel;
  weight = fan_in_uniform({out, channels, kernel}, fan_in, rng / "weight", options.dtype);
  if (options.bias) bias = fan_in_uniform({out}, fan_in, rng / "bias", options.dtype);
}

Tensor Conv1d::apply(const Tensor& x, const Tensor& by) const {
  const Padded p = padded(x, {widths_of(weight.shape()[2], options_.dilation, options_.padding, options_.same_padding)},
                          options_.padding_mode);
  return conv1d(p.x, by, value_or_none(bias),
                {.stride = options_.stride,
                 .padding = p.left[0],
                 .dilation = options_.dilation,
                 .groups = options_.groups,
                 .activation = options_.activation});
}

void Conv1d::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("stride", options_.stride);
  if (options_.same_padding) v.hyper("padding", "same");
  else v.hyper("padding", options_.padding);
  if (options_.padding_mode) v.hyper("padding_mode", name_of_padding(*options_.padding_mode));
  v.hyper("dilation", options_.dilation).hyper("groups", options_.groups);
  if (options_.activation != stet::Activation::none) v.hyper("activation", name_of(options_.activation));
}

std::string Conv1d::describe() const {
  const Shape& s = weight.shape();
  return fmt::format("Conv1d({}, {}, {}", s[1] * options_.groups, s[0], s[2]) + described(in_two(options_), true);
}

namespace {

void check_transpose(const std::string& head, int64_t in, int64_t out, const Size2d& kernel,
                     const ConvTransposeOptions& o) {
  check(head, in, out, kernel, {.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups});
  if (negative(o.output_padding) || o.output_padding.h >= std::max(o.stride.h, o.dilation.h) ||
      o.output_padding.w >= std::max(o.stride.w, o.dilation.w)) {
    raise("{}: output padding {} must be at least 0 and below the larger of stride {} and dilation {}", head,
          to_string(o.output_padding), to_string(o.stride), to_string(o.dilation));
  }
}

ConvTransposeOptions in_two(const ConvTransposeOptions1d& o) {
  return {.stride = {1, o.stride},
          .padding = {0, o.padding},
          .output_padding = {0, o.output_padding},
          .dilation = {1, o.dilation},
          .groups = o.groups,
          .bias = o.bias,
          .dtype = o.dtype};
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(int64_t in, int64_t out, Size2d kernel, const Rng& rng,
                                 const ConvTransposeOptions& options)
    : options_(options) {
  check_transpose(head_of("ConvTranspose2d", in, out, kernel), in, out, kernel, options);
  const int64_t channels = out / options.groups, fan_in = channels * kernel.h * kernel.w;
  weight = fan_in_uniform({in, channels, kernel.h, kernel.w}, fan_in, rng / "weight", options.dtype);
  if (options.bias) bias = fan_in_uniform({out}, fan_in, rng / "bias", options.dtype);
}

Tensor ConvTranspose2d::apply(const Tensor& x, const Tensor& by) const {
  return conv_transpose2d(x, by, value_or_none(bias),
                          {.stride = options_.stride.pair(),
                           .padding = options_.padding.pair(),
                           .output_padding = options_.output_padding.pair(),
                           .dilation = options_.dilation.pair(),
                           .groups = options_.groups});
}

void ConvTranspose2d::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("stride", to_string(options_.stride));
  v.hyper("padding", to_string(options_.padding));
  v.hyper("output_padding", to_string(options_.output_padding));
  v.hyper("dilation", to_string(options_.dilation));
  v.hyper("groups", options_.groups);
}

std::string ConvTranspose2d::describe() const {
  const Shape& s = weight.shape();
  return fmt::format("ConvTranspose2d({}, {}, {}", s[0], s[1] * options_.groups, to_string(Size2d(s[2], s[3]))) +
         described(options_, false);
}

ConvTranspose1d::ConvTranspose1d(int64_t in, int64_t out, int64_t kernel, const Rng& rng,
                                 const ConvTransposeOptions1d& options)
    : options_(options) {
  check_transpose(fmt::format("ConvTranspose1d({}, {}, {})", in, out, kernel), in, out, {1, kernel}, in_two(options));
  const int64_t channels = out / options.groups, fan_in = channels * kernel;
  weight = fan_in_uniform({in, channels, kernel}, fan_in, rng / "weight", options.dtype);
  if (options.bias) bias = fan_in_uniform({out}, fan_in, rng / "bias", options.dtype);
}

Tensor ConvTranspose1d::apply(const Tensor& x, const Tensor& by) const {
  return conv_transpose1d(x, by, value_or_none(bias),
                          {.stride = options_.stride,
                           .padding = options_.padding,
                           .output_padding = options_.output_padding,
                           .dilation = options_.dilation,
                           .groups = options_.groups});
}

void ConvTranspose1d::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("stride", options_.stride).hyper("padding", options_.padding);
  v.hyper("output_padding", options_.output_padding);
  v.hyper("dilation", options_.dilation).hyper("groups", options_.groups);
}

std::string ConvTranspose1d::describe() const {
  const Shape& s = weight.shape();
  return fmt::format("ConvTranspose1d({}, {}, {}", s[0], s[1] * options_.groups, s[2]) +
         described(in_two(options_), true);
}

}  // namespace stet::nn
