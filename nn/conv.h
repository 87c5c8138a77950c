// Conv2d: the two-dimensional convolution layer.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct ConvOptions {
  Size2d stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  stet::Activation activation = stet::Activation::none;
  DType dtype = DType::float32;
};

/// Cross-correlation with zero padding, then the activation: x [N, in, H, W] to [N, out, OH, OW]. Weight and bias start
/// uniform in +-1 / sqrt(fan-in), fan-in = in / groups * KH * KW, drawn from rng/weight and rng/bias.
class Conv2d : public Module {
 public:
  /// Throws UsageError unless extents are positive, padding is not negative, and groups divides in and out.
  Conv2d(int64_t in, int64_t out, Size2d kernel, const Rng& rng, const ConvOptions& options = {});

  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [out, in / groups, KH, KW]
  Parameter bias;    ///< [out]; undefined where there is none

 private:
  ConvOptions options_;
};

}  // namespace stet::nn
