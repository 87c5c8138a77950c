#include "stet/tensor/shape.h"

#include <algorithm>
#include <numeric>

#include "stet/tensor/error.h"

namespace stet {

Shape::Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {
  for (int64_t d : dims_) {
    if (d < 0) raise("shape {}: an extent is negative", to_string());
  }
}

int64_t elements_of(std::span<const int64_t> dims, std::string_view op) {
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return 0;
  int64_t product = 1;
  for (int64_t d : dims) {
    if (__builtin_mul_overflow(product, d, &product)) {
      raise("{}: [{}] has more than 2^63 - 1 elements", op, fmt::join(dims, ", "));
    }
  }
  return product;
}

namespace {

// What a message about axes begins with.
std::string said_by(std::string_view op) { return op.empty() ? "" : fmt::format("{}: ", op); }

}  // namespace

int Shape::normal_axis(int axis, std::string_view op) const {
  const int normal = axis < 0 ? axis + rank() : axis;
  if (normal < 0 || normal >= rank()) raise("{}axis {} is out of range for shape {}", said_by(op), axis, to_string());
  return normal;
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(dims_, ", ")); }

Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b) {
  std::vector<int64_t> dims(static_cast<size_t>(std::max(a.rank(), b.rank())));
  for (int i = 1; i <= static_cast<int>(dims.size()); ++i) {
    const int64_t x = i <= a.rank() ? a[-i] : 1, y = i <= b.rank() ? b[-i] : 1;
    if (x != y && x != 1 && y != 1) raise("{}: shapes {} and {} do not broadcast", op, a.to_string(), b.to_string());
    dims[dims.size() - static_cast<size_t>(i)] = x == 1 ? y : x;
  }
  return Shape(std::move(dims));
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides(static_cast<size_t>(shape.rank()));
  uint64_t step = 1;  // it may pass int64's range where there are no elements, and is of no use then
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<size_t>(i)] = static_cast<int64_t>(step);
    step *= static_cast<uint64_t>(shape[i]);
  }
  return strides;
}

std::vector<int> normal_axes(const Shape& shape, std::span<const int> axes, std::string_view op) {
  std::vector<int> normal;
  if (axes.empty()) {
    normal.resize(static_cast<size_t>(shape.rank()));
    std::iota(normal.begin(), normal.end(), 0);
    return normal;
  }
  for (int a : axes) normal.push_back(shape.normal_axis(a, op));
  std::sort(normal.begin(), normal.end());
  if (std::adjacent_find(normal.begin(), normal.end()) != normal.end()) {
    raise("{}axes ({}) of shape {} name one axis twice", said_by(op), fmt::join(axes, ", "), shape.to_string());
  }
  return normal;
}

}  // namespace stet
