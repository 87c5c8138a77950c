// Views and joins: reshape, transpose, slice, broadcast, concatenate, pad and their gradients.
#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"

namespace stet {
namespace {

Shape resolve(const Tensor& x, std::vector<int64_t> dims) {
  const std::vector<int64_t> asked = dims;
  const auto open = std::find(dims.begin(), dims.end(), -1);
  if (open != dims.end()) *open = 1;
  bool fits = std::all_of(dims.begin(), dims.end(), [](int64_t d) { return d >= 0; });
  if (fits && open != dims.end()) {
    const int64_t rest = elements_of(dims, "reshape");
    *open = rest == 0 ? 0 : x.elements() / rest;
  }
  fits = fits && elements_of(dims, "reshape") == x.elements();
  if (!fits) {
    raise("reshape: {} elements of shape {} don't fill [{}]", x.elements(), x.shape().to_string(),
          fmt::join(asked, ", "));
  }
  return Shape(std::move(dims));
}

// Strides under which the same memory reads as `shape`, if there are any: each run of new axes must lie within old axes
// that are evenly spaced.
std::optional<Strides> view_strides(const Tensor& x, const Shape& shape) {
  if (x.elements() == 0 || x.is_contiguous()) return contiguous_strides(shape);
  std::vector<int64_t> extents, steps;  // x's axes, without those of extent 1
  for (int i = 0; i < x.rank(); ++i) {
    if (x.size(i) == 1) continue;
    extents.push_back(x.size(i));
    steps.push_back(x.strides()[static_cast<size_t>(i)]);
  }
  Strides strides(static_cast<size_t>(shape.rank()), 1);
  size_t from = extents.size();
  for (int to = shape.rank(); to > 0;) {
    if (shape[to - 1] == 1) {
      --to;
      continue;
    }
    if (from == 0) return std::nullopt;
    int64_t have = extents[--from], step = steps[from], want = 1;
    while (want < have || (to > 0 && shape[to - 1] == 1)) {
      if (to == 0) return std::nullopt;
      const int64_t extent = shape[to - 1];
      strides[static_cast<size_t>(--to)] = step * want;
      want *= extent;
      while (want > have && from > 0 && steps[from - 1] == steps[from] * extents[from]) have *= extents[--from];
      if (want > have) return std::nullopt;
    }
    if (want != have) return std::nullopt;
  }
  return strides;
}

}  // namespace

Tensor reshape(const Tensor& x, std::vector<int64_t> dims) {
  const Shape shape = resolve(x, std::move(dims));
  const auto strides = view_strides(x, shape);
  if (!strides) return reshape(contiguous(x), shape.dims());
  return record("reshape", x.view(shape, *strides, 0),
                {{x, [from = x.shape()](const Tensor& g) { return g.reshape(from.dims()); }}});
}

// The rows are counted, as an axis of nothing leaves none to be divided by.
Tensor as_rows(std::string_view op, const Tensor& x) {
  if (x.rank() == 2) return x;
  const std::span<const int64_t> dims = x.shape().dims();
  return reshape(x, {elements_of(dims.first(dims.size() - 1), op), x.size(-1)});
}

Tensor flatten(const Tensor& x, int first, int last) {
  if (x.rank() == 0) return reshape(x, {1});
  const int begin = x.shape().normal_axis(first, "flatten"), end = x.shape().normal_axis(last, "flatten") + 1;
  if (begin >= end) raise("flatten: axis {} of {} lies behind axis {}", first, x.shape().to_string(), last);
  std::vector<int64_t> dims = x.shape().dims();
  const auto from = dims.begin() + begin, to = dims.begin() + end;
  const int64_t together = elements_of(std::span(from, to), "flatten");
  dims.insert(dims.erase(from, to), together);
  return reshape(x, std::move(dims));
}

Tensor permute(const Tensor& x, std::vector<int> axes) {
  std::vector<int> sorted;
  for (int& a : axes) sorted.push_back(a = x.shape().normal_axis(a, "permute"));
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < x.rank(); ++i) {
    if (sorted.size() != static_cast<size_t>(x.rank()) || sorted[static_cast<size_t>(i)] != i) {
      raise("permute: ({}) doesn't name each axis of {} once", fmt::join(axes, ", "), x.shape().to_string());
    }
  }
  std::vector<int64_t> dims;
  Strides strides;
  std::vector<int> inverse(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    dims.push_back(x.size(axes[i]));
    strides.push_back(x.strides()[static_cast<size_t>(axes[i])]);
    inverse[static_cast<size_t>(axes[i])] = static_cast<int>(i);
  }
  return record("permute", x.view(Shape(std::move(dims)), std::move(strides), 0),
                {{x, [inverse](const Tensor& g) { return permute(g, inverse); }}});
}

