// Pooling layers.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

struct PoolingOptions {
  Size2d stride = 0;  ///< 0: the kernel's own extent
  Size2d padding = 0;
};

/// What the two pooling layers share: their window.
class Pool2d : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

 protected:
  /// Throws UsageError unless the kernel is positive, and stride and padding are not negative.
  Pool2d(const char* name, Size2d kernel, const PoolingOptions& options);
  PoolOptions window() const { return {.stride = options_.stride.pair(), .padding = options_.padding.pair()}; }

  const char* name_;
  Size2d kernel_;
  PoolingOptions options_;
};

/// The largest of each window: [N, C, H, W] to [N, C, OH, OW]. Padding takes no part.
class MaxPool2d : public Pool2d {
 public:
  explicit MaxPool2d(Size2d kernel, const PoolingOptions& options = {}) : Pool2d("MaxPool2d", kernel, options) {}
  Tensor operator()(const Tensor& x) const { return max_pool2d(x, kernel_.pair(), window()); }
};

/// The mean of each window: [N, C, H, W] to [N, C, OH, OW]. Padding counts as 0.
class AvgPool2d : public Pool2d {
 public:
  explicit AvgPool2d(Size2d kernel, const PoolingOptions& options = {}) : Pool2d("AvgPool2d", kernel, options) {}
  Tensor operator()(const Tensor& x) const { return avg_pool2d(x, kernel_.pair(), window()); }
};

/// The mean of each plane: [N, C, H, W] to [N, C].
class GlobalAvgPool2d : public Module {
 public:
  /// Throws UsageError unless x has four axes.
  Tensor operator()(const Tensor& x) const;
  void members(Visitor&) override {}
  std::string describe() const override { return "GlobalAvgPool2d"; }
};

}  // namespace stet::nn
