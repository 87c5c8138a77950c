// Normalising layers.
#pragma once

#include <cstdint>
#include <optional>

#include "stet/nn/module.h"
#include "stet/tensor/activation.h"
#include "stet/tensor/dtype.h"

namespace stet::nn {

struct BatchNormOptions {
  double epsilon = 1e-5;
  /// Weight of the newest batch in the running statistics; none: all batches weigh the same.
  std::optional<double> momentum = 0.1;
  bool affine = true;  ///< with weight and bias
  DType dtype = DType::float32;
};

/// Ioffe and Szegedy, 2015 (arXiv 1502.03167): every channel of x [N, C, H, W] is shifted and scaled to mean 0 and
/// variance 1, then times weight plus bias. In training by the batch's own statistics, which also enter the running
/// ones, under NoGrad too; in evaluation by the running ones. Weight starts at 1, bias at 0.
class BatchNorm2d : public Module {
 public:
  /// Throws UsageError unless channels and epsilon are positive, and momentum is in [0, 1].
  explicit BatchNorm2d(int64_t channels, const BatchNormOptions& options = {});

  /// activation(normalised x + residual); a residual that is undefined is left out. Throws UsageError in training where
  /// a channel has fewer than two values.
  Tensor operator()(const Tensor& x, stet::Activation activation = stet::Activation::none, const Tensor& residual = {});
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight, bias;       ///< [C]; undefined where not affine
  Buffer running_mean;          ///< [C], starts at 0
  Buffer running_var;           ///< [C], of the unbiased variance (divided by N H W - 1); starts at 1
  int64_t batches_tracked = 0;  ///< batches that entered the running statistics

 private:
  void track(const Tensor& mean, const Tensor& variance, int64_t count);

  BatchNormOptions options_;
};

struct LayerNormOptions {
  double epsilon = 1e-5;
  bool weight = true, bias = true;
  DType dtype = DType::float32;
};

/// Ba et al., 2016 (arXiv 1607.06450): every row of x [.., D] is shifted and scaled to mean 0 and variance 1, then
/// times weight plus bias. Weight starts at 1, bias at 0.
class LayerNorm : public Module {
 public:
  /// Throws UsageError unless features and epsilon are positive.
  explicit LayerNorm(int64_t features, const LayerNormOptions& options = {});

  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight, bias;  ///< [D]; undefined where switched off

 private:
  int64_t features_;
  LayerNormOptions options_;
};

}  // namespace stet::nn
