#include "stet/nn/norm.h"

#include "stet/nn/value_or_none.h"
#include "stet/tensor/checkpoint.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

void require_epsilon(const char* layer, int64_t extent, double epsilon) {
  if (extent <= 0 || !(epsilon > 0)) raise("{}({}): extent and epsilon {} must be positive", layer, extent, epsilon);
}

void require_momentum(const char* layer, int64_t channels, double momentum) {
  if (!(momentum >= 0 && momentum <= 1)) raise("{}({}): momentum {} is not in [0, 1]", layer, channels, momentum);
}

}  // namespace

BatchNormBase::BatchNormBase(const char* name, int64_t channels, const BatchNormOptions& options)
    : name_(name), options_(options) {
  require_epsilon(name, channels, options.epsilon);
  if (options.momentum) require_momentum(name, channels, *options.momentum);
  running_mean = Buffer(zeros({channels}, options.dtype));
  running_var = Buffer(ones({channels}, options.dtype));
  if (!options.affine) return;
  weight = Parameter(ones({channels}, options.dtype));
  bias = Parameter(zeros({channels}, options.dtype));
}

int64_t BatchNormBase::channels() const { return running_mean.shape()[0]; }

void BatchNormBase::refuse(const Tensor& x, const std::string& wanted) const {
  raise("{}({}): takes {}, not {}", name_, channels(), wanted, x.shape().to_string());
}

Tensor BatchNorm2d::operator()(const Tensor& x, stet::Activation activation, const Tensor& residual) {
  if (x.rank() != 4 || x.size(1) != channels()) refuse(x, fmt::format("[N, {}, H, W]", channels()));
  return normalised(x, activation, residual);
}

Tensor BatchNorm1d::operator()(const Tensor& x, stet::Activation activation, const Tensor& residual) {
  const bool fits = x.rank() == 2 || x.rank() == 3;
  if (!fits || x.size(1) != channels()) refuse(x, fmt::format("[N, {0}] or [N, {0}, L]", channels()));
  return normalised(x, activation, residual);
}

Tensor BatchNormBase::normalised(const Tensor& x, stet::Activation activation, const Tensor& residual) {
  const Tensor w = value_or_none(weight), b = value_or_none(bias);
  if (!training())
    return batch_norm_evaluation(x, running_mean, running_var, w, b, options_.epsilon, activation, residual);
  const BatchNorm result = batch_norm(x, w, b, options_.epsilon, activation, residual);
  track(result.mean, result.variance, x.elements() / x.size(1));
  return result.y;
}

void BatchNormBase::track(const Tensor& mean, const Tensor& variance, int64_t count) {
  if (recomputing()) return;
  const NoGrad no_grad;
  const ContractFloatEnv env;
  const int64_t batches = batches_tracked + 1;
  const double newest = options_.momentum ? *options_.momentum : 1 / static_cast<double>(batches);
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  const Tensor new_mean = running_mean * (1 - newest) + mean * newest;
  const Tensor new_var = running_var * (1 - newest) + (variance * unbiased) * newest;
  running_mean.set(new_mean);
  running_var.set(new_var);
  batches_tracked = batches;
}

void BatchNormBase::members(Visitor& v) {
  v("weight", weight)("bias", bias)("running_mean", running_mean)("running_var", running_var)("batches_tracked",
                                                                                              batches_tracked);
  v.hyper("epsilon", options_.epsilon);
  if (options_.momentum) v.hyper("momentum", *options_.momentum);
  else v.hyper("momentum", "none");
}

std::string BatchNormBase::describe() const {
  return fmt::format("{}({}{})", name_, running_mean.shape()[0], weight.defined() ? "" : ", no affine map");
}

InstanceNormBase::InstanceNormBase(const char* name, int64_t channels, const InstanceNormOptions& options)
    : name_(name), channels_(channels), options_(options) {
  require_epsilon(name, channels, options.epsilon);
  require_momentum(name, channels, options.momentum);
  if (options.affine) {
    weight = Parameter(ones({channels}, options.dtype));
    bias = Parameter(zeros({channels}, options.dtype));
  }
  if (!options.track_running_stats) return;
  running_mean = Buffer(zeros({channels}, options.dtype));
  running_var = Buffer(ones({channels}, options.dtype));
}

