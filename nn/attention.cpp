#include "stet/nn/attention.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

int64_t checked_width(int64_t width, int64_t heads) {
  if (width < 1 || heads < 1 || width % heads != 0) {
    raise("MultiHeadAttention({}, {}): the heads must divide the width", width, heads);
  }
  return width;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(int64_t width, int64_t heads, const Rng& rng,
                                       const MultiHeadAttentionOptions& options)
    : qkv(checked_width(width, heads), 3 * width, rng / "qkv", {.bias = options.bias, .dtype = options.dtype}),
      projection(width, width, rng / "projection", {.bias = options.bias, .dtype = options.dtype}),
      heads_(heads),
      causal_(options.causal) {}

Tensor MultiHeadAttention::operator()(const Tensor& x) const {
  return projection(self_attention(qkv(x), heads_, {.causal = causal_}));
}

void MultiHeadAttention::members(Visitor& v) {
  v("qkv", qkv)("projection", projection).hyper("heads", heads_).hyper("causal", causal_);
}

std::string MultiHeadAttention::describe() const {
  return fmt::format("MultiHeadAttention({}, {} heads{})", projection.weight.shape()[0], heads_,
                     causal_ ? ", causal" : "");
}

}  // namespace stet::nn
