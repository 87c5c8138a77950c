#include "stet/tensor/ops/scatter.h"

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
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

}  // namespace stet
