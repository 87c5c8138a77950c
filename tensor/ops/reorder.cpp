// Elements in another order.
#include "stet/tensor/ops/reorder.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {

Tensor flip(const Tensor& x, const Axes& axes) {
  Tensor y = x.detach();
  for (int axis : normal_axes(x.shape(), axes, "flip")) {
    const int64_t n = x.size(axis);
    y = index_select(y, axis, (n - 1 - arange(n)).to(x.device()));
  }
  return record("flip", y, {{x, [axes](const Tensor& g) { return flip(g, axes); }}});
}

Tensor roll(const Tensor& x, int64_t shift, int axis) {
  axis = x.shape().normal_axis(axis, "roll");
  const int64_t n = x.size(axis);
  const int64_t by = n == 0 ? 0 : (shift % n + n) % n;  // to the end, below n
  if (by == 0) return x;
  const Tensor value = x.detach();
  const Tensor y = concatenate({slice(value, axis, n - by, n), slice(value, axis, 0, n - by)}, axis);
  return record("roll", y, {{x, [by, axis](const Tensor& g) { return roll(g, -by, axis); }}});
}

Tensor roll(const Tensor& x, const std::vector<int64_t>& shifts, const std::vector<int>& axes) {
  if (shifts.size() != axes.size()) raise("roll: {} shifts for {} axes", shifts.size(), axes.size());
  Tensor y = x;
  for (size_t i = 0; i < axes.size(); ++i) y = roll(y, shifts[i], axes[i]);
  return y;
}

namespace {

// In the order given, unlike normal_axes.
std::vector<int> in_order(const Tensor& x, const Axes& axes) {
  std::vector<int> normal;
  for (int a : axes) normal.push_back(x.shape().normal_axis(a, "movedim"));
  if (!normal.empty()) normal_axes(x.shape(), normal, "movedim");  // none twice
  return normal;
}

}  // namespace

Tensor movedim(const Tensor& x, const Axes& from, const Axes& to) {
  const std::vector<int> sources = in_order(x, from), places = in_order(x, to);
  if (sources.size() != places.size()) raise("movedim: {} axes to {} places", sources.size(), places.size());
  std::vector<int> order(static_cast<size_t>(x.rank()), -1), rest;
  for (size_t i = 0; i < sources.size(); ++i) order[static_cast<size_t>(places[i])] = sources[i];
  for (int i = 0; i < x.rank(); ++i) {
    if (std::find(sources.begin(), sources.end(), i) == sources.end()) rest.push_back(i);
  }
  auto next = rest.begin();
  for (int& axis : order) {
    if (axis < 0) axis = *next++;
  }
  return permute(x, std::move(order));
}

Tensor swapaxes(const Tensor& x, int a, int b) {
  return transpose(x, x.shape().normal_axis(a, "swapaxes"), x.shape().normal_axis(b, "swapaxes"));
}

// An element of the diagonal is C + 1 behind the one before it.
Tensor diagonal(const Tensor& x, int64_t offset) {
  if (x.rank() < 2) raise("diagonal: takes [.., R, C], not {}", x.shape().to_string());
  const int64_t rows = x.size(-2), columns = x.size(-1);
  const int64_t top = std::clamp<int64_t>(offset < -rows ? rows : offset < 0 ? -offset : 0, 0, rows);
  const int64_t left = std::clamp<int64_t>(offset, 0, columns);
  const int64_t n = std::min(rows - top, columns - left);
  std::vector<int64_t> dims(x.shape().begin(), x.shape().end() - 2);
  dims.push_back(elements_of(std::vector{rows, columns}, "diagonal"));
  const Tensor flat = x.reshape(dims);
  if (n == 0) return slice(flat, -1, 0, 0);
  const int64_t first = top * columns + left;
  return slice(flat, -1, first, first + (n - 1) * (columns + 1) + 1, columns + 1);
}

// [n] as the first column of [n, n + 1], whose rows then follow each other in a matrix of n columns.
Tensor diag(const Tensor& x, int64_t offset) {
  if (x.rank() == 2) return diagonal(x, offset);
  if (x.rank() != 1) raise("diag: takes a vector or a matrix, not {}", x.shape().to_string());
  const int64_t n = x.size(0);
  if (offset == std::numeric_limits<int64_t>::min()) raise("diag: {} is not an offset", offset);
  const int64_t side = add_extents("diag", n, std::abs(offset));
  require_countable("diag", Shape{side, add_extents("diag", side, 1)}, x.dtype());
  const Tensor square = slice(pad(x.unsqueeze(1), {{0, n}}).flatten(), 0, 0, n * n).reshape({n, n});
  const int64_t above = std::max<int64_t>(-offset, 0), before = std::max<int64_t>(offset, 0);
  return pad(square, {{above, before}, {before, above}});
}

}  // namespace stet