Tensor transpose(const Tensor& x, int a, int b) {
  std::vector<int> axes(static_cast<size_t>(x.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  const auto place = [&](int axis) { return static_cast<size_t>(x.shape().normal_axis(axis, "transpose")); };
  std::swap(axes[place(a)], axes[place(b)]);
  return permute(x, std::move(axes));
}

namespace {

// The adjoint of slice: `g` at the slice's positions of a tensor of zeros.
Tensor unslice(const Tensor& g, const Shape& shape, int axis, int64_t begin, int64_t step) {
  Tensor y = filled("slice", shape, 0, g.dtype(), g.device());
  const int64_t end = g.size(axis) == 0 ? begin : begin + (g.size(axis) - 1) * step + 1;
  if (g.elements() > 0) backend(g.device()).copy(g, slice(y, axis, begin, end, step));
  return record("unslice", y, {{g, [=](const Tensor& gg) { return slice(gg, axis, begin, end, step); }}});
}

}  // namespace

Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end, int64_t step) {
  axis = x.shape().normal_axis(axis, "slice");
  const int64_t n = x.size(axis);
  if (step < 1) raise("slice: the step is {}, and must be at least 1", step);
  const auto clip = [n](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + n : at, 0, n); };
  begin = clip(begin);
  end = std::max(begin, clip(end));
  std::vector<int64_t> dims = x.shape().dims();
  Strides strides = x.strides();
  const auto a = static_cast<size_t>(axis);
  dims[a] = (end - begin) / step + ((end - begin) % step == 0 ? 0 : 1);
  const int64_t offset = dims[a] == 0 ? 0 : begin * strides[a];
  if (dims[a] > 1) strides[a] *= step;
  return record("slice", x.view(Shape(std::move(dims)), std::move(strides), offset),
                {{x, [=, shape = x.shape()](const Tensor& g) { return unslice(g, shape, axis, begin, step); }}});
}

Tensor squeeze(const Tensor& x, int axis) {
  axis = x.shape().normal_axis(axis, "squeeze");
  if (x.size(axis) != 1)
    raise("squeeze: axis {} of {} has {} elements, not one", axis, x.shape().to_string(), x.size(axis));
  std::vector<int64_t> dims = x.shape().dims();
  dims.erase(dims.begin() + axis);
  return reshape(x, std::move(dims));
}

namespace {

Tensor with_new_axis(const char* op, const Tensor& x, int axis) {
  const int normal = axis < 0 ? axis + x.rank() + 1 : axis;
  if (normal < 0 || normal > x.rank())
    raise("{}: axis {} is out of range for shape {}", op, axis, x.shape().to_string());
  std::vector<int64_t> dims = x.shape().dims();
  dims.insert(dims.begin() + normal, 1);
  return reshape(x, std::move(dims));
}

}  // namespace

Tensor unsqueeze(const Tensor& x, int axis) { return with_new_axis("unsqueeze", x, axis); }

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (broadcast_shape("broadcast_to", x.shape(), shape) != shape) {
    raise("broadcast_to: {} does not broadcast to {}", x.shape().to_string(), shape.to_string());
  }
  elements_of(shape.dims(), "broadcast_to");
  Strides strides(static_cast<size_t>(shape.rank()), 0);
  for (int i = 1; i <= x.rank(); ++i) {
    if (x.size(-i) != 1)
      strides[static_cast<size_t>(shape.rank() - i)] = x.strides()[static_cast<size_t>(x.rank() - i)];
  }
  return record("broadcast_to", x.view(shape, std::move(strides), 0),
                {{x, [from = x.shape()](const Tensor& g) { return sum_to(g, from); }}});
}

