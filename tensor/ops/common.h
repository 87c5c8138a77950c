// Shared by the op catalogue's sources.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

class Stream;
enum class Unary;
enum class Binary;

/// An op element by element, of inputs that broadcast; no gradient. Throw UsageError naming it where dtypes or devices
/// differ.
Tensor apply(Unary op, const char* name, const Tensor& x);
Tensor apply(Binary op, const char* name, const Tensor& a, const Tensor& b, bool to_bool = false);

/// The shape with another extent along an axis.
Shape with_axis(const Shape& shape, int axis, int64_t extent);
/// x without its gradient as [outer, n, inner], contiguous, for op: n is the extent along the axis.
Tensor as_three(const char* op, const Tensor& x, int axis);

/// int64: a draw's words. Throws UsageError naming op where the shape is more than one draw can have.
Tensor random_words(const char* op, Stream& stream, Shape shape, Device device);

/// g summed over the axes along which a tensor of `shape` was broadcast: the adjoint of broadcasting.
Tensor sum_to(const Tensor& g, const Shape& shape);

/// g where the relu's result y is above 0, else +0: relu's gradient.
Tensor relu_gradient(const Tensor& g, const Tensor& y);

/// x [.., n] as [rows, n], for op.
Tensor as_rows(std::string_view op, const Tensor& x);

/// Memory for what a pullback makes of g element by element, of g's shape: g's own where nobody else holds it and it
/// has no gradient itself. For ops of one input only, as another input's pullback would get the changed g.
Tensor over_gradient(const Tensor& g);

/// a + b, in the memory of a or b where nobody else holds that and neither has a gradient.
Tensor accumulate(Tensor a, Tensor b);

/// a + b and a * b. Throw UsageError naming op where that is past int64's range.
int64_t add_extents(std::string_view op, int64_t a, int64_t b);
int64_t multiply_extents(std::string_view op, int64_t a, int64_t b);

/// Throws UsageError naming op unless a tensor's elements and bytes can be counted.
void require_countable(std::string_view op, const Shape& shape, DType dtype);
/// A new tensor for op's result, not set yet. Throws UsageError naming op unless its size can be counted.
Tensor new_tensor(std::string_view op, Shape shape, DType dtype, Device device);

/// full of tensor.h on behalf of op, whose name errors have.
Tensor filled(std::string_view op, Shape shape, double value, DType dtype, Device device);

/// A number beside x, as a scalar of its dtype and device. Throws UsageError naming op where x holds integers and it is
/// not one of its dtype's.
Tensor number(const char* op, Number value, const Tensor& x);

/// The adjoint of index_select: `extent` rows of zeros along the axis, plus g's rows at their indices in ascending
/// order.
Tensor index_add(const Tensor& g, int axis, const Tensor& index, int64_t extent);

/// The least and the greatest value of an integer dtype, or of bool.
std::pair<int64_t, int64_t> integer_range(DType dtype);

/// Throws UsageError naming op where devices differ.
void require_same_device(std::string_view op, const Tensor& a, const Tensor& b);
/// Throws UsageError naming op where dtypes or devices differ.
void require_same_dtype(std::string_view op, const Tensor& a, const Tensor& b);
/// Throws UsageError naming op unless x is float32 or float64.
void require_floating(std::string_view op, const Tensor& x);

}  // namespace stet
