// Transforms of one image. Each takes its random numbers from the sample's own sequence, so what it does depends on
// seed, path, epoch and sample alone: not on the batch, the worker or the other samples.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// Anything that makes a tensor of a tensor and draws; a lambda will do.
template <class T>
concept Transform = requires(const T& t, const Tensor& x, SampleDraws& draws) {
  { t(x, draws) } -> std::convertible_to<Tensor>;
};

/// Another transform, with a probability: `RandomApply{GaussianBlur{.kernel = 5}, 0.2f}`.
template <Transform T> struct RandomApply {
  T transform;
  float probability = 0.5f;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const {
    return draws.uniform() < probability ? Tensor(transform(x, draws)) : x;
  }
};
template <Transform T> RandomApply(T) -> RandomApply<T>;
template <Transform T> RandomApply(T, float) -> RandomApply<T>;

/// A window of [..., height, width] at a random place of an image [..., H, W] that was framed by `padding` elements of
/// `fill`.
struct RandomCrop {
  int64_t height, width;
  int64_t padding = 0;
  double fill = 0;
  /// Throws UsageError if the framed image is smaller than the window.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Mirrors [..., W] left to right with a probability.
struct RandomFlip {
  float probability = 0.5f;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// (x - mean_c) / deviation_c for every channel of float32 [C, ...]; one value serves all channels. Draws nothing.
struct Normalise {
  std::vector<float> mean, deviation;
  /// Throws UsageError if the counts don't fit the channels, or a deviation isn't positive.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// x + deviation · z for float32, z standard normal by Box and Muller (1958): words 2k and 2k + 1, 24 bits each, a and
/// b, give elements 2k and 2k + 1 as r · cospi(2 u₂) and r · sinpi(2 u₂), r = sqrt(-2 log u₁), u₁ = (a + 1) 2^-24, u₂ =
/// b 2^-24.
struct Noise {
  float deviation;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Turns float32 [..., H, W] about its centre by an angle uniform in -degrees … degrees, bilinearly; `fill` comes in
/// from outside.
struct RandomRotation {
  float degrees;
  float fill = 0;
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

/// Zhong et al., 2017 (arXiv 1708.04896): with a probability, a rectangle of [..., H, W] becomes `fill`. Its part of
/// the area is uniform between `least` and `most`, its height over its width uniform in logarithm between `flattest`
/// and 1 / `flattest`; ten are tried, and where none fits the image stays as it is.
struct RandomErasing {
  float probability = 0.5f;
  float least = 0.02f, most = 0.33f;
  float flattest = 0.3f;
  double fill = 0;
  /// Throws UsageError unless 0 < least <= most <= 1 and 0 < flattest <= 1.
  Tensor operator()(const Tensor& x, SampleDraws& draws) const;
};

}  // namespace stet::data
