#include "stet/nn/transformer.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

std::optional<Dropout> dropout_of(const TransformerOptions& options, const Rng& rng) {
  return options.dropout > 0 ? std::optional<Dropout>(std::in_place, options.dropout, rng) : std::nullopt;
}

Tensor dropped(std::optional<Dropout>& dropout, const Tensor& x) { return dropout ? (*dropout)(x) : x; }

LayerNorm norm_of(int64_t width, const TransformerOptions& options) {
  return LayerNorm(width, {.epsilon = options.epsilon, .bias = options.bias, .dtype = options.dtype});
}

MultiHeadAttention attention_of(int64_t width, int64_t heads, bool causal, const Rng& rng,
                                const TransformerOptions& options) {
  return MultiHeadAttention(width, heads, rng,
                            {.causal = causal,
                             .bias = options.bias,
                             .dtype = options.dtype,
                             .kv_heads = options.kv_heads,
                             .dropout = options.dropout,
                             .rotary = options.rotary});
}

MultiHeadAttention cross_attention_of(int64_t width, int64_t heads, const Rng& rng, TransformerOptions options) {
  options.rotary = std::nullopt;
  return attention_of(width, heads, false, rng, options);
}

// x plus what `part` makes of it, with a norm before the part or behind the sum.
template <class Part>
Tensor add(const Tensor& x, bool norm_first, const LayerNorm& norm, std::optional<Dropout>& dropout, const Part& part) {
  if (norm_first) return x + dropped(dropout, part(norm(x)));
  return norm(x + dropped(dropout, part(x)));
}

template <class Layers>
void fill(Layers& layers, std::optional<LayerNorm>& norm, int64_t width, int64_t heads, int64_t count, const Rng& rng,
          const TransformerOptions& options) {
  if (count < 1) raise("a Transformer of {} layers: it needs one at least", count);
  layers.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) layers.emplace_back(width, heads, rng / i, options);
  if (options.final_norm) norm.emplace(norm_of(width, options));
}

}  // namespace

TransformerFeedForward::TransformerFeedForward(int64_t width, const Rng& rng, const TransformerOptions& options)
    : linear1(width, options.feedforward, rng / "linear1", {.bias = options.bias, .dtype = options.dtype}),
      linear2(options.feedforward, width, rng / "linear2", {.bias = options.bias, .dtype = options.dtype}),
      activation_(options.activation ? options.activation : [](const Tensor& x) { return relu(x); }),
      dropout_(dropout_of(options, rng / "dropout")) {}

Tensor TransformerFeedForward::operator()(const Tensor& x) {
  return linear2(dropped(dropout_, activation_(linear1(x))));
}

void TransformerFeedForward::members(Visitor& v) { v("linear1", linear1)("linear2", linear2)("dropout", dropout_); }

TransformerEncoderLayer::TransformerEncoderLayer(int64_t width, int64_t heads, const Rng& rng,
                                                 const TransformerOptions& options)
    : self_attn(attention_of(width, heads, options.causal.value_or(false), rng / "self_attn", options)),
      feedforward(width, rng, options),
      norm1(norm_of(width, options)),
      norm2(norm_of(width, options)),
      norm_first_(options.norm_first),
      dropout1_(dropout_of(options, rng / "dropout1")),
      dropout2_(dropout_of(options, rng / "dropout2")) {}

Tensor TransformerEncoderLayer::operator()(const Tensor& x, const AttentionCall& call) {
  const Tensor y = add(x, norm_first_, norm1, dropout1_, [&](const Tensor& z) { return self_attn(z, call); });
  return add(y, norm_first_, norm2, dropout2_, [&](const Tensor& z) { return feedforward(z); });
}

void TransformerEncoderLayer::members(Visitor& v) {
  v("self_attn", self_attn);
  feedforward.members(v);
  v("norm1", norm1)("norm2", norm2);
  v("dropout1", dropout1_)("dropout2", dropout2_).hyper("norm_first", norm_first_);
}

