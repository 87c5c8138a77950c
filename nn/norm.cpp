#include "stet/nn/norm.h"

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

Tensor value_or_none(const Parameter& p) { return p.defined() ? p.value() : Tensor(); }

void require_epsilon(const char* layer, int64_t extent, double epsilon) {
  if (extent <= 0 || !(epsilon > 0)) raise("{}({}): extent and epsilon {} must be positive", layer, extent, epsilon);
}

}  // namespace

BatchNorm2d::BatchNorm2d(int64_t channels, const BatchNormOptions& options) : options_(options) {
  require_epsilon("BatchNorm2d", channels, options.epsilon);
  if (options.momentum && !(*options.momentum >= 0 && *options.momentum <= 1)) {
    raise("BatchNorm2d({}): momentum {} is not in [0, 1]", channels, *options.momentum);
  }
  running_mean = Buffer(zeros({channels}, options.dtype));
  running_var = Buffer(ones({channels}, options.dtype));
  if (!options.affine) return;
  weight = Parameter(ones({channels}, options.dtype));
  bias = Parameter(zeros({channels}, options.dtype));
}

Tensor BatchNorm2d::operator()(const Tensor& x, stet::Activation activation, const Tensor& residual) {
  if (x.rank() != 4 || x.size(1) != running_mean.shape()[0]) {
    raise("BatchNorm2d({}): takes [N, {}, H, W], not {}", running_mean.shape()[0], running_mean.shape()[0],
          x.shape().to_string());
  }
  const Tensor w = value_or_none(weight), b = value_or_none(bias);
  if (!training())
    return batch_norm_evaluation(x, running_mean, running_var, w, b, options_.epsilon, activation, residual);
  const BatchNorm result = batch_norm(x, w, b, options_.epsilon, activation, residual);
  track(result.mean, result.variance, x.elements() / x.size(1));
  return result.y;
}

void BatchNorm2d::track(const Tensor& mean, const Tensor& variance, int64_t count) {
  const NoGrad no_grad;
  const ContractFloatEnv env;
  ++batches_tracked;
  const double newest = options_.momentum ? *options_.momentum : 1 / static_cast<double>(batches_tracked);
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  running_mean.set(running_mean * (1 - newest) + mean * newest);
  running_var.set(running_var * (1 - newest) + (variance * unbiased) * newest);
}

void BatchNorm2d::members(Visitor& v) {
  v("weight", weight)("bias", bias)("running_mean", running_mean)("running_var", running_var)("batches_tracked",
                                                                                              batches_tracked);
  v.hyper("epsilon", options_.epsilon);
  if (options_.momentum) v.hyper("momentum", *options_.momentum);
  else v.hyper("momentum", "none");
}

std::string BatchNorm2d::describe() const {
  return fmt::format("BatchNorm2d({}{})", running_mean.shape()[0], weight.defined() ? "" : ", no affine map");
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
