// Indexing and its adjoints.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"

namespace stet {
namespace {

void require_index(const char* op, const Tensor& index) {
  if (index.dtype() != DType::int64) raise("{}: an index must be int64, not {}", op, name_of(index.dtype()));
}

void require_index(const char* op, const Tensor& x, const Tensor& index) {
  require_index(op, index);
  require_same_device(op, x, index);
}

// Any tensor as [outer, axis, inner] around an axis.
std::vector<int64_t> around(const Shape& shape, int axis) {
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  return {outer, shape[axis], inner};
}

Tensor as_three(const Tensor& x, int axis) {
  NoGrad no_grad;
  return reshape(contiguous(x.detach()), around(x.shape(), axis));
}

Shape with_axis(const Shape& shape, int axis, int64_t extent) {
  std::vector<int64_t> dims = shape.dims();
  dims[static_cast<size_t>(axis)] = extent;
  return Shape(std::move(dims));
}

// Rows of zeros, plus g's rows at their indices in ascending order: the adjoint of index_select.
Tensor index_add(const Tensor& g, int axis, const Tensor& index, int64_t extent) {
  Tensor y = Tensor::uninitialized(with_axis(g.shape(), axis, extent), g.dtype(), g.device());
  backend(g.device()).index_add(as_three(g, axis), contiguous(index), as_three(y, axis));
  return record("index_add", y, {{g, [axis, index](const Tensor& gg) { return index_select(gg, axis, index); }}});
}

}  // namespace

Tensor index_select(const Tensor& x, int axis, const Tensor& index) {
  axis = x.shape().normal_axis(axis);
  require_index("index_select", x, index);
  if (index.rank() != 1) raise("index_select: the index has shape {}, not [m]", index.shape().to_string());
  Tensor y = Tensor::uninitialized(with_axis(x.shape(), axis, index.size(0)), x.dtype(), x.device());
  backend(x.device()).index_select(as_three(x, axis), contiguous(index), as_three(y, axis));
  return record("index_select", y,
                {{x, [axis, index, n = x.size(axis)](const Tensor& g) { return index_add(g, axis, index, n); }}});
}

Tensor scatter_add(const Tensor& g, int axis, const Tensor& index, int64_t extent) {
  axis = g.shape().normal_axis(axis);
  require_index("scatter_add", g, index);
  if (index.shape() != g.shape()) {
    raise("scatter_add: index {} and input {} differ", index.shape().to_string(), g.shape().to_string());
  }
  Tensor y = Tensor::uninitialized(with_axis(g.shape(), axis, extent), g.dtype(), g.device());
  backend(g.device()).scatter_add(as_three(g, axis), as_three(index, axis), as_three(y, axis));
  return record("scatter_add", y, {{g, [axis, index](const Tensor& gg) { return gather(gg, axis, index); }}});
}

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  axis = x.shape().normal_axis(axis);
  require_index("gather", x, index);
  if (index.rank() != x.rank() || with_axis(index.shape(), axis, x.size(axis)) != x.shape()) {
    raise("gather: index {} and input {} differ outside axis {}", index.shape().to_string(), x.shape().to_string(),
          axis);
  }
  Tensor y = Tensor::uninitialized(index.shape(), x.dtype(), x.device());
  backend(x.device()).gather(as_three(x, axis), as_three(index, axis), as_three(y, axis));
  return record("gather", y,
                {{x, [axis, index, n = x.size(axis)](const Tensor& g) { return scatter_add(g, axis, index, n); }}});
}

Tensor one_hot(const Tensor& index, int64_t classes, DType dtype) {
  require_index("one_hot", index);
  return (index.unsqueeze(-1) == arange(classes).to(index.device())).to(dtype);
}

}  // namespace stet
