#include "stet/nn/attention.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

int64_t kv_heads_of(int64_t heads, const MultiHeadAttentionOptions& options) {
  return options.kv_heads == 0 ? heads : options.kv_heads;
}

// The width of queries, keys and values together.
int64_t qkv_width(int64_t width, int64_t heads, const MultiHeadAttentionOptions& options) {
  if (width < 1 || heads < 1 || width % heads != 0) {
    raise("MultiHeadAttention({}, {}): the heads must divide the width", width, heads);
  }
  const int64_t kv_heads = kv_heads_of(heads, options);
  if (kv_heads < 1 || heads % kv_heads != 0) {
    raise("MultiHeadAttention({}, {}): {} heads of keys must divide the heads", width, heads, kv_heads);
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    raise("MultiHeadAttention({}, {}): dropout {} is not a probability of dropping in [0, 1)", width, heads,
          options.dropout);
  }
  return width + 2 * kv_heads * (width / heads);
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(int64_t width, int64_t heads, const Rng& rng,
                                       const MultiHeadAttentionOptions& options)
    : qkv(width, qkv_width(width, heads, options), rng / "qkv", {.bias = options.bias, .dtype = options.dtype}),
      projection(width, width, rng / "projection", {.bias = options.bias, .dtype = options.dtype}),
      heads_(heads),
      kv_heads_(kv_heads_of(heads, options)),
      causal_(options.causal),
      dropout_(options.dropout) {
  if (options.rotary) rotary_.emplace(width / heads, *options.rotary);
  if (dropout_ > 0) draws_.emplace(rng / "dropout");
}

Tensor MultiHeadAttention::operator()(const Tensor& x, const AttentionCall& call) const {
  const Tensor all = qkv(x);
  if (!rotary_ && !call.cache) return projection(self_attention(all, heads_, options_of(call, causal_)));
  const int64_t width = projection.weight.shape()[1], of_keys = (all.size(-1) - width) / 2;
  Tensor q = heads_of(slice(all, -1, 0, width), heads_);
  KvCache::Pair kv = {heads_of(slice(all, -1, width, width + of_keys), kv_heads_),
                      heads_of(slice(all, -1, width + of_keys, width + 2 * of_keys), kv_heads_)};
  if (rotary_) {
    const int64_t first = call.cache ? call.cache->length() : 0;
    q = (*rotary_)(q, first);
    kv.keys = (*rotary_)(kv.keys, first);
  }
  if (call.cache) kv = call.cache->append(kv.keys, kv.values);
  return mix(q, kv, call, causal_);
}

Tensor MultiHeadAttention::operator()(const Tensor& x, const Tensor& memory, const AttentionCall& call) const {
  const Tensor q = heads_of(project(x, 0, 0), heads_);
  const auto of_memory = [&]() -> KvCache::Pair {
    const Tensor all = project(memory, 1, 2);
    const int64_t width = all.size(-1) / 2;
    return {heads_of(slice(all, -1, 0, width), kv_heads_), heads_of(slice(all, -1, width, 2 * width), kv_heads_)};
  };
  if (!call.cache) return mix(q, of_memory(), call, false);
  KvCache::Pair& kept = call.cache->memory;
  if (!kept.keys.defined()) {
    kept = of_memory();
    if (kept.keys.has_gradient()) raise("KvCache: keeps values alone; call the network under Evaluation or NoGrad");
  }
  return mix(q, kept, call, false);
}

Tensor MultiHeadAttention::operator()(const Tensor& queries, const Tensor& keys, const Tensor& values,
                                      const AttentionCall& call) const {
  if (call.cache) raise("MultiHeadAttention: a cache keeps keys and values of one memory, not of two tensors");
  // One after another: the three may be one tensor, whose gradients add up in the order of its uses.
  const Tensor k = heads_of(project(keys, 1, 1), kv_heads_);
  const Tensor v = heads_of(project(values, 2, 2), kv_heads_);
  const Tensor q = heads_of(project(queries, 0, 0), heads_);
  return mix(q, {k, v}, call, false);
}

Tensor MultiHeadAttention::project(const Tensor& x, int64_t first, int64_t last) const {
  const int64_t width = projection.weight.shape()[1], of_keys = (qkv.weight.shape()[0] - width) / 2;
  const auto begin = [&](int64_t part) { return part == 0 ? 0 : width + (part - 1) * of_keys; };
  const auto rows = [&](const Tensor& all) { return slice(all, 0, begin(first), begin(last + 1)); };
  return linear(x, rows(qkv.weight), qkv.bias.defined() ? rows(qkv.bias) : Tensor());
}

Tensor MultiHeadAttention::heads_of(const Tensor& x, int64_t heads) const {
  if (x.rank() != 3) raise("{}: takes [B, T, width], not {}", describe(), x.shape().to_string());
  return permute(reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads}), {0, 2, 1, 3});
}

Tensor MultiHeadAttention::mix(const Tensor& q, const KvCache::Pair& kv, const AttentionCall& call, bool causal) const {
  const Tensor o = attention(q, kv.keys, kv.values, options_of(call, causal));
  return projection(reshape(permute(o, {0, 2, 1, 3}), {q.size(0), q.size(2), heads_ * q.size(3)}));
}

AttentionOptions MultiHeadAttention::options_of(const AttentionCall& call, bool causal) const {
  AttentionOptions options{.causal = causal, .mask = call.mask, .lengths = call.lengths};
  if (kv_heads_ != heads_) options.kv_heads = kv_heads_;
  if (draws_ && training()) {
    options.dropout = dropout_;
    options.draws = &*draws_;
  }
  return options;
}

void MultiHeadAttention::members(Visitor& v) {
  v("qkv", qkv)("projection", projection).hyper("heads", heads_).hyper("causal", causal_);
  if (kv_heads_ != heads_) v.hyper("kv_heads", kv_heads_);
  if (dropout_ > 0) v.hyper("dropout", dropout_);
  if (rotary_) v("rotary", *rotary_);
}

std::string MultiHeadAttention::describe() const {
  return fmt::format("MultiHeadAttention({}, {} heads{}{}{})", projection.weight.shape()[0], heads_,
                     kv_heads_ == heads_ ? "" : fmt::format(", {} of keys", kv_heads_), causal_ ? ", causal" : "",
                     rotary_ ? ", rotary" : "");
}

}  // namespace stet::nn
