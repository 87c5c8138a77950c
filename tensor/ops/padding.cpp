// Padding as a selection along each axis.
#include "stet/tensor/ops/padding.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/index_ops.h"

namespace stet {
namespace {

// Where position i, of a row of n that goes on beyond its ends, has its element.
int64_t source(int64_t i, int64_t n, Padding mode) {
  switch (mode) {
    case Padding::reflect: return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    case Padding::replicate: return i < 0 ? 0 : i >= n ? n - 1 : i;
    case Padding::circular: return i < 0 ? i + n : i >= n ? i - n : i;
  }
  return i;
}

Tensor pad_axis(const Tensor& x, int axis, std::pair<int64_t, int64_t> widths, Padding mode) {
  const auto [before, after] = widths;
  const int64_t n = x.size(axis), most = std::max(before, after);
  if (before < 0 || after < 0) raise("pad: a width is negative; cut with slice()");
  if (most == 0) return x;
  if (n == 0 || (mode == Padding::reflect && most >= n) || (mode == Padding::circular && most > n)) {
    raise("pad: axis {} of {} is too short for {} and {} elements more", axis, x.shape().to_string(), before, after);
  }
  const int64_t extent = add_extents("pad", n, add_extents("pad", before, after));
  std::vector<int64_t> dims = x.shape().dims();
  dims[static_cast<size_t>(axis)] = extent;
  require_countable("pad", Shape(std::move(dims)), x.dtype());
  require_countable("pad", Shape{extent}, DType::int64);
  std::vector<int64_t> index;
  for (int64_t i = -before; i < n + after; ++i) index.push_back(source(i, n, mode));
  return index_select(x, axis, Tensor::adopt(std::move(index), {extent}).to(x.device()));
}

}  // namespace

Tensor pad(const Tensor& x, const std::vector<std::pair<int64_t, int64_t>>& widths, Padding mode) {
  const int first = x.rank() - static_cast<int>(widths.size());
  if (first < 0) raise("pad: {} widths for shape {}", widths.size(), x.shape().to_string());
  Tensor y = x;
  for (size_t i = 0; i < widths.size(); ++i) y = pad_axis(y, first + static_cast<int>(i), widths[i], mode);
  return y;
}

}  // namespace stet
