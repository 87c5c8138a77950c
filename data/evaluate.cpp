#include "stet/data/evaluate.h"

#include <cstring>

#include "stet/tensor/backend.h"
#include "stet/tensor/float_env.h"

namespace stet::data {
namespace {

constexpr size_t kMostComing = 8;

}  // namespace

void SampleMean::add(const Tensor& values, int64_t n) {
  if (values.shape() != Shape{n}) {
    raise("evaluate: the metric gave {} for a batch of {}; it must give one value a sample, [{}]",
          values.shape().to_string(), n, n);
  }
  coming_.push_back({backend(values.device()).read_later(values), values.shape(), values.dtype()});
  count_ += n;
  while (coming_.size() > kMostComing || (!coming_.empty() && coming_.front().read->arrived())) take_first();
}

void SampleMean::take_first() {
  const ContractFloatEnv env;
  const Tensor values = Tensor::uninitialized(coming_.front().shape, coming_.front().dtype);
  const auto bytes = coming_.front().read->bytes();
  if (!bytes.empty()) std::memcpy(values.mutable_data(), bytes.data(), bytes.size());
  coming_.pop_front();
  for (double v : values.to(DType::float64).to_vector<double>()) sum_ += v;
}

double SampleMean::value() {
  while (!coming_.empty()) take_first();
  const ContractFloatEnv env;
  return sum_ / static_cast<double>(count_);
}

}  // namespace stet::data
