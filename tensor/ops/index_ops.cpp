// Indexing and its adjoints.
#include <span>
#include <utility>
#include <vector>

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
std::vector<int64_t> around(const char* op, const Shape& shape, int axis) {
  const std::span<const int64_t> dims = shape.dims();
  const auto at = static_cast<size_t>(axis);
  return {elements_of(dims.first(at), op), shape[axis], elements_of(dims.subspan(at + 1), op)};
}

}  // namespace

Tensor as_three(const char* op, const Tensor& x, int axis) {
  NoGrad no_grad;
  return reshape(contiguous(x.detach()), around(op, x.shape(), axis));
}

Shape with_axis(const Shape& shape, int axis, int64_t extent) {
  std::vector<int64_t> dims = shape.dims();
  dims[static_cast<size_t>(axis)] = extent;
  return Shape(std::move(dims));
}

Tensor index_add(const Tensor& g, int axis, const Tensor& index, int64_t extent) {
  constexpr auto kOp = "index_add";
  Tensor y = new_tensor(kOp, with_axis(g.shape(), axis, extent), g.dtype(), g.device());
  backend(g.device()).index_add(as_three(kOp, g, axis), contiguous(index), as_three(kOp, y, axis));
  return record("index_add", y, {{g, [axis, index](const Tensor& gg) { return index_select(gg, axis, index); }}});
}

Tensor index_select(const Tensor& x, int axis, const Tensor& index) {
  constexpr auto kOp = "index_select";
  axis = x.shape().normal_axis(axis, kOp);
  require_index(kOp, x, index);
  if (index.rank() != 1) raise("index_select: the index has shape {}, not [m]", index.shape().to_string());
  Tensor y = new_tensor(kOp, with_axis(x.shape(), axis, index.size(0)), x.dtype(), x.device());
  backend(x.device()).index_select(as_three(kOp, x, axis), contiguous(index), as_three(kOp, y, axis));
  return record("index_select", y,
                {{x, [axis, index, n = x.size(axis)](const Tensor& g) { return index_add(g, axis, index, n); }}});
}

Tensor scatter_add(const Tensor& g, int axis, const Tensor& index, int64_t extent) {
  constexpr auto kOp = "scatter_add";
  axis = g.shape().normal_axis(axis, kOp);
  require_index(kOp, g, index);
  if (extent < 0) raise("scatter_add: {} is not an extent", extent);
  if (index.shape() != g.shape()) {
    raise("scatter_add: index {} and input {} differ", index.shape().to_string(), g.shape().to_string());
  }
  Tensor y = new_tensor(kOp, with_axis(g.shape(), axis, extent), g.dtype(), g.device());
  backend(g.device()).scatter_add(as_three(kOp, g, axis), as_three(kOp, index, axis), as_three(kOp, y, axis));
  return record("scatter_add", y, {{g, [axis, index](const Tensor& gg) { return gather(gg, axis, index); }}});
}

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  constexpr auto kOp = "gather";
  axis = x.shape().normal_axis(axis, kOp);
  require_index(kOp, x, index);
  if (index.rank() != x.rank() || with_axis(index.shape(), axis, x.size(axis)) != x.shape()) {
    raise("gather: index {} and input {} differ outside axis {}", index.shape().to_string(), x.shape().to_string(),
          axis);
  }
  Tensor y = new_tensor(kOp, index.shape(), x.dtype(), x.device());
  backend(x.device()).gather(as_three(kOp, x, axis), as_three(kOp, index, axis), as_three(kOp, y, axis));
  return record("gather", y,
                {{x, [axis, index, n = x.size(axis)](const Tensor& g) { return scatter_add(g, axis, index, n); }}});
}

Tensor one_hot(const Tensor& index, int64_t classes, DType dtype) {
  require_index("one_hot", index);
  if (classes < 0) raise("one_hot: {} is not a number of classes", classes);
  std::vector<int64_t> dims = index.shape().dims();
  dims.push_back(classes);
  const Tensor y = new_tensor("one_hot", Shape(std::move(dims)), dtype, index.device());
  backend(index.device())
      .one_hot(contiguous(index).reshape({index.elements()}), y.reshape({index.elements(), classes}));
  return y;
}

}  // namespace stet
