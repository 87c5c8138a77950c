// Metrics: what data::evaluate averages over a data set.
#pragma once

#include <concepts>

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// 1 where the largest of logits [.., C] is at the target [..], else 0, as float32 [..].
Tensor hits(const Tensor& logits, const Tensor& target);

/// A metric gives a value for each sample of a batch; its mean over a data set does not depend on how that was cut into
/// batches. For a sequence that value is a mean over its positions: `mean(…, {1})`. A lambda serves as well: `[&](const
/// Tensor& x, const Tensor& y) { return nn::cross_entropy(net(x), y, {.reduction = nn::Reduction::none}); }`.
template <class Net> class Accuracy {
 public:
  explicit Accuracy(Net& net) : net_(&net) {}
  Tensor operator()(const Tensor& x, const Tensor& y) const { return hits((*net_)(x), y); }

 private:
  Net* net_;
};

/// The share of samples whose class the network gets right. Refers to net, which must outlive it.
template <class Net> Accuracy<Net> accuracy(Net& net) { return Accuracy<Net>(net); }

}  // namespace stet::nn
