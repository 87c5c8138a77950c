#include "stet/tensor/ops/grid_sample.h"

#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/products.h"
#include "stet/tensor/ops/rounding.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// Reflected at the edges low / 2 and high / 2 till it lies between them.
Tensor reflected(const Tensor& at, int64_t low, int64_t high) {
  if (low == high) return at * 0;
  const double edge = static_cast<double>(low) / 2, span = static_cast<double>(high - low) / 2;
  const Tensor from_edge = abs(at - edge), rest = fmod(from_edge, span);
  const Tensor is_turned = remainder(floor(from_edge / span), 2) == 1;
  return where(is_turned, span - rest + edge, rest + edge);
}

// Places along an axis of n elements, counted in elements, from those of a grid.
Tensor places(const Tensor& grid, int64_t n, const GridSampleOptions& options) {
  const auto extent = static_cast<double>(n);
  Tensor at = options.align_corners ? (grid + 1) / 2 * (extent - 1) : ((grid + 1) * extent - 1) / 2;
  if (options.padding == GridPadding::zeros) return at;
  if (options.padding == GridPadding::reflection)
    at = options.align_corners ? reflected(at, 0, 2 * (n - 1)) : reflected(at, -1, 2 * n - 1);
  return clamp(at, 0, extent - 1);
}

// Whole places along one axis, and which of them are in the image.
struct Steps {
  Tensor index, within;
};
Steps steps(const Tensor& whole, int64_t n) {
  const auto last = static_cast<double>(n - 1);
  // In integers, as float32 may round the last one up.
  return {clamp(whole.to(DType::int64), 0, last), whole >= 0 && whole <= last};
}

// [N, C, P]: the elements of x [N, C, H·W] at whole places [N, P], 0 outside.
Tensor elements_at(const Tensor& x, int64_t width, const Steps& row, const Steps& column) {
  const Shape shape{x.size(0), x.size(1), row.index.size(1)};
  const Tensor index = unsqueeze(row.index * width + column.index, 1),
               within = unsqueeze(row.within && column.within, 1);
  const Tensor taken = gather(x, 2, broadcast_to(index, shape));
  return where(within, taken, zeros({}, x.dtype(), x.device()));
}

Tensor bilinear(const Tensor& x, int64_t height, int64_t width, const Tensor& column, const Tensor& row) {
  const Tensor left = floor(column.detach()), upper = floor(row.detach());
  const Tensor right_part = unsqueeze(column - left, 1), lower_part = unsqueeze(row - upper, 1);
  const Steps columns[] = {steps(left, width), steps(left + 1, width)};
  const Steps rows[] = {steps(upper, height), steps(upper + 1, height)};
  const auto line = [&](const Steps& at) {
    const Tensor first = elements_at(x, width, at, columns[0]), second = elements_at(x, width, at, columns[1]);
    const Tensor left_part = 1 - right_part, weighted = first * left_part, other = second * right_part;
    return weighted + other;
  };
  const Tensor first = line(rows[0]), second = line(rows[1]), upper_part = 1 - lower_part;
  const Tensor weighted = first * upper_part, other = second * lower_part;
  return weighted + other;
}

void require_images(const Tensor& x, const Tensor& grid) {
  require_floating("grid_sample", x);
  require_same_dtype("grid_sample", x, grid);
  const bool fits = x.rank() == 4 && grid.rank() == 4 && grid.size(0) == x.size(0) && grid.size(3) == 2;
  if (!fits || x.size(2) == 0 || x.size(3) == 0) {
    raise("grid_sample: takes x [N, C, H, W] and a grid [N, OH, OW, 2], not {} and {}", x.shape().to_string(),
          grid.shape().to_string());
  }
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options) {
  require_images(x, grid);
  const int64_t batch = x.size(0), height = x.size(2), width = x.size(3);
  const int64_t count = multiply_extents("grid_sample", grid.size(1), grid.size(2));
  const std::vector<int64_t> size = {batch, x.size(1), grid.size(1), grid.size(2)};
  const Tensor flat = reshape(grid, {batch, count, 2}), planes = reshape(x, {batch, x.size(1), height * width});
  const Tensor column = places(squeeze(slice(flat, 2, 0, 1), 2), width, options),
               row = places(squeeze(slice(flat, 2, 1, 2), 2), height, options);
  const Tensor y =
      options.mode == GridSampling::bilinear
          ? bilinear(planes, height, width, column, row)
          : elements_at(planes, width, steps(round(row.detach()), height), steps(round(column.detach()), width));
  return reshape(y, size);
}

namespace {

// The places of n elements: their middles, between the edges -1 and 1.
std::vector<double> middles(int64_t n, bool align_corners) {
  std::vector<double> at;
  const int64_t steps = align_corners ? n - 1 : n;
  for (int64_t i = 0; i < n; ++i)
    at.push_back(steps == 0 ? 0 : static_cast<double>(2 * i - (n - 1)) / static_cast<double>(steps));
  return at;
}

}  // namespace

Tensor affine_grid(const Tensor& theta, const Shape& size, bool align_corners) {
  const ContractFloatEnv env;
  constexpr auto kOp = "affine_grid";
  require_floating(kOp, theta);
  if (size.rank() != 4 || theta.shape() != Shape{size[0], 2, 3}) {
    raise("affine_grid: takes theta [N, 2, 3] and a size [N, C, H, W], not {} and {}", theta.shape().to_string(),
          size.to_string());
  }
  const int64_t height = size[2], width = size[3];
  require_countable(kOp, Shape{size[0], height, width, 3}, DType::float64);
  const auto along = [&](int64_t n) {
    return Tensor::from(middles(n, align_corners)).to(theta.dtype()).to(theta.device());
  };
  const Shape plane{height, width};
  const Tensor columns = broadcast_to(along(width), plane), rows = broadcast_to(unsqueeze(along(height), 1), plane);
  const Tensor base = stack({columns, rows, ones(plane, theta.dtype(), theta.device())}, -1);
  const Tensor moved = matmul(reshape(base, {height * width, 3}), transpose(theta));
  return reshape(moved, {size[0], height, width, 2});
}

}  // namespace stet
