#include "stet/tensor/ops/sort.h"

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

// The indices of the first k along `axis`, counted from the front, in x's order: as_rows would count an axis of
// nothing.
Tensor first_indices(const char* op, const Tensor& x, int axis, bool descending, int64_t k) {
  const int last = x.rank() - 1;
  const Tensor rows = contiguous(transpose(x.detach(), axis, last));
  const Tensor y = new_tensor(op, with_axis(rows.shape(), last, k), DType::int64, x.device());
  add_work(8 * x.elements());
  if (y.elements() > 0) {
    const int64_t n = x.size(axis), count = x.elements() / n;
    backend(x.device()).argsort(rows.reshape({count, n}), descending, y.reshape({count, k}));
  }
  return transpose(y, axis, last);
}

IndexedValues first(const char* op, const Tensor& x, int axis, bool descending, int64_t k) {
  const Tensor indices = contiguous(first_indices(op, x, axis, descending, k));
  return {gather(x, axis, indices), indices};
}

IndexedValues extreme(const char* op, const Tensor& x, int axis, bool keep,
                      Tensor (*arg_extreme)(const Tensor&, int, bool)) {
  axis = x.shape().normal_axis(axis, op);
  if (x.size(axis) == 0) raise("{}: axis {} of {} is empty", op, axis, x.shape().to_string());
  const Tensor indices = arg_extreme(x.detach(), axis, true), values = gather(x, axis, indices);
  if (keep) return {values, indices};
  return {squeeze(values, axis), squeeze(indices, axis)};
}

}  // namespace

IndexedValues sort(const Tensor& x, int axis, bool descending) {
  axis = x.shape().normal_axis(axis, "sort");
  return first("sort", x, axis, descending, x.size(axis));
}

Tensor argsort(const Tensor& x, int axis, bool descending) {
  axis = x.shape().normal_axis(axis, "argsort");
  return first_indices("argsort", x, axis, descending, x.size(axis));
}

IndexedValues topk(const Tensor& x, int64_t k, int axis, bool largest) {
  axis = x.shape().normal_axis(axis, "topk");
  if (k < 0 || k > x.size(axis)) {
    raise("topk: {} elements were asked for along axis {} of {}", k, axis, x.shape().to_string());
  }
  return first("topk", x, axis, largest, k);
}

IndexedValues max_with_indices(const Tensor& x, int axis, bool keep) {
  return extreme("max_with_indices", x, axis, keep, argmax);
}

IndexedValues min_with_indices(const Tensor& x, int axis, bool keep) {
  return extreme("min_with_indices", x, axis, keep, argmin);
}

}  // namespace stet
