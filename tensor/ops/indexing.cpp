// Indices of all kinds as slices, and one selection for those that are tensors.
#include "stet/tensor/index.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/masks.h"
#include "stet/tensor/ops/nonzero.h"
#include "stet/tensor/ops/reorder.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

using Kind = Index::Kind;

bool is_mask(const Index& index) { return index.kind == Kind::positions && index.tensor->dtype() == DType::boolean; }

// Axes of the tensor that the index stands for, but for an ellipsis.
int axes_of(const Index& index) {
  if (index.kind == Kind::rest || index.kind == Kind::inserted) return 0;
  return is_mask(index) ? index.tensor->rank() : 1;
}

// An axis, and positions along it.
struct Selection {
  int axis;
  Tensor positions;
};

// Goes along x's axes and views it by each index that is no tensor.
class Viewed {
 public:
  Viewed(const Tensor& x, std::span<const Index> indices) : y(x), shape_(x.shape()) {
    int named = 0;
    for (const Index& index : indices) named += axes_of(index);
    if (named > x.rank()) raise("index: {} axes are named of shape {}", named, shape_.to_string());
    const auto is_ellipsis = [](const Index& index) { return index.kind == Kind::rest; };
    if (std::count_if(indices.begin(), indices.end(), is_ellipsis) > 1) raise("index: more than one ellipsis");
    for (const Index& index : indices) take(index, x.rank() - named);
  }

  Tensor y;
  std::vector<Selection> selections;

 private:
  void take(const Index& index, int rest) {
    switch (index.kind) {
      case Kind::absent: break;
      case Kind::whole: ++axis_; break;
      case Kind::rest: axis_ += rest; break;
      case Kind::inserted: y = y.unsqueeze(axis_++); break;
      case Kind::range: y = slice(y, axis_++, index.begin, index.end, index.step); break;
      case Kind::position: take_position(index.begin); break;
      case Kind::positions: is_mask(index) ? take_mask(*index.tensor) : take_positions(*index.tensor); break;
    }
  }

  void take_position(int64_t i) {
    const int64_t n = y.size(axis_), at = i < 0 ? i + n : i;
    if (at < 0 || at >= n) raise("index: {} is out of range for an axis of {} in {}", i, n, shape_.to_string());
    y = slice(y, axis_, at, at + 1).squeeze(axis_);
  }

  void take_positions(const Tensor& index) {
    if (index.dtype() != DType::int64) raise("index: an index must be int64 or bool, not {}", name_of(index.dtype()));
    require_same_device("index", y, index);
    const int64_t n = y.size(axis_);
    // One that lies before the first stays as it was given, for the error's text.
    const Tensor from_end = index + n;
    selections.push_back({axis_++, where((index < 0) && (from_end >= 0), from_end, index)});
  }

  // The mask's axes become one.
  void take_mask(const Tensor& mask) {
    require_same_device("index", y, mask);
    std::vector<int64_t> dims = y.shape().dims();
    const auto begin = dims.begin() + axis_, end = begin + mask.rank();
    if (!std::equal(begin, end, mask.shape().begin())) {
      raise("index: the mask {} does not fit shape {}", mask.shape().to_string(), shape_.to_string());
    }
    dims.insert(dims.erase(begin, end), mask.elements());
    y = y.reshape(std::move(dims));
    selections.push_back({axis_++, nonzero(flatten(mask)).squeeze(1)});
  }

  Shape shape_;
  int axis_ = 0;  // of y
};

// Moves the axes of the selections to the front unless they lie side by side.
void bring_together(Viewed& v) {
  const std::vector<Selection>& all = v.selections;
  if (all.back().axis - all.front().axis + 1 == static_cast<int>(all.size())) return;
  std::vector<int> from, to;
  for (Selection& s : v.selections) {
    from.push_back(s.axis);
    to.push_back(s.axis = static_cast<int>(to.size()));
  }
  v.y = movedim(v.y, from, to);
}

// Positions in axes that were made one, [m]; each is in range of its own.
Tensor positions_in_one(const Viewed& v, const Shape& shape) {
  Tensor positions;
  for (const Selection& s : v.selections) {
    const int64_t n = v.y.size(s.axis);
    Tensor own = flatten(broadcast_to(s.positions, shape));
    if (v.selections.size() == 1) return own;
    own = index_select(arange(n).to(own.device()), 0, own);
    positions = positions.defined() ? positions * n + own : own;
  }
  return positions;
}

Tensor indexed(const Tensor& x, std::span<const Index> indices) {
  Viewed v(x, indices);
  if (v.selections.empty()) return v.y;
  bring_together(v);
  Shape shape = v.selections[0].positions.shape();
  for (const Selection& s : v.selections) shape = broadcast_shape("index", shape, s.positions.shape());
  const std::span<const int64_t> dims = v.y.shape().dims();
  const auto first = static_cast<size_t>(v.selections[0].axis), count = v.selections.size();
  std::vector<int64_t> one(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(first)), result = one;
  one.push_back(elements_of(dims.subspan(first, count), "index"));
  result.insert(result.end(), shape.begin(), shape.end());
  for (const int64_t extent : dims.subspan(first + count)) {
    one.push_back(extent);
    result.push_back(extent);
  }
  const Tensor positions = positions_in_one(v, shape);
  return index_select(v.y.reshape(std::move(one)), static_cast<int>(first), positions).reshape(std::move(result));
}

}  // namespace

Tensor Tensor::index(std::initializer_list<Index> indices) const {
  return indexed(*this, std::span(indices.begin(), indices.size()));
}

Tensor Tensor::operator()(const Index& a, const Index& b, const Index& c, const Index& d, const Index& e,
                          const Index& f) const {
  std::vector<Index> given;
  for (const Index* index : {&a, &b, &c, &d, &e, &f}) {
    if (index->kind != Kind::absent) given.push_back(*index);
  }
  return indexed(*this, given);
}

Tensor Tensor::operator[](const Tensor& positions) const { return index({positions}); }

}  // namespace stet
