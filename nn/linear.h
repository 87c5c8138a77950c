// Linear: the fully connected layer.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/activation.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct LinearOptions {
  bool bias = true;
  stet::Activation activation = stet::Activation::none;
  DType dtype = DType::float32;
};

/// y = activation(x weight^T + bias), x [.., in], y [.., out]. Weight and bias start uniform in +-1 / sqrt(in), drawn
/// from rng/weight and rng/bias (Kaiming's uniform with a = sqrt 5; LeCun et al., Efficient BackProp, 1998).
class Linear : public Module {
 public:
  /// Throws UsageError unless in and out are positive.
  Linear(int64_t in, int64_t out, const Rng& rng, const LinearOptions& options = {});

  Tensor operator()(const Tensor& x) const { return apply(x, weight); }
  /// The same by a weight in the layer's place: for WeightNorm and the like.
  Tensor apply(const Tensor& x, const Tensor& by) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [out, in]
  Parameter bias;    ///< [out]; undefined where there is none

 private:
  stet::Activation activation_;
};

}  // namespace stet::nn
