#include "stet/nn/metric.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Tensor hits(const Tensor& logits, const Tensor& target) {
  const Tensor guess = argmax(logits);
  if (guess.shape() != target.shape()) {
    raise("accuracy: targets {} must have the axes of logits {} but the last, which holds the classes",
          target.shape().to_string(), logits.shape().to_string());
  }
  return (guess == target.to(DType::int64)).to(DType::float32);
}

}  // namespace stet::nn
