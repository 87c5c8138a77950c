// Networks that only the benchmarks train: those of the examples, at sizes that people train, and a small one.
#pragma once

#include "stet/stet.h"

namespace bench {

using namespace stet;

/// What reinforcement learning trains: the time goes into what lies around the kernels.
struct Perceptron : nn::Module {
  nn::Linear first, second, out;

  explicit Perceptron(const Rng& rng)
      : first(4, 64, rng / "first"), second(64, 64, rng / "second"), out(64, 2, rng / "out") {}
  Tensor operator()(const Tensor& x) { return out(relu(second(relu(first(x))))); }
  void members(Visitor& v) override { v("first", first)("second", second)("out", out); }
};

/// GRU and a linear layer: characters as one-hot vectors [B, T, vocabulary] to logits [B T, vocabulary].
struct CharGru : nn::Module {
  nn::GRU gru;
  nn::Linear head;

  CharGru(int64_t vocabulary, int64_t units, const Rng& rng)
      : gru(vocabulary, units, rng / "gru"), head(units, vocabulary, rng / "head") {}
  Tensor operator()(const Tensor& x) { return head(gru(x).output.reshape({-1, head.weight.shape()[1]})); }
  void members(Visitor& v) override { v("gru", gru)("head", head); }
};

struct TranslatorShape {
  int64_t vocabulary = 1000, length = 32, width = 256, heads = 8, layers = 3;
  double dropout = 0.1;
};

/// Encoder and decoder, pre-norm: words int64 [B, S], how many of each row there are, and the answer so far [B, T], to
/// logits [B, T, vocabulary].
struct Translator : nn::Module {
  nn::Embedding source, target, places;
  nn::TransformerEncoder encoder;
  nn::TransformerDecoder decoder;
  nn::Linear out;

  Translator(const TranslatorShape& s, const Rng& rng)
      : source(s.vocabulary, s.width, rng / "source"),
        target(s.vocabulary, s.width, rng / "target"),
        places(s.length, s.width, rng / "places"),
        encoder(s.width, s.heads, s.layers, rng / "encoder", options(s)),
        decoder(s.width, s.heads, s.layers, rng / "decoder", options(s)),
        out(s.width, s.vocabulary, rng / "out") {}
  static nn::TransformerOptions options(const TranslatorShape& s) {
    return {.feedforward = 4 * s.width, .dropout = s.dropout, .norm_first = true, .final_norm = true};
  }
  Tensor operator()(const Tensor& words, const Tensor& lengths, const Tensor& answer) {
    const Tensor at = arange(words.size(1)).to(words.device());
    const Tensor memory = encoder(source(words) + places(at), {.lengths = lengths});
    return out(decoder(target(answer) + places(at), memory, {.memory_lengths = lengths}));
  }
  void members(Visitor& v) override {
    v("source", source)("target", target)("places", places)("encoder", encoder)("decoder", decoder)("out", out);
  }
};

/// The blocks of a U-Net: two convolutions, each with its norm.
inline nn::Sequential unet_block(int64_t in, int64_t out, const Rng& rng) {
  return nn::Sequential(nn::Conv2d(in, out, 3, rng / 0, {.padding = 1, .bias = false}), nn::BatchNorm2d(out),
                        nn::ReLU(), nn::Conv2d(out, out, 3, rng / 1, {.padding = 1, .bias = false}),
                        nn::BatchNorm2d(out), nn::ReLU());
}

/// Images [N, 3, H, W] to logits [N, classes, H, W].
struct UNet : nn::Module {
  std::vector<nn::Sequential> down, up;
  std::vector<nn::ConvTranspose2d> widen;
  nn::Conv2d out;

  UNet(int64_t width, int64_t depth, int64_t classes, const Rng& rng) : out(width, classes, 1, rng / "out") {
    for (int64_t i = 0; i <= depth; ++i)
      down.push_back(unet_block(i == 0 ? 3 : width << (i - 1), width << i, rng / "down" / i));
    for (int64_t i = 0; i < depth; ++i) {
      widen.emplace_back(width << (i + 1), width << i, 2, rng / "widen" / i, nn::ConvTransposeOptions{.stride = 2});
      up.push_back(unet_block(width << (i + 1), width << i, rng / "up" / i));
    }
  }
  Tensor operator()(Tensor x) {
    std::vector<Tensor> skips;
    for (size_t i = 0; i < up.size(); ++i) {
      skips.push_back(down[i](x));
      x = max_pool2d(skips.back(), {2, 2});
    }
    x = down.back()(x);
    for (size_t i = up.size(); i-- > 0;) x = up[i](concatenate({widen[i](x), skips[i]}, 1));
    return out(x);
  }
  void members(Visitor& v) override { v("down", down)("widen", widen)("up", up)("out", out); }
};

struct VitShape {
  int64_t size = 32, patch = 4, width = 128, heads = 4, layers = 6;
};

/// Attention and a perceptron of four widths, each behind a layer norm and added to x.
struct VitLayer : nn::Module {
  nn::LayerNorm norm1, norm2;
  nn::MultiHeadAttention attention;
  nn::Linear up, down;

  VitLayer(const VitShape& s, const Rng& rng)
      : norm1(s.width),
        norm2(s.width),
        attention(s.width, s.heads, rng / "attention", {.causal = false}),
        up(s.width, 4 * s.width, rng / "up"),
        down(4 * s.width, s.width, rng / "down") {}
  Tensor operator()(const Tensor& x) {
    const Tensor y = x + attention(norm1(x));
    return y + down(gelu(up(norm2(y))));
  }
  void members(Visitor& v) override {
    v("norm1", norm1)("attention", attention)("norm2", norm2)("up", up)("down", down);
  }
};

/// Images [N, 3, size, size] to logits [N, 10].
struct Vit : nn::Module {
  nn::Conv2d patches;
  Parameter places;
  std::vector<VitLayer> layers;
  nn::LayerNorm norm;
  nn::Linear head;

  Vit(const VitShape& s, const Rng& rng)
      : patches(3, s.width, s.patch, rng / "patches", {.stride = s.patch}),
        places(nn::init::normal({s.size / s.patch * (s.size / s.patch), s.width}, rng / "places", 0, 0.02)),
        norm(s.width),
        head(s.width, 10, rng / "head") {
    for (int64_t i = 0; i < s.layers; ++i) layers.emplace_back(s, rng / i);
  }
  Tensor operator()(const Tensor& images) {
    Tensor x = patches(images).flatten(2).transpose() + places.value();
    for (VitLayer& layer : layers) x = layer(x);
    return head(mean(norm(x), {1}));
  }
  void members(Visitor& v) override {
    v("patches", patches)("places", places)("layers", layers)("norm", norm)("head", head);
  }
};

}  // namespace bench
