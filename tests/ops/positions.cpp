// Ops that find positions.
#include "ops/case.h"

namespace stet::testing {
namespace {

// As floating numbers, which references are.
Tensor positions_of_positive(const Tensors& x) { return nonzero(x[0] > 0).to(x[0].dtype()); }
Array<float> positions_one_by_one(const Arrays& x) {
  const Shape& shape = x[0].shape;
  Array<float> y;
  int64_t count = 0;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    if (!(x[0].values[static_cast<size_t>(i)] > 0)) continue;
    int64_t below = shape.elements();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      below /= shape[axis];
      y.values.push_back(static_cast<float>(i / below % shape[axis]));
    }
    ++count;
  }
  y.shape = Shape{count, shape.rank()};
  return y;
}

}  // namespace

void add_positions(Table& t) {
  t.add("nonzero", positions_of_positive)
      .equals(positions_one_by_one, few_sizes())
      .edges_at({{{}}, {{0}}, {{1}}, {{3, 0, 2}}})
      .digest(three_axes_digest())
      .without_gradient();
}

}  // namespace stet::testing
