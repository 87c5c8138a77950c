// The convolutional network of PyTorch's MNIST example.
#pragma once

#include "stet/stet.h"

namespace models {

using namespace stet;

/// Two convolutions, a pooling, two linear layers: x [N, 1, 28, 28] to logits [N, 10].
struct Cnn : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::Linear hidden, out;
  nn::Dropout drop1, drop2;

  Cnn(double dropout, const Rng& rng)
      : conv1(1, 32, 3, rng / "conv1", {.activation = Activation::relu}),
        conv2(32, 64, 3, rng / "conv2", {.activation = Activation::relu}),
        hidden(9216, 128, rng / "hidden", {.activation = Activation::relu}),
        out(128, 10, rng / "out"),
        drop1(dropout / 2, rng / "drop1"),
        drop2(dropout, rng / "drop2") {}

  Tensor operator()(const Tensor& x) {
    const Tensor features = max_pool2d(conv2(conv1(x)), {2, 2});
    return out(drop2(hidden(drop1(features).flatten(1))));
  }
  void members(Visitor& v) override {
    v("conv1", conv1)("conv2", conv2)("hidden", hidden)("out", out)("drop1", drop1)("drop2", drop2);
  }
};

}  // namespace models