TransformerDecoderLayer::TransformerDecoderLayer(int64_t width, int64_t heads, const Rng& rng,
                                                 const TransformerOptions& options)
    : self_attn(attention_of(width, heads, options.causal.value_or(true), rng / "self_attn", options)),
      multihead_attn(cross_attention_of(width, heads, rng / "multihead_attn", options)),
      feedforward(width, rng, options),
      norm1(norm_of(width, options)),
      norm2(norm_of(width, options)),
      norm3(norm_of(width, options)),
      norm_first_(options.norm_first),
      dropout1_(dropout_of(options, rng / "dropout1")),
      dropout2_(dropout_of(options, rng / "dropout2")),
      dropout3_(dropout_of(options, rng / "dropout3")) {}

Tensor TransformerDecoderLayer::operator()(const Tensor& x, const Tensor& memory, const DecoderCall& call) {
  return (*this)(x, memory, call, call.cache ? &(*call.cache)[0] : nullptr);
}

Tensor TransformerDecoderLayer::operator()(const Tensor& x, const Tensor& memory, const DecoderCall& call,
                                           KvCache::Layer* cache) {
  Tensor y = add(x, norm_first_, norm1, dropout1_, [&](const Tensor& z) {
    return self_attn(z, {.mask = call.mask, .lengths = call.lengths, .cache = cache});
  });
  y = add(y, norm_first_, norm2, dropout2_, [&](const Tensor& z) {
    return multihead_attn(z, memory, {.mask = call.memory_mask, .lengths = call.memory_lengths, .cache = cache});
  });
  return add(y, norm_first_, norm3, dropout3_, [&](const Tensor& z) { return feedforward(z); });
}

void TransformerDecoderLayer::members(Visitor& v) {
  v("self_attn", self_attn)("multihead_attn", multihead_attn);
  feedforward.members(v);
  v("norm1", norm1)("norm2", norm2)("norm3", norm3);
  v("dropout1", dropout1_)("dropout2", dropout2_)("dropout3", dropout3_).hyper("norm_first", norm_first_);
}

TransformerEncoder::TransformerEncoder(int64_t width, int64_t heads, int64_t layers, const Rng& rng,
                                       const TransformerOptions& options) {
  fill(this->layers, norm, width, heads, layers, rng, options);
}

namespace {

// What f gives; where it throws, no layer of the cache is left ahead of the others.
template <class F> Tensor appended(KvCache* cache, const F& f) {
  const int64_t before = cache ? cache->length() : 0;
  try {
    return f();
  } catch (...) {
    if (cache) cache->truncate(before);
    throw;
  }
}

}  // namespace

Tensor TransformerEncoder::operator()(const Tensor& x, const AttentionCall& call) {
  if (call.cache) raise("TransformerEncoder: a layer's cache serves no stack; pass the whole KvCache");
  Tensor y = x;
  for (TransformerEncoderLayer& layer : layers) y = layer(y, call);
  return norm ? (*norm)(y) : y;
}

Tensor TransformerEncoder::operator()(const Tensor& x, KvCache& cache) {
  return appended(&cache, [&] {
    Tensor y = x;
    for (size_t i = 0; i < layers.size(); ++i) y = layers[i](y, {.cache = &cache[static_cast<int64_t>(i)]});
    return norm ? (*norm)(y) : y;
  });
}

void TransformerEncoder::members(Visitor& v) { v("layers", layers)("norm", norm); }

TransformerDecoder::TransformerDecoder(int64_t width, int64_t heads, int64_t layers, const Rng& rng,
                                       const TransformerOptions& options) {
  fill(this->layers, norm, width, heads, layers, rng, options);
}

Tensor TransformerDecoder::operator()(const Tensor& x, const Tensor& memory, const DecoderCall& call) {
  return appended(call.cache, [&] {
    Tensor y = x;
    for (size_t i = 0; i < layers.size(); ++i)
      y = layers[i](y, memory, call, call.cache ? &(*call.cache)[static_cast<int64_t>(i)] : nullptr);
    return norm ? (*norm)(y) : y;
  });
}

void TransformerDecoder::members(Visitor& v) { v("layers", layers)("norm", norm); }

}  // namespace stet::nn
