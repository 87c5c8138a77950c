// Shapes: the extents of a tensor's axes.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stet {

/// The product of extents, 1 of none; 0 where one is 0, however large the others are. Throws UsageError naming `op`
/// where it is past 2^63 - 1.
int64_t elements_of(std::span<const int64_t> dims, std::string_view op = "shape");

/// Extents of a tensor's axes, outermost first; any rank, a scalar has rank 0. Axes may be named from the end: -1 is
/// the last.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::vector<int64_t>(dims)) {}
  /// Throws UsageError on a negative extent.
  explicit Shape(std::vector<int64_t> dims);
  explicit Shape(std::span<const int64_t> dims) : Shape(std::vector<int64_t>(dims.begin(), dims.end())) {}

  int rank() const { return static_cast<int>(dims_.size()); }
  /// elements_of the extents; 1 for a scalar.
  int64_t elements() const { return elements_of(dims_); }
  /// Extent of an axis; negative counts from the end. Throws UsageError out of range.
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(normal_axis(axis))]; }
  /// The axis counted from the front. Throws UsageError out of range, naming `op` where one is given.
  int normal_axis(int axis, std::string_view op = "") const;

  const std::vector<int64_t>& dims() const { return dims_; }
  auto begin() const { return dims_.begin(); }
  auto end() const { return dims_.end(); }
  bool operator==(const Shape&) const = default;

  /// As in "[64, 1, 28, 28]".
  std::string to_string() const;

 private:
  std::vector<int64_t> dims_;
};

/// The shape to which a and b broadcast: axes aligned at the end, extent 1 stretches (NumPy's rule). Throws UsageError
/// naming op.
Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b);

/// Steps between neighbours along each axis, in elements; 0 where an axis is broadcast.
using Strides = std::vector<int64_t>;

/// Row-major strides of a shape.
Strides contiguous_strides(const Shape& shape);

/// Axes that an op is told, as in sum(x, {0, 1}); one needs no braces: sum(x, -1). None stands for all.
class Axes {
 public:
  Axes() = default;
  Axes(int axis) : axes_{axis} {}                          // NOLINT: `sum(x, 1)` reads as it should
  Axes(std::initializer_list<int> axes) : axes_(axes) {}   // NOLINT
  Axes(std::vector<int> axes) : axes_(std::move(axes)) {}  // NOLINT
  /// `sum(x, true)` asks for no axis 1.
  template <std::same_as<bool> B> Axes(B) = delete;  // NOLINT

  const int* begin() const { return axes_.data(); }
  const int* end() const { return axes_.data() + axes_.size(); }
  size_t size() const { return axes_.size(); }
  bool empty() const { return axes_.empty(); }
  bool operator==(const Axes&) const = default;

 private:
  std::vector<int> axes_;
};

/// The axes named, counted from the front, in ascending order; all axes where none is named. Throws UsageError on a
/// repeated one, or one out of range, naming `op` where one is given.
std::vector<int> normal_axes(const Shape& shape, std::span<const int> axes, std::string_view op = "");

}  // namespace stet
