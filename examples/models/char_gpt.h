// A character model of the GPT family.
#pragma once

#include <cmath>
#include <optional>

#include "stet/stet.h"

namespace models {

using namespace stet;

struct GptShape {
  int64_t vocabulary = 65, block = 64, width = 128, heads = 4, layers = 4;
  double dropout = 0;  // of the embeddings, and of what each layer adds to x
};

/// Dropout, unless p is 0.
using MaybeDropout = std::optional<nn::Dropout>;
inline MaybeDropout maybe_dropout(double p, const Rng& rng) {
  return p > 0 ? MaybeDropout(std::in_place, p, rng) : std::nullopt;
}
inline Tensor dropped(MaybeDropout& drop, const Tensor& x) { return drop ? (*drop)(x) : x; }

/// A layer of Radford et al., 2019 (GPT-2): attention and a perceptron of four widths, each behind a layer norm and
/// added to x.
struct GptLayer : nn::Module {
  nn::LayerNorm norm1, norm2;
  nn::MultiHeadAttention attention;
  nn::Linear up, down;
  MaybeDropout drop1, drop2;

  GptLayer(const GptShape& s, const Rng& rng)
      : norm1(s.width),
        norm2(s.width),
        attention(s.width, s.heads, rng / "attention", {.bias = false}),
        up(s.width, 4 * s.width, rng / "up", {.bias = false}),
        down(4 * s.width, s.width, rng / "down", {.bias = false}),
        drop1(maybe_dropout(s.dropout, rng / "drop1")),
        drop2(maybe_dropout(s.dropout, rng / "drop2")) {}

  Tensor operator()(const Tensor& x, nn::KvCache::Layer* cache = nullptr) {
    const Tensor y = x + dropped(drop1, attention(norm1(x), {.cache = cache}));
    return y + dropped(drop2, down(gelu(up(norm2(y)))));
  }
  void members(Visitor& v) override {
    v("norm1", norm1)("attention", attention)("drop1", drop1)("norm2", norm2)("up", up)("down", down)("drop2", drop2);
  }
};

/// Characters int64 [B, T], T up to the block, to logits of the next ones [B, T, vocabulary]. Weights start normal with
/// deviation 0.02; those of the layers that add to x, 0.02 / sqrt(2 layers). With a cache the characters are those
/// behind the ones that it has seen, and the logits have the bits of all at once.
struct CharGpt : nn::Module {
  nn::Embedding characters, positions;
  MaybeDropout drop;
  std::vector<GptLayer> layers;
  nn::LayerNorm norm;
  nn::Linear head;

  CharGpt(const GptShape& s, const Rng& rng)
      : characters(s.vocabulary, s.width, rng / "characters"),
        positions(s.block, s.width, rng / "positions"),
        drop(maybe_dropout(s.dropout, rng / "drop")),
        norm(s.width),
        head(s.width, s.vocabulary, rng / "head", {.bias = false}) {
    for (int64_t i = 0; i < s.layers; ++i) layers.emplace_back(s, rng / i);
    const double small = 0.02, smaller = small / std::sqrt(2.0 * static_cast<double>(s.layers));
    for (Parameter* p : {&characters.weight, &positions.weight, &head.weight}) draw(*p, small, rng);
    for (GptLayer& l : layers) {
      for (Parameter* p : {&l.attention.qkv.weight, &l.up.weight}) draw(*p, small, rng);
      for (Parameter* p : {&l.attention.projection.weight, &l.down.weight}) draw(*p, smaller, rng);
    }
  }

  Tensor operator()(const Tensor& index, nn::KvCache* cache = nullptr) {
    const int64_t seen = cache ? cache->length() : 0;
    const Tensor places = arange(seen, seen + index.size(1)).to(index.device());
    Tensor x = dropped(drop, characters(index) + positions(places));
    for (size_t i = 0; i < layers.size(); ++i) x = layers[i](x, cache ? &(*cache)[static_cast<int64_t>(i)] : nullptr);
    return head(norm(x));
  }
  void members(Visitor& v) override {
    v("characters", characters)("positions", positions)("drop", drop)("layers", layers)("norm", norm)("head", head);
  }

 private:
  // From the path that the layer itself drew from.
  static void draw(Parameter& p, double deviation, const Rng& rng) {
    p.set(nn::init::normal(p.shape(), Rng(rng.seed(), p.shared_state()->origin), 0, deviation));
  }
};

}  // namespace models
