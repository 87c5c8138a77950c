#include "stet/data/sample.h"

#include <algorithm>
#include <cstring>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"

namespace stet::data {
namespace {

size_t bytes_of(const Tensor& t) { return static_cast<size_t>(t.elements()) * size_of(t.dtype()); }

// Filled up along the first axis.
Tensor filled_up(const Tensor& x, int64_t length, double value) {
  if (x.rank() == 0 || x.size(0) == length) return x;
  std::vector<int64_t> dims = x.shape().dims();
  dims[0] = length;
  const Tensor y = filled("data::pad", Shape(std::move(dims)), value, x.dtype(), cpu);
  const Tensor packed = contiguous(x);
  if (bytes_of(packed) > 0) std::memcpy(y.mutable_data(), packed.data(), bytes_of(packed));
  return y;
}

int64_t longest(std::span<const std::vector<Tensor>> samples, size_t field) {
  int64_t length = 0;
  for (const std::vector<Tensor>& sample : samples) {
    if (sample[field].defined() && sample[field].rank() > 0) length = std::max(length, sample[field].size(0));
  }
  return length;
}

}  // namespace

void Collator::add(int64_t k, size_t field, const Tensor& value) {
  if (!value.defined()) raise("loader: field {} of a sample is an undefined tensor", field);
  if (value.device() != cpu) {
    raise("loader: field {} of a sample is on {}; samples stay on the CPU, a loader's .device moves whole batches",
          field, value.device().to_string());
  }
  Tensor& batch = fields_[field];
  if (!batch.defined()) {
    std::vector<int64_t> dims = value.shape().dims();
    dims.insert(dims.begin(), samples_);
    batch = Tensor::uninitialized(Shape(std::move(dims)), value.dtype());
  }
  const std::vector<int64_t>& dims = batch.shape().dims();
  if (!std::equal(dims.begin() + 1, dims.end(), value.shape().begin(), value.shape().end()) ||
      value.dtype() != batch.dtype()) {
    raise("loader: field {} of sample {} of a batch is {} {}, of the first {} {}; pad, crop or convert in map()", field,
          k, name_of(value.dtype()), value.shape().to_string(), name_of(batch.dtype()),
          Shape(std::vector<int64_t>(dims.begin() + 1, dims.end())).to_string());
  }
  const Tensor packed = contiguous(value);
  const size_t bytes = bytes_of(packed);
  if (bytes > 0) std::memcpy(batch.mutable_data_as<std::byte>() + static_cast<size_t>(k) * bytes, packed.data(), bytes);
}

std::vector<Tensor> stack_padded(std::span<const std::vector<Tensor>> samples, const Pad& pad) {
  const size_t fields = samples[0].size();
  Collator collator(fields, static_cast<int64_t>(samples.size()));
  std::vector<int64_t> lengths;
  for (const std::vector<Tensor>& sample : samples) {
    if (!sample[0].defined() || sample[0].rank() == 0)
      raise("loader: the first field of a sample has no axis to be filled up along; collate without pad");
    lengths.push_back(sample[0].size(0));
  }
  for (size_t f = 0; f < fields; ++f) {
    const int64_t length = longest(samples, f);
    for (size_t k = 0; k < samples.size(); ++k) {
      const Tensor& value = samples[k][f];
      collator.add(static_cast<int64_t>(k), f,
                   value.defined() ? filled_up(value, length, f == 0 ? pad.value : pad.others) : value);
    }
  }
  std::vector<Tensor> batch = collator.take();
  batch.insert(batch.begin() + 1, Tensor::from(lengths));
  return batch;
}

Tensor take_rows(const Tensor& x, std::span<const int64_t> indices) {
  std::vector<int64_t> dims = x.shape().dims();
  const int64_t rows = dims[0];
  dims[0] = static_cast<int64_t>(indices.size());
  const Tensor y = Tensor::uninitialized(Shape(std::move(dims)), x.dtype());
  const size_t row = rows == 0 ? 0 : bytes_of(x) / static_cast<size_t>(rows);
  auto* out = y.mutable_data_as<std::byte>();
  for (int64_t i : indices) {
    if (i < 0 || i >= rows) raise("data: sample {} is outside 0 … {}", i, rows - 1);
    if (row > 0) std::memcpy(out, x.data_as<std::byte>() + static_cast<size_t>(i) * row, row);
    out += row;
  }
  return y;
}

}  // namespace stet::data
