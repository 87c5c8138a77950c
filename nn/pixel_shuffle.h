// Channels laid out as pixels, and back.
#pragma once

#include "stet/nn/module.h"

namespace stet::nn {

/// Shi et al., 2016 (arXiv 1609.05158): [N, C * r * r, H, W] to [N, C, H * r, W * r].
class PixelShuffle : public Module {
 public:
  /// Throws UsageError unless the factor is positive.
  explicit PixelShuffle(int64_t factor);
  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override { v.hyper("factor", factor_); }
  std::string describe() const override { return "PixelShuffle(" + std::to_string(factor_) + ")"; }

 private:
  int64_t factor_;
};

/// The other way.
class PixelUnshuffle : public Module {
 public:
  /// Throws UsageError unless the factor is positive.
  explicit PixelUnshuffle(int64_t factor);
  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override { v.hyper("factor", factor_); }
  std::string describe() const override { return "PixelUnshuffle(" + std::to_string(factor_) + ")"; }

 private:
  int64_t factor_;
};

}  // namespace stet::nn
