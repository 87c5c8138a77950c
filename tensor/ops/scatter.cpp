#include "stet/tensor/ops/scatter.h"

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/ranges.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// int64 of x's shape: the last j that writes to each element, -1 where none does.
Tensor writers(const Tensor& x, int axis, const Tensor& index) {
  constexpr auto kOp = "scatter";
  const Tensor y = new_tensor(kOp, x.shape(), DType::int64, x.device());
  backend(x.device()).last_writers(as_three(kOp, index, axis), as_three(kOp, y, axis));
  return y;
}

// The checked axis.
int require_places(const Tensor& x, int axis, const Tensor& index) {
  axis = x.shape().normal_axis(axis, "scatter");
  if (index.dtype() != DType::int64) raise("scatter: an index must be int64, not {}", name_of(index.dtype()));
  require_same_device("scatter", x, index);
  if (index.rank() != x.rank() || with_axis(index.shape(), axis, x.size(axis)) != x.shape()) {
    raise("scatter: index {} and input {} differ outside axis {}", index.shape().to_string(), x.shape().to_string(),
          axis);
  }
  return axis;
}

}  // namespace

Tensor scatter(const Tensor& x, int axis, const Tensor& index, const Tensor& source) {
  axis = require_places(x, axis, index);
  require_same_dtype("scatter", x, source);
  if (index.shape() != source.shape()) {
    raise("scatter: index {} and source {} differ", index.shape().to_string(), source.shape().to_string());
  }
  if (index.elements() == 0) return x;
  const Tensor from = writers(x, axis, index);
  return where(from >= 0, gather(source, axis, maximum(from, Tensor(int64_t{0}).to(x.device()))), x);
}

Tensor scatter(const Tensor& x, int axis, const Tensor& index, Number value) {
  axis = require_places(x, axis, index);
  return where(writers(x, axis, index) >= 0, number("scatter", value, x), x);
}

Tensor index_put(const Tensor& x, std::initializer_list<Index> indices, const Tensor& values, bool accumulate) {
  constexpr auto kOp = "index_put";
  require_same_dtype(kOp, x, values);
  require_same_device(kOp, x, values);
  const Tensor places = arange(x.elements()).to(x.device()).reshape(x.shape().dims()).index(indices);
  if (broadcast_shape(kOp, places.shape(), values.shape()) != places.shape()) {
    raise("index_put: values {} do not broadcast to the {} that the indices name", values.shape().to_string(),
          places.shape().to_string());
  }
  const Tensor at = places.reshape({-1}), given = broadcast_to(values, places.shape()).reshape({-1});
  if (accumulate) return x + scatter_add(given, 0, at, x.elements()).reshape(x.shape().dims());
  return scatter(x.reshape({-1}), 0, at, given).reshape(x.shape().dims());
}

Tensor index_put(const Tensor& x, std::initializer_list<Index> indices, Number value, bool accumulate) {
  return index_put(x, indices, number("index_put", value, x), accumulate);
}

}  // namespace stet
