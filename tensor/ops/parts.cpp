// Parts of a tensor: slices of it, whose gradients are theirs.
#include "stet/tensor/ops/parts.h"

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// size >= 1.
std::vector<Tensor> parts_of(const Tensor& x, int64_t size, int axis) {
  std::vector<Tensor> parts;
  const int64_t n = x.size(axis);
  for (int64_t at = 0; at < n; at += std::min(size, n - at)) {
    parts.push_back(slice(x, axis, at, at + std::min(size, n - at)));
  }
  return parts;
}

}  // namespace

std::vector<Tensor> split(const Tensor& x, int64_t size, int axis) {
  axis = x.shape().normal_axis(axis, "split");
  if (size < 0 || (size == 0 && x.size(axis) > 0)) {
    raise("split: {} is not a size for parts of axis {} of {}", size, axis, x.shape().to_string());
  }
  if (x.size(axis) == 0) return {x};
  return parts_of(x, size, axis);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int axis) {
  axis = x.shape().normal_axis(axis, "split");
  int64_t total = 0;
  for (int64_t size : sizes) {
    if (size < 0) raise("split: the size {} is negative", size);
    total = add_extents("split", total, size);
  }
  if (total != x.size(axis)) {
    raise("split: sizes ({}) add up to {}, not to axis {} of {}", fmt::join(sizes, ", "), total, axis,
          x.shape().to_string());
  }
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t size : sizes) {
    parts.push_back(slice(x, axis, at, at + size));
    at += size;
  }
  return parts;
}

std::vector<Tensor> chunk(const Tensor& x, int64_t parts, int axis) {
  axis = x.shape().normal_axis(axis, "chunk");
  if (parts < 1) raise("chunk: {} is not a number of parts", parts);
  const int64_t n = x.size(axis);
  if (n == 0) return std::vector<Tensor>(static_cast<size_t>(parts), x);
  return parts_of(x, n / parts + (n % parts == 0 ? 0 : 1), axis);
}

std::vector<Tensor> unbind(const Tensor& x, int axis) {
  axis = x.shape().normal_axis(axis, "unbind");
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < x.size(axis); ++i) parts.push_back(slice(x, axis, i, i + 1).squeeze(axis));
  return parts;
}

void refuse_parts(const char* op, size_t parts, size_t wanted, const Shape& shape, int axis) {
  raise("{}: axis {} of {} gives {} parts, not {}", op, axis, shape.to_string(), parts, wanted);
}

}  // namespace stet
