// Views and copies, and indexing.
#include "ops/case.h"

namespace stet::testing {
namespace {

std::vector<DigestInputs> one_digest() { return {{{{5, 7, 33}}}, {{{3, 7, 9}}, Numbers::special, DType::float64}}; }

// On x's device.
Tensor indices(const Tensor& x, const Shape& shape, uint64_t seed, int64_t n) {
  return drawn_indices(shape, seed, n).to(x.device());
}

OpCase& row(Table& t, const char* name, std::function<Tensor(const Tensor&)> op) {
  return t.add(name, [op = std::move(op)](auto& x) { return op(x[0]); }).digest(one_digest()).smooth_at({{2, 7, 2}});
}

Tensor squeezed(const Tensor& x) { return x[1].unsqueeze(1).squeeze(1).flatten(); }
Tensor gathered(const Tensor& x) { return gather(x, 1, indices(x, {x.size(0), 300, x.size(2)}, 1, x.size(1))); }
Tensor in_seven(const Tensors& x) { return one_hot(indices(x[0], {5, 33}, 1, 7), 7); }

}  // namespace

void add_shape_ops(Table& t) {
  row(t, "reshape", [](auto& x) { return x.transpose().reshape({7, -1}); }).of({"reshape", "transpose"});
  row(t, "transpose", [](auto& x) { return transpose(x, 0, 1) * x.transpose(1, 0); }).undigested();
  row(t, "permute", [](auto& x) { return contiguous(x.permute({2, 0, 1})); });
  row(t, "slice", [](auto& x) { return x.slice(1, 1, 6, 2).slice(2, -5, -1); }).smooth_at({{1, 7, 6}});
  row(t, "squeeze", squeezed).of({"squeeze", "unsqueeze", "flatten"});
  row(t, "flatten.rest", [](auto& x) { return x.flatten(1); }).undigested();
  row(t, "index", [](auto& x) { return x[1] * x[-1]; }).of({}).undigested();
  row(t, "broadcast_to", [](auto& x) { return broadcast_to(x.slice(1, 0, 1), x.shape()); });
  row(t, "concatenate", [](auto& x) { return concatenate({x, x.slice(1, 2, 4), x}, 1); });
  row(t, "stack", [](auto& x) { return stack({x, x}, -1); });
  row(t, "pad", [](auto& x) { return pad(x, {{1, 2}, {0, 3}}, 0.3); });
  row(t, "split", [](auto& x) { return split(x, 1, 1)[2] * split(x, 1, 1)[6]; });
  // Of two tensors, whose gradients must not be swapped; and into more axes.
  t.add("concatenate.two", [](auto& x) { return concatenate({x[0], x[1], x[0]}, 1); }).smooth_at({{3, 4}, {3, 2}});
  t.add("stack.two", [](auto& x) { return stack({x[0], x[1]}, -1); }).smooth_at({{3, 4}, {3, 4}});
  t.add("broadcast_to.more", [](auto& x) { return broadcast_to(x[0], {2, 3, 4}); }).smooth_at({{3, 1}});
}

void add_indexing(Table& t) {
  row(t, "index_select", [](auto& x) { return index_select(x, 1, indices(x, {40}, 1, x.size(1))); });
  row(t, "gather", gathered).smooth_at({{2, 3, 2}});
  row(t, "scatter_add", [](auto& x) { return scatter_add(x, 2, indices(x, x.shape(), 1, 3), 3); });
  row(t, "to_float64", [](auto& x) { return x.to(DType::float32).to(x.dtype()); }).of({}).smooth_at({});
  row(t, "to", [](auto& x) { return x.to(DType::float64); }).of({}).undigested();
  t.add("one_hot", in_seven).digest({{{{}}}}).without_gradient();
}

}  // namespace stet::testing
