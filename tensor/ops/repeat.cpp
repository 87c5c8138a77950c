// Repetition: views with stride 0, and copies of them.
#include "stet/tensor/ops/repeat.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {

Tensor expand(const Tensor& x, std::vector<int64_t> dims) {
  const std::vector<int64_t> asked = dims;
  const int extra = static_cast<int>(dims.size()) - x.rank();
  const auto refuse = [&] {
    raise("expand: {} does not expand to [{}]", x.shape().to_string(), fmt::join(asked, ", "));
  };
  if (extra < 0) refuse();
  for (int i = 0; i < static_cast<int>(dims.size()); ++i) {
    int64_t& extent = dims[static_cast<size_t>(i)];
    if (extent == -1 && i >= extra) extent = x.size(i - extra);
    if (extent < 0 || (i >= extra && x.size(i - extra) != 1 && x.size(i - extra) != extent)) refuse();
  }
  elements_of(dims, "expand");
  return broadcast_to(x, Shape(std::move(dims)));
}

Tensor expand_as(const Tensor& x, const Tensor& other) { return expand(x, other.shape().dims()); }

namespace {

// times has one entry an axis of the result, of which x has the last ones.
Tensor repeated(const char* op, const Tensor& x, const std::vector<int64_t>& times) {
  std::vector<int64_t> apart, stretched, joined;  // [1, n], [times, n] and [times * n] of each axis
  const size_t extra = times.size() - static_cast<size_t>(x.rank());
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i] < 0) raise("{}: ({}) holds a negative number of times", op, fmt::join(times, ", "));
    const int64_t n = i < extra ? 1 : x.size(static_cast<int>(i - extra));
    apart.insert(apart.end(), {1, n});
    stretched.insert(stretched.end(), {times[i], n});
    joined.push_back(multiply_extents(op, times[i], n));
  }
  require_countable(op, Shape(joined), x.dtype());
  return broadcast_to(x.reshape(apart), Shape(stretched)).reshape(joined);
}

}  // namespace

Tensor repeat(const Tensor& x, const std::vector<int64_t>& times) {
  if (static_cast<int>(times.size()) < x.rank()) {
    raise("repeat: ({}) has fewer entries than {} has axes; see tile()", fmt::join(times, ", "), x.shape().to_string());
  }
  return repeated("repeat", x, times);
}

Tensor tile(const Tensor& x, const std::vector<int64_t>& times) {
  std::vector<int64_t> all(std::max(times.size(), static_cast<size_t>(x.rank())), 1);
  std::copy(times.begin(), times.end(), all.end() - static_cast<std::ptrdiff_t>(times.size()));
  return repeated("tile", x, all);
}

Tensor repeat_interleave(const Tensor& x, int64_t times, std::optional<int> axis) {
  constexpr auto kOp = "repeat_interleave";
  if (!axis) return repeat_interleave(flatten(x), times, 0);
  const int at = x.shape().normal_axis(*axis, kOp);
  if (times < 0) raise("{}: {} is not a number of times", kOp, times);
  std::vector<int64_t> joined = x.shape().dims(), stretched = joined;
  int64_t& extent = joined[static_cast<size_t>(at)];
  extent = multiply_extents(kOp, extent, times);
  require_countable(kOp, Shape(joined), x.dtype());
  stretched.insert(stretched.begin() + at + 1, times);
  return broadcast_to(x.unsqueeze(at + 1), Shape(stretched)).reshape(joined);
}

Tensor repeat_interleave(const Tensor& x, const Tensor& times, std::optional<int> axis) {
  constexpr auto kOp = "repeat_interleave";
  if (!axis) return repeat_interleave(flatten(x), times, 0);
  const int at = x.shape().normal_axis(*axis, kOp);
  if (times.dtype() != DType::int64) raise("{}: times must be int64, not {}", kOp, name_of(times.dtype()));
  if (times.rank() > 1 || (times.elements() != 1 && times.elements() != x.size(at))) {
    raise("{}: times {} for axis {} of {}", kOp, times.shape().to_string(), at, x.shape().to_string());
  }
  const std::vector<int64_t> counts = times.to_vector<int64_t>();
  if (counts.size() == 1) return repeat_interleave(x, counts[0], at);
  int64_t total = 0;
  for (int64_t count : counts) {
    if (count < 0) raise("{}: {} is not a number of times", kOp, count);
    total = add_extents(kOp, total, count);
  }
  require_countable(kOp, Shape{total}, DType::int64);
  std::vector<int64_t> index;
  for (size_t i = 0; i < counts.size(); ++i) {
    index.insert(index.end(), static_cast<size_t>(counts[i]), static_cast<int64_t>(i));
  }
  return index_select(x, at, Tensor::from(index).to(x.device()));
}

std::vector<Tensor> meshgrid(std::span<const Tensor> axes, Indexing indexing) {
  if (axes.empty()) raise("meshgrid: no tensors were given");
  std::vector<int64_t> dims;
  for (const Tensor& x : axes) {
    if (x.rank() > 1) raise("meshgrid: {} is not a vector", x.shape().to_string());
    require_same_dtype("meshgrid", axes[0], x);
    dims.push_back(x.elements());
  }
  std::vector<size_t> places(axes.size());  // of which axis each is
  std::iota(places.begin(), places.end(), size_t{0});
  if (indexing == Indexing::xy && axes.size() > 1) {
    std::swap(places[0], places[1]);
    std::swap(dims[0], dims[1]);
  }
  elements_of(dims, "meshgrid");
  std::vector<Tensor> grids;
  for (size_t i = 0; i < axes.size(); ++i) {
    std::vector<int64_t> own(axes.size(), 1);
    own[places[i]] = axes[i].elements();
    grids.push_back(broadcast_to(axes[i].reshape(own), Shape(dims)));
  }
  return grids;
}

}  // namespace stet
