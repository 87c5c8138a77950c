#include "stet/nn/linear.h"

#include "stet/nn/fan_in_init.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Linear::Linear(int64_t in, int64_t out, const Rng& rng, const LinearOptions& options)
    : activation_(options.activation) {
  if (in <= 0 || out <= 0) raise("Linear({}, {}): both extents must be positive", in, out);
  weight = fan_in_uniform({out, in}, in, rng / "weight", options.dtype);
  if (options.bias) bias = fan_in_uniform({out}, in, rng / "bias", options.dtype);
}

Tensor Linear::apply(const Tensor& x, const Tensor& by) const {
  return linear(x, by, bias.defined() ? Tensor(bias) : Tensor(), activation_);
}

void Linear::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  if (activation_ != stet::Activation::none) v.hyper("activation", name_of(activation_));
}

std::string Linear::describe() const {
  std::string text = fmt::format("Linear({}, {}", weight.shape()[1], weight.shape()[0]);
  if (!bias.defined()) text += ", no bias";
  if (activation_ != stet::Activation::none) text += fmt::format(", {}", name_of(activation_));
  return text + ")";
}

}  // namespace stet::nn
