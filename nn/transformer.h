// Transformers: encoder and decoder layers, and stacks of them.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "stet/nn/attention.h"
#include "stet/nn/dropout.h"
#include "stet/nn/linear.h"
#include "stet/nn/norm.h"

namespace stet::nn {

struct TransformerOptions {
  int64_t feedforward = 2048;                                 ///< width of the perceptron between its linear layers
  double dropout = 0.1;                                       ///< of weights of attention and all that is added to x
  std::function<Tensor(const Tensor&)> activation = nullptr;  ///< of the perceptron; relu unless given
  bool norm_first = false;          ///< norms before each part (pre-norm), not behind what it is added to
  std::optional<bool> causal = {};  ///< of self-attention; unless given, a decoder is and an encoder isn't
  bool bias = true;                 ///< of linear layers and norms
  double epsilon = 1e-5;            ///< of the norms
  int64_t kv_heads = 0;             ///< as MultiHeadAttention's
  std::optional<RotaryOptions> rotary = std::nullopt;  ///< of self-attention, as MultiHeadAttention's
  bool final_norm = false;                             ///< a stack ends in a layer norm, which pre-norm layers want
  DType dtype = DType::float32;
};

/// The perceptron of a layer: linear2(dropout(activation(linear1(x)))).
class TransformerFeedForward : public Module {
 public:
  TransformerFeedForward(int64_t width, const Rng& rng, const TransformerOptions& options);
  Tensor operator()(const Tensor& x);
  void members(Visitor& v) override;

  Linear linear1, linear2;  ///< [feedforward, width] and [width, feedforward]

 private:
  std::function<Tensor(const Tensor&)> activation_;
  std::optional<Dropout> dropout_;
};

/// A layer of Vaswani et al., 2017 (arXiv 1706.03762), or with norm_first of Xiong et al., 2020 (arXiv 2002.04745):
/// self-attention, then a perceptron, each added to x [B, T, width].
class TransformerEncoderLayer : public Module {
 public:
  /// Throws UsageError as MultiHeadAttention does.
  TransformerEncoderLayer(int64_t width, int64_t heads, const Rng& rng, const TransformerOptions& options = {});

  Tensor operator()(const Tensor& x, const AttentionCall& call = {});
  void members(Visitor& v) override;

  MultiHeadAttention self_attn;
  TransformerFeedForward feedforward;
  LayerNorm norm1, norm2;

 private:
  bool norm_first_;
  std::optional<Dropout> dropout1_, dropout2_;
};

/// What a decoder's call says of its own positions and of the memory's.
struct DecoderCall {
  Tensor mask = {}, lengths = {};                ///< of self-attention
  Tensor memory_mask = {}, memory_lengths = {};  ///< of cross-attention
  KvCache* cache = nullptr;                      ///< of as many layers; x holds the positions behind those that it has
};

/// The same with cross-attention to a memory [B, S, width] between the two.
class TransformerDecoderLayer : public Module {
 public:
  /// Throws UsageError as MultiHeadAttention does.
  TransformerDecoderLayer(int64_t width, int64_t heads, const Rng& rng, const TransformerOptions& options = {});

  /// Of a cache, its first layer.
  Tensor operator()(const Tensor& x, const Tensor& memory, const DecoderCall& call = {});
  Tensor operator()(const Tensor& x, const Tensor& memory, const DecoderCall& call, KvCache::Layer* cache);
  void members(Visitor& v) override;

  MultiHeadAttention self_attn, multihead_attn;
  TransformerFeedForward feedforward;
  LayerNorm norm1, norm2, norm3;

 private:
  bool norm_first_;
  std::optional<Dropout> dropout1_, dropout2_, dropout3_;
};

/// Layers called one after another.
class TransformerEncoder : public Module {
 public:
  /// Layer i draws from rng/i. Throws UsageError unless there is a layer, and as MultiHeadAttention does.
  TransformerEncoder(int64_t width, int64_t heads, int64_t layers, const Rng& rng,
                     const TransformerOptions& options = {});

  Tensor operator()(const Tensor& x, const AttentionCall& call = {});
  /// A decoder without a memory, as GPTs are: with a cache, x holds the positions behind those that it has.
  Tensor operator()(const Tensor& x, KvCache& cache);
  void members(Visitor& v) override;

  std::vector<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;
};

/// Decoder layers one after another (Vaswani et al., 2017), each over x [N, T, width] and memory [N, S, width].
class TransformerDecoder : public Module {
 public:
  /// Layer i draws from rng/i. Throws UsageError unless there is a layer, and as MultiHeadAttention does.
  TransformerDecoder(int64_t width, int64_t heads, int64_t layers, const Rng& rng,
                     const TransformerOptions& options = {});

  Tensor operator()(const Tensor& x, const Tensor& memory, const DecoderCall& call = {});
  void members(Visitor& v) override;

  std::vector<TransformerDecoderLayer> layers;
  std::optional<LayerNorm> norm;
};

}  // namespace stet::nn
