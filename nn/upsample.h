// Interpolation as a layer.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/ops/interpolate.h"

namespace stet::nn {

/// stet::interpolate: x [N, C, ..] to another size, `nn::Upsample(2)` or `nn::Upsample({.size = {32, 32}, .mode =
/// Interpolation::bilinear})`.
class Upsample : public Module {
 public:
  /// Throws UsageError unless either sizes or scales are given, all positive.
  explicit Upsample(const InterpolateOptions& options);
  explicit Upsample(double scale, Interpolation mode = Interpolation::nearest)
      : Upsample(InterpolateOptions{.scale = {scale}, .mode = mode}) {}

  Tensor operator()(const Tensor& x) const { return interpolate(x, options_); }
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  std::string target() const;

  InterpolateOptions options_;
};

}  // namespace stet::nn
