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

/// Ioffe and Szegedy, 2015 (arXiv 1502.03167): every channel of x is shifted and scaled to mean 0 and variance 1, then
/// times weight plus bias. In training by the batch's own statistics, which also enter the running ones, under NoGrad
/// too; in evaluation by the running ones. Weight starts at 1, bias at 0.
class BatchNormBase : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight, bias;       ///< [C]; undefined where not affine
  Buffer running_mean;          ///< [C], starts at 0
  Buffer running_var;           ///< [C], of the unbiased variance (divided by its values - 1); starts at 1
  int64_t batches_tracked = 0;  ///< batches that entered the running statistics

 protected:
  /// Throws UsageError unless channels and epsilon are positive, and momentum is in [0, 1].
  BatchNormBase(const char* name, int64_t channels, const BatchNormOptions& options);
  /// activation(normalised x + residual), x [N, C, ...].
  Tensor normalised(const Tensor& x, stet::Activation activation, const Tensor& residual);
  int64_t channels() const;
  /// Throws UsageError that says the shape wanted.
  [[noreturn]] void refuse(const Tensor& x, const std::string& wanted) const;

 private:
  void track(const Tensor& mean, const Tensor& variance, int64_t count);

  const char* name_;
  BatchNormOptions options_;
};

/// Of x [N, C, H, W].
class BatchNorm2d : public BatchNormBase {
 public:
  explicit BatchNorm2d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNormBase("BatchNorm2d", channels, options) {}

  /// activation(normalised x + residual); a residual that is undefined is left out. Throws UsageError in training where
  /// a channel has fewer than two values.
  Tensor operator()(const Tensor& x, stet::Activation activation = stet::Activation::none, const Tensor& residual = {});
};

/// Of x [N, C] or [N, C, L].
class BatchNorm1d : public BatchNormBase {
 public:
  explicit BatchNorm1d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNormBase("BatchNorm1d", channels, options) {}

  /// As BatchNorm2d.
  Tensor operator()(const Tensor& x, stet::Activation activation = stet::Activation::none, const Tensor& residual = {});
};

struct InstanceNormOptions {
  double epsilon = 1e-5;
  bool affine = false;  ///< with weight and bias
  /// Running statistics, by which evaluation normalises; without them it does as training.
  bool track_running_stats = false;
  double momentum = 0.1;  ///< of the newest batch in them
  DType dtype = DType::float32;
};

/// Ulyanov et al., 2016 (arXiv 1607.08022): every channel of each sample by its own statistics.
class InstanceNormBase : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight, bias;            ///< [C]; undefined where not affine
  Buffer running_mean, running_var;  ///< [C], the samples' means and unbiased variances; undefined unless tracked

 protected:
  /// Throws UsageError unless channels and epsilon are positive, and momentum is in [0, 1].
  InstanceNormBase(const char* name, int64_t channels, const InstanceNormOptions& options);
  Tensor normalised(const Tensor& x, int rank, const char* wanted);

 private:
  const char* name_;
  int64_t channels_;
  InstanceNormOptions options_;
};

/// Of x [N, C, H, W]. Throws UsageError where a plane has fewer than two values and no running statistics are used.
class InstanceNorm2d : public InstanceNormBase {
 public:
  explicit InstanceNorm2d(int64_t channels, const InstanceNormOptions& options = {})
      : InstanceNormBase("InstanceNorm2d", channels, options) {}
  Tensor operator()(const Tensor& x) { return normalised(x, 4, ", H, W"); }
};

/// Of x [N, C, L].
class InstanceNorm1d : public InstanceNormBase {
 public:
  explicit InstanceNorm1d(int64_t channels, const InstanceNormOptions& options = {})
      : InstanceNormBase("InstanceNorm1d", channels, options) {}
  Tensor operator()(const Tensor& x) { return normalised(x, 3, ", L"); }
};

struct GroupNormOptions {
  double epsilon = 1e-5;
  bool affine = true;  ///< with weight and bias
  DType dtype = DType::float32;
};

/// Wu and He, 2018 (arXiv 1803.08494): each group of neighbouring channels of each sample of x [N, C, ...] by its own
/// statistics. Weight starts at 1, bias at 0.
class GroupNorm : public Module {
 public:
  /// Throws UsageError unless epsilon is positive and groups divides channels.
  GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& options = {});

  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight, bias;  ///< [C]; undefined where not affine

 private:
  int64_t groups_, channels_;
  GroupNormOptions options_;
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

struct RMSNormOptions {
  std::optional<double> epsilon = std::nullopt;  ///< none: the dtype's own, 2^-23 of float32, as in PyTorch
  bool weight = true;
  DType dtype = DType::float32;
};

/// Zhang and Sennrich, 2019 (arXiv 1910.07467): every row of x [.., D] over the root of its mean square, times weight,
/// which starts at 1.
class RMSNorm : public Module {
 public:
  /// Throws UsageError unless features and epsilon are positive.
  explicit RMSNorm(int64_t features, const RMSNormOptions& options = {});

  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [D]; undefined where switched off

 private:
  int64_t features_;
  double epsilon_;
};

}  // namespace stet::nn
