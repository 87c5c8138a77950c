#include "stet/data/in_memory.h"

#include <mutex>

#include "stet/data/sample.h"
#include "stet/tensor/error.h"

namespace stet::data {

struct TensorTable::Fingerprint {
  std::once_flag once;
  std::string sha256;
};

TensorTable::TensorTable(std::string name, std::vector<Tensor> columns)
    : name_(std::move(name)), fingerprint_(std::make_shared<Fingerprint>()) {
  for (Tensor& t : columns) {
    if (t.rank() == 0) raise("data: {}: a scalar can't be a column; give tensors with one row a sample", name_);
    if (!columns_.empty() && t.size(0) != size_) {
      raise("data: {}: column {} has {} rows, column 0 has {}", name_, columns_.size(), t.size(0), size_);
    }
    size_ = t.size(0);
    columns_.push_back(contiguous(t.detach().to(cpu)));
  }
}

Tensor TensorTable::row(size_t column, int64_t i) const {
  if (i < 0 || i >= size_) raise("data: {}: sample {} is outside 0 … {}", name_, i, size_ - 1);
  return columns_[column][i];
}

std::vector<Tensor> TensorTable::rows(std::span<const int64_t> indices) const {
  std::vector<Tensor> result;
  result.reserve(columns_.size());
  for (const Tensor& column : columns_) result.push_back(take_rows(column, indices));
  return result;
}

DatasetRecord TensorTable::record() const {
  std::call_once(fingerprint_->once, [&] { fingerprint_->sha256 = samples_sha256(columns_); });
  return {
      .name = name_, .files = {}, .samples = size_, .samples_sha256 = fingerprint_->sha256, .split = {}, .digest = {}};
}

}  // namespace stet::data
