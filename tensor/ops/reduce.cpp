// Reductions and their gradients.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

struct Reduced {
  std::vector<bool> mask;  // one entry an axis of the input
  Shape kept;              // reduced axes with extent 1
  Shape squeezed;          // without them
  int64_t count = 1;       // elements that meet in one result
};

Reduced plan(const char* op, const Tensor& x, const Axes& axes) {
  Reduced r;
  r.mask.resize(static_cast<size_t>(x.rank()));
  for (int a : normal_axes(x.shape(), axes, op)) r.mask[static_cast<size_t>(a)] = true;
  std::vector<int64_t> kept, squeezed, gone;
  for (int i = 0; i < x.rank(); ++i) {
    const bool reduced = r.mask[static_cast<size_t>(i)];
    kept.push_back(reduced ? 1 : x.size(i));
    (reduced ? gone : squeezed).push_back(x.size(i));
  }
  r.count = elements_of(gone, op);
  r.kept = Shape(std::move(kept));
  r.squeezed = Shape(std::move(squeezed));
  return r;
}

Tensor apply(Reduce op, const char* name, const Tensor& x, const Reduced& r, bool keep) {
  const bool widens = op == Reduce::sum && size_of(x.dtype()) == 1;
  Tensor y = new_tensor(name, keep ? r.kept : r.squeezed, widens ? DType::int64 : x.dtype(), x.device());
  add_work(8 * x.elements());
  if (y.elements() > 0) backend(x.device()).reduce(op, x, r.mask, y);
  return y;
}

Tensor spread(const Tensor& g, const Reduced& r, const Shape& shape) {
  return broadcast_to(g.reshape(r.kept.dims()), shape);
}

Tensor extreme(Reduce op, const char* name, const Tensor& x, const Axes& axes, bool keep) {
  if (x.dtype() == DType::boolean) raise("{}: takes numbers, not bool", name);
  const Reduced r = plan(name, x, axes);
  if (r.count == 0) raise("{}: nothing to choose from in shape {}", name, x.shape().to_string());
  return record_with_output(name, apply(op, name, x, r, keep), x, [x, r](const Tensor& g, const Tensor& y) {
    const Tensor winners = (x == spread(y.detach(), r, x.shape())).to(x.dtype());
    std::vector<int> reduced;
    for (int i = 0; i < x.rank(); ++i) {
      if (r.mask[static_cast<size_t>(i)]) reduced.push_back(i);
    }
    const Tensor count = reduced.empty() ? winners : sum(winners, reduced, true);
    return (spread(g, r, x.shape()) / count) * winners;
  });
}

Tensor arg_extreme(Reduce op, const char* name, const Tensor& x, int axis, bool keep) {
  axis = x.shape().normal_axis(axis, name);
  if (x.size(axis) == 0) raise("{}: axis {} of {} is empty", name, axis, x.shape().to_string());
  const Reduced r = plan(name, x, {axis});
  Tensor y = new_tensor(name, keep ? r.kept : r.squeezed, DType::int64, x.device());
  backend(x.device()).arg_extreme(op, x, axis, y);
  return y;
}

}  // namespace

namespace {

Tensor sum_as(const char* name, const Tensor& x, const Reduced& r, bool keep) {
  return record(name, apply(Reduce::sum, name, x, r, keep),
                {{x, [r, s = x.shape()](const Tensor& g) { return spread(g, r, s); }}});
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keep) { return sum_as("sum", x, plan("sum", x, axes), keep); }

Tensor mean(const Tensor& x, const Axes& axes, bool keep) {
  require_floating("mean", x);
  const Reduced r = plan("mean", x, axes);
  return sum_as("mean", x, r, keep) / static_cast<double>(r.count);
}

Tensor max(const Tensor& x, const Axes& axes, bool keep) { return extreme(Reduce::max, "max", x, axes, keep); }
Tensor min(const Tensor& x, const Axes& axes, bool keep) { return extreme(Reduce::min, "min", x, axes, keep); }
Tensor argmax(const Tensor& x, int axis, bool keep) { return arg_extreme(Reduce::max, "argmax", x, axis, keep); }
Tensor argmin(const Tensor& x, int axis, bool keep) { return arg_extreme(Reduce::min, "argmin", x, axis, keep); }

}  // namespace stet
