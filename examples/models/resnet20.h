// ResNet-20 for small colour images.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stet/stet.h"

namespace models {

using namespace stet;

/// Two 3x3 convolutions with batch norm beside a shortcut. Where extent or channels change, the shortcut is a 1x1
/// convolution with batch norm.
struct ResidualBlock : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d norm1, norm2;
  std::optional<nn::Conv2d> shortcut;
  std::optional<nn::BatchNorm2d> shortcut_norm;

  ResidualBlock(int64_t in, int64_t out, int64_t stride, const Rng& rng)
      : conv1(in, out, 3, rng / "conv1", {.stride = stride, .padding = 1, .bias = false}),
        conv2(out, out, 3, rng / "conv2", {.padding = 1, .bias = false}),
        norm1(out),
        norm2(out) {
    if (stride == 1 && in == out) return;
    shortcut.emplace(in, out, 1, rng / "shortcut", nn::ConvOptions{.stride = stride, .bias = false});
    shortcut_norm.emplace(out);
  }

  Tensor operator()(const Tensor& x) {
    const Tensor h = conv2(norm1(conv1(x), Activation::relu));
    return norm2(h, Activation::relu, shortcut ? (*shortcut_norm)((*shortcut)(x)) : x);
  }
  void members(Visitor& v) override {
    v("conv1", conv1)("norm1", norm1)("conv2", conv2)("norm2", norm2)("shortcut", shortcut)("shortcut_norm",
                                                                                            shortcut_norm);
  }
};

/// He et al., 2016 (arXiv 1512.03385), section 4.2, with projections as shortcuts: three stages of three blocks with
/// 16, 32 and 64 channels. x [N, 3, H, W], H and W 32 as a rule, to logits [N, 10].
struct ResNet20 : nn::Module {
  nn::Conv2d stem;
  nn::BatchNorm2d norm;
  std::vector<ResidualBlock> blocks;
  nn::GlobalAvgPool2d pool;
  nn::Linear out;

  explicit ResNet20(const Rng& rng)
      : stem(3, 16, 3, rng / "stem", {.padding = 1, .bias = false}), norm(16), out(64, 10, rng / "out") {
    int64_t channels = 16;
    for (int64_t width : {16, 32, 64}) {
      for (int i = 0; i < 3; ++i) {
        const int64_t stride = width > channels ? 2 : 1;
        blocks.emplace_back(channels, width, stride, rng / "blocks" / static_cast<int64_t>(blocks.size()));
        channels = width;
      }
    }
  }

  Tensor operator()(const Tensor& x) {
    Tensor h = norm(stem(x), Activation::relu);
    for (ResidualBlock& block : blocks) h = block(h);
    return out(pool(h));
  }
  void members(Visitor& v) override { v("stem", stem)("norm", norm)("blocks", blocks)("out", out); }
};

}  // namespace models
