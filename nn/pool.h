// Pooling layers.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/ops/pooling.h"

namespace stet::nn {

struct PoolingOptions {
  Size2d stride = 0;  ///< 0: the kernel's own extent
  Size2d padding = 0;
  bool ceil_mode = false;         ///< further windows where the last ones end before the image does
  bool count_include_pad = true;  ///< of AvgPool2d: padding counts in what it divides by
};

/// What the pooling layers share: their window.
class Pool2d : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

 protected:
  /// Throws UsageError unless the kernel is positive, and stride and padding are not negative.
  Pool2d(const char* name, Size2d kernel, const PoolingOptions& options);
  PoolOptions window() const;

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

struct PoolingOptions1d {
  int64_t stride = 0;  ///< 0: the kernel's own extent
  int64_t padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
};

/// The same of height 1: [N, C, L] to [N, C, OL].
class MaxPool1d : public Pool2d {
 public:
  explicit MaxPool1d(int64_t kernel, const PoolingOptions1d& options = {});
  Tensor operator()(const Tensor& x) const;
  std::string describe() const override;
};

class AvgPool1d : public Pool2d {
 public:
  explicit AvgPool1d(int64_t kernel, const PoolingOptions1d& options = {});
  Tensor operator()(const Tensor& x) const;
  std::string describe() const override;
};

/// What the adaptive pooling layers share: their output's extents, from images of any.
class AdaptivePool2d : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

 protected:
  /// Throws UsageError unless the output's extents are positive.
  AdaptivePool2d(const char* name, Size2d output);

  const char* name_;
  Size2d output_;
};

/// [N, C, H, W] to [N, C, output.h, output.w]: stet::adaptive_avg_pool2d.
class AdaptiveAvgPool2d : public AdaptivePool2d {
 public:
  explicit AdaptiveAvgPool2d(Size2d output) : AdaptivePool2d("AdaptiveAvgPool2d", output) {}
  Tensor operator()(const Tensor& x) const { return adaptive_avg_pool2d(x, output_.pair()); }
};

class AdaptiveMaxPool2d : public AdaptivePool2d {
 public:
  explicit AdaptiveMaxPool2d(Size2d output) : AdaptivePool2d("AdaptiveMaxPool2d", output) {}
  Tensor operator()(const Tensor& x) const { return adaptive_max_pool2d(x, output_.pair()); }
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
