// U-Net (Ronneberger et al., 2015, arXiv 1505.04597).
#pragma once

#include <vector>

#include "stet/stet.h"

namespace models {

using namespace stet;

/// The blocks of a U-Net: two convolutions, each with its norm.
inline nn::Sequential unet_block(int64_t in, int64_t out, const Rng& rng) {
  return nn::Sequential(nn::Conv2d(in, out, 3, rng / 0, {.padding = 1, .bias = false}), nn::BatchNorm2d(out),
                        nn::ReLU(), nn::Conv2d(out, out, 3, rng / 1, {.padding = 1, .bias = false}),
                        nn::BatchNorm2d(out), nn::ReLU());
}

/// Blocks at ever coarser scales, and back up, each beside what the way down had at its scale: images [N, channels, H,
/// W] to logits [N, classes, H, W].
struct UNet : nn::Module {
  std::vector<nn::Sequential> down, up;
  std::vector<nn::ConvTranspose2d> widen;
  nn::Conv2d out;

  UNet(int64_t channels, int64_t width, int64_t depth, int64_t classes, const Rng& rng)
      : out(width, classes, 1, rng / "out") {
    for (int64_t i = 0; i <= depth; ++i)
      down.push_back(unet_block(i == 0 ? channels : width << (i - 1), width << i, rng / "down" / i));
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

}  // namespace models
