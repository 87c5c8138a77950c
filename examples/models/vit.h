// A vision Transformer (Dosovitskiy et al., 2021, arXiv 2010.11929).
#pragma once

#include <vector>

#include "stet/stet.h"

namespace models {

using namespace stet;

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

/// Images [N, 3, size, size] to logits [N, 10]: patches, their places, layers, and the mean over patches.
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

}  // namespace models
