#include "stet/data/evaluate.h"

#include "stet/tensor/float_env.h"

namespace stet::data {

void SampleMean::add(const Tensor& values, int64_t n) {
  if (values.shape() != Shape{n}) {
    raise("evaluate: the metric gave {} for a batch of {}; it must give one value a sample, [{}]", values.shape().to_string(), n, n);
  }
  const ContractFloatEnv env;
  for (double v : values.detach().to(cpu).to(DType::float64).to_vector<double>()) sum_ += v;
  count_ += n;
}

double SampleMean::value() const {
  const ContractFloatEnv env;
  return sum_ / static_cast<double>(count_);
}

}  // namespace stet::data
