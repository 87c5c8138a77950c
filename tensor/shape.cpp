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

int64_t Shape::elements() const { return std::accumulate(dims_.begin(), dims_.end(), int64_t{1}, std::multiplies<>()); }

int Shape::normal_axis(int axis) const {
  const int normal = axis < 0 ? axis + rank() : axis;
  if (normal < 0 || normal >= rank()) raise("axis {} is out of range for shape {}", axis, to_string());
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
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<size_t>(i)] = step;
    step *= shape[i];
  }
  return strides;
}

std::vector<int> normal_axes(const Shape& shape, std::span<const int> axes) {
  std::vector<int> normal;
  if (axes.empty()) {
    normal.resize(static_cast<size_t>(shape.rank()));
    std::iota(normal.begin(), normal.end(), 0);
    return normal;
  }
  for (int a : axes) normal.push_back(shape.normal_axis(a));
  std::sort(normal.begin(), normal.end());
  if (std::adjacent_find(normal.begin(), normal.end()) != normal.end()) {
    raise("axes ({}) of shape {} name one axis twice", fmt::join(axes, ", "), shape.to_string());
  }
  return normal;
}

}  // namespace stet
