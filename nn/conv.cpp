#include "stet/nn/conv.h"

#include "stet/nn/fan_in_init.h"
#include "stet/tensor/error.h"

namespace stet::nn {

namespace {

void check(int64_t in, int64_t out, const Size2d& kernel, const ConvOptions& o) {
  const auto positive = [](const Size2d& s) { return s.h > 0 && s.w > 0; };
  if (in <= 0 || out <= 0 || !positive(kernel)) {
    raise("Conv2d({}, {}, {}): channels and kernel must be positive", in, out, to_string(kernel));
  }
  if (!positive(o.stride) || !positive(o.dilation) || o.padding.h < 0 || o.padding.w < 0) {
    raise("Conv2d({}, {}, {}): stride {}, dilation {} and padding {} must be positive, the last may be 0", in, out,
          to_string(kernel), to_string(o.stride), to_string(o.dilation), to_string(o.padding));
  }
  if (o.groups <= 0 || in % o.groups != 0 || out % o.groups != 0) {
    raise("Conv2d({}, {}, {}): {} groups don't divide both channel counts", in, out, to_string(kernel), o.groups);
  }
}

}  // namespace

Conv2d::Conv2d(int64_t in, int64_t out, Size2d kernel, const Rng& rng, const ConvOptions& options) : options_(options) {
  check(in, out, kernel, options);
  const int64_t channels = in / options.groups, fan_in = channels * kernel.h * kernel.w;
  weight = fan_in_uniform({out, channels, kernel.h, kernel.w}, fan_in, rng / "weight", options.dtype);
  if (options.bias) bias = fan_in_uniform({out}, fan_in, rng / "bias", options.dtype);
}

Tensor Conv2d::operator()(const Tensor& x) const {
  return conv2d(x, weight, bias.defined() ? Tensor(bias) : Tensor(),
                {.stride = options_.stride.pair(),
                 .padding = options_.padding.pair(),
                 .dilation = options_.dilation.pair(),
                 .groups = options_.groups,
                 .activation = options_.activation});
}

void Conv2d::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("stride", to_string(options_.stride));
  v.hyper("padding", to_string(options_.padding));
  v.hyper("dilation", to_string(options_.dilation));
  v.hyper("groups", options_.groups);
  if (options_.activation != stet::Activation::none) v.hyper("activation", name_of(options_.activation));
}

std::string Conv2d::describe() const {
  const Shape& s = weight.shape();
  std::string text = fmt::format("Conv2d({}, {}, {}", s[1] * options_.groups, s[0], to_string(Size2d(s[2], s[3])));
  if (options_.stride != Size2d(1)) text += ", stride " + to_string(options_.stride);
  if (options_.padding != Size2d(0)) text += ", padding " + to_string(options_.padding);
  if (options_.dilation != Size2d(1)) text += ", dilation " + to_string(options_.dilation);
  if (options_.groups != 1) text += fmt::format(", groups {}", options_.groups);
  if (!bias.defined()) text += ", no bias";
  if (options_.activation != stet::Activation::none) text += fmt::format(", {}", name_of(options_.activation));
  return text + ")";
}

}  // namespace stet::nn