Tensor InstanceNormBase::normalised(const Tensor& x, int rank, const char* wanted) {
  if (x.rank() != rank || x.size(1) != channels_) {
    raise("{}({}): takes [N, {}{}], not {}", name_, channels_, channels_, wanted, x.shape().to_string());
  }
  const Tensor w = value_or_none(weight), b = value_or_none(bias);
  if (running_mean.defined() && !training())
    return batch_norm_evaluation(x, running_mean, running_var, w, b, options_.epsilon);
  const BatchNorm result = instance_norm(x, w, b, options_.epsilon);
  if (!running_mean.defined() || recomputing()) return result.y;
  const NoGrad no_grad;
  const ContractFloatEnv env;
  const double newest = options_.momentum, count = static_cast<double>(x.elements() / x.size(0) / x.size(1));
  const auto moved = [&](const Buffer& running, const Tensor& of_samples) {
    return running * (1 - newest) + mean(of_samples, {0}) * newest;
  };
  const Tensor new_mean = moved(running_mean, result.mean),
               new_var = moved(running_var, result.variance * (count / (count - 1)));
  running_mean.set(new_mean);
  running_var.set(new_var);
  return result.y;
}

void InstanceNormBase::members(Visitor& v) {
  v("weight", weight)("bias", bias)("running_mean", running_mean)("running_var", running_var);
  v.hyper("epsilon", options_.epsilon);
  if (options_.track_running_stats) v.hyper("momentum", options_.momentum);
}

std::string InstanceNormBase::describe() const {
  return fmt::format("{}({}{}{})", name_, channels_, options_.affine ? ", affine" : "",
                     options_.track_running_stats ? ", running statistics" : "");
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& options)
    : groups_(groups), channels_(channels), options_(options) {
  require_epsilon("GroupNorm", channels, options.epsilon);
  if (groups < 1 || channels % groups != 0) {
    raise("GroupNorm({}, {}): the groups must divide the channels", groups, channels);
  }
  if (!options.affine) return;
  weight = Parameter(ones({channels}, options.dtype));
  bias = Parameter(zeros({channels}, options.dtype));
}

Tensor GroupNorm::operator()(const Tensor& x) const {
  if (x.rank() < 2 || x.size(1) != channels_) {
    raise("{}: takes [N, {}, ...], not {}", describe(), channels_, x.shape().to_string());
  }
  return group_norm(x, groups_, value_or_none(weight), value_or_none(bias), options_.epsilon);
}

void GroupNorm::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("groups", groups_).hyper("epsilon", options_.epsilon);
}

std::string GroupNorm::describe() const {
  return fmt::format("GroupNorm({}, {}{})", groups_, channels_, options_.affine ? "" : ", no affine map");
}

RMSNorm::RMSNorm(int64_t features, const RMSNormOptions& options)
    : features_(features), epsilon_(options.epsilon.value_or(options.dtype == DType::float64 ? 0x1p-52 : 0x1p-23)) {
  require_epsilon("RMSNorm", features, epsilon_);
  if (options.weight) weight = Parameter(ones({features}, options.dtype));
}

Tensor RMSNorm::operator()(const Tensor& x) const {
  if (x.rank() == 0 || x.size(-1) != features_) {
    raise("{}: takes [.., {}], not {}", describe(), features_, x.shape().to_string());
  }
  return rms_norm(x, value_or_none(weight), epsilon_);
}

void RMSNorm::members(Visitor& v) {
  v("weight", weight);
  v.hyper("epsilon", epsilon_);
}

std::string RMSNorm::describe() const {
  return fmt::format("RMSNorm({}{})", features_, weight.defined() ? "" : ", no weight");
}

LayerNorm::LayerNorm(int64_t features, const LayerNormOptions& options) : features_(features), options_(options) {
  require_epsilon("LayerNorm", features, options.epsilon);
  if (options.weight) weight = Parameter(ones({features}, options.dtype));
  if (options.bias) bias = Parameter(zeros({features}, options.dtype));
}

Tensor LayerNorm::operator()(const Tensor& x) const {
  if (x.rank() == 0 || x.size(-1) != features_) {
    raise("LayerNorm({}): takes [.., {}], not {}", features_, features_, x.shape().to_string());
  }
  return layer_norm(x, value_or_none(weight), value_or_none(bias), options_.epsilon);
}

void LayerNorm::members(Visitor& v) {
  v("weight", weight)("bias", bias);
  v.hyper("epsilon", options_.epsilon);
}

std::string LayerNorm::describe() const {
  return fmt::format("LayerNorm({}{}{})", features_, weight.defined() ? "" : ", no weight",
                     bias.defined() ? "" : ", no bias");
}

}  // namespace stet::nn
