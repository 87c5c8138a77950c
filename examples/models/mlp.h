// A multilayer perceptron for images of 28 x 28.
#pragma once

#include "stet/stet.h"

namespace models {

using namespace stet;

/// 784-512-512-10, with dropout after each hidden layer: x [N, 1, 28, 28] to logits [N, 10].
struct Mlp : nn::Module {
  nn::Linear first, second, out;
  nn::Dropout drop1, drop2;

  Mlp(double dropout, const Rng& rng)
      : first(784, 512, rng / "first", {.activation = Activation::relu}),
        second(512, 512, rng / "second", {.activation = Activation::relu}),
        out(512, 10, rng / "out"),
        drop1(dropout, rng / "drop1"),
        drop2(dropout, rng / "drop2") {}

  Tensor operator()(const Tensor& x) {
    const Tensor h = drop1(first(x.flatten(1)));
    return out(drop2(second(h)));
  }
  void members(Visitor& v) override { v("first", first)("second", second)("out", out)("drop1", drop1)("drop2", drop2); }
};

}  // namespace models