Tensor sum_to(const Tensor& g, const Shape& shape) {
  if (g.shape() == shape) return g;
  std::vector<int> axes;
  for (int i = 0; i < g.rank(); ++i) {
    const int own = i - (g.rank() - shape.rank());
    if (own < 0 || (shape[own] == 1 && g.size(i) != 1)) axes.push_back(i);
  }
  return axes.empty() ? g.reshape(shape.dims()) : sum(g, axes).reshape(shape.dims());
}

namespace {

Tensor joined(const char* op, std::span<const Tensor> parts, int axis) {
  if (parts.empty()) raise("{}: no tensors were given", op);
  const Tensor& first = parts[0];
  axis = first.shape().normal_axis(axis, op);
  std::vector<int64_t> dims = first.shape().dims();
  int64_t& total = dims[static_cast<size_t>(axis)];
  total = 0;
  for (const Tensor& p : parts) {
    require_same_dtype(op, first, p);
    bool fits = p.rank() == first.rank();
    for (int i = 0; fits && i < p.rank(); ++i) fits = i == axis || p.size(i) == first.size(i);
    if (!fits) {
      raise("{}: {} and {} differ outside axis {}", op, first.shape().to_string(), p.shape().to_string(), axis);
    }
    total = add_extents(op, total, p.size(axis));
  }
  Tensor y = new_tensor(op, Shape(std::move(dims)), first.dtype(), first.device());
  std::vector<Input> inputs;
  int64_t at = 0;
  for (const Tensor& p : parts) {
    const int64_t end = at + p.size(axis);
    if (p.elements() > 0) backend(y.device()).copy(p, slice(y, axis, at, end));
    inputs.push_back({p, [=](const Tensor& g) { return slice(g, axis, at, end); }});
    at = end;
  }
  return record(op, y, std::move(inputs));
}

}  // namespace

Tensor concatenate(std::span<const Tensor> parts, int axis) { return joined("concatenate", parts, axis); }

Tensor concatenate(std::initializer_list<Tensor> parts, int axis) {
  return concatenate(std::span(parts.begin(), parts.size()), axis);
}

Tensor stack(std::span<const Tensor> parts, int axis) {
  std::vector<Tensor> raised;
  for (const Tensor& p : parts) {
    if (p.shape() != parts[0].shape())
      raise("stack: {} and {} differ", parts[0].shape().to_string(), p.shape().to_string());
    raised.push_back(with_new_axis("stack", p, axis));
  }
  return joined("stack", raised, axis);
}

Tensor stack(std::initializer_list<Tensor> parts, int axis) {
  return stack(std::span(parts.begin(), parts.size()), axis);
}

Tensor pad(const Tensor& x, std::vector<std::pair<int64_t, int64_t>> widths, double value) {
  const int first = x.rank() - static_cast<int>(widths.size());
  if (first < 0) raise("pad: {} widths for shape {}", widths.size(), x.shape().to_string());
  std::vector<int64_t> dims = x.shape().dims();
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i].first < 0 || widths[i].second < 0) raise("pad: a width is negative; cut with slice()");
    int64_t& extent = dims[static_cast<size_t>(first) + i];
    extent = add_extents("pad", extent, add_extents("pad", widths[i].first, widths[i].second));
  }
  const auto inner = [widths, first, shape = x.shape()](Tensor t) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const int axis = first + static_cast<int>(i);
      t = slice(t, axis, widths[i].first, widths[i].first + shape[axis]);
    }
    return t;
  };
  Tensor y = filled("pad", Shape(std::move(dims)), value, x.dtype(), x.device());
  if (x.elements() > 0) backend(y.device()).copy(x, inner(y));
  return record("pad", y, {{x, inner}});
}

}  // namespace stet
