#include "stet/tensor/ops/interpolate.h"

#include <cmath>
#include <memory>
#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/taps.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

constexpr auto kOp = "interpolate";

Tensor on_device_of(const Tensor& x, const std::vector<int64_t>& values) { return Tensor::from(values).to(x.device()); }

// x with every line along the axis made anew by a table.
Tensor resample(const Tensor& x, int axis, const std::shared_ptr<const TapTable>& table) {
  const Tensor y = new_tensor(kOp, with_axis(x.shape(), axis, table->rows()), x.dtype(), x.device());
  add_work(8 * y.elements());
  if (y.elements() > 0) {
    const Taps taps{on_device_of(x, table->starts), on_device_of(x, table->sources),
                    Tensor::from(table->weights).to(x.dtype()).to(x.device())};
    backend(x.device()).resample(as_three(kOp, x, axis), taps, as_three(kOp, y, axis));
  }
  return record(kOp, y, {{x, [axis, table, n = x.size(axis)](const Tensor& g) {
                            return resample(g, axis, std::make_shared<const TapTable>(table->transposed(n)));
                          }}});
}

bool is_nearest(Interpolation mode) { return mode == Interpolation::nearest || mode == Interpolation::nearest_exact; }

// Coordinates are products of extents, times 2.
constexpr int64_t kMostExtent = int64_t{1} << 30;

// The spatial extents of the result.
std::vector<int64_t> wanted_size(const Tensor& x, const InterpolateOptions& options) {
  const auto axes = static_cast<size_t>(x.rank() - 2);
  if (options.size.empty() == options.scale.empty()) raise("interpolate: takes either a size or a scale");
  const size_t given = options.size.empty() ? options.scale.size() : options.size.size();
  if (given != axes && (given != 1 || options.scale.empty()))
    raise("interpolate: {} extents for shape {}, which has {} spatial axes", given, x.shape().to_string(), axes);
  std::vector<int64_t> size = options.size;
  for (size_t i = size.size(); i < axes; ++i) {
    const int64_t in = x.size(static_cast<int>(i) + 2);
    const double scale = options.scale[given == 1 ? 0 : i], extent = std::floor(static_cast<double>(in) * scale);
    if (!(extent >= 1 && extent <= static_cast<double>(kMostExtent)))
      raise("interpolate: extents are 1 to 2^30, and {} times a scale of {} is none", in, scale);
    size.push_back(static_cast<int64_t>(extent));
  }
  for (size_t i = 0; i < axes; ++i) {
    const int64_t in = x.size(static_cast<int>(i) + 2);
    if (size[i] >= 1 && size[i] <= kMostExtent && in >= 1 && in <= kMostExtent) continue;
    raise("interpolate: extents are 1 to 2^30, and {} can't become [{}]", x.shape().to_string(), fmt::join(size, ", "));
  }
  return size;
}

void require_mode(const Tensor& x, const InterpolateOptions& options) {
  const bool filters = options.mode == Interpolation::linear || options.mode == Interpolation::cubic;
  if ((options.align_corners || options.antialias) && !filters)
    raise("interpolate: align_corners and antialias are of linear and cubic");
  if (options.align_corners && options.antialias) raise("interpolate: takes align_corners or antialias, not both");
  if (!is_nearest(options.mode)) require_floating(kOp, x);
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& options) {
  const ContractFloatEnv env;
  if (x.rank() < 3) raise("interpolate: takes [N, C, ..] with spatial axes, not {}", x.shape().to_string());
  const std::vector<int64_t> size = wanted_size(x, options);
  require_mode(x, options);
  std::vector<int64_t> dims = {x.size(0), x.size(1)};
  dims.insert(dims.end(), size.begin(), size.end());
  require_countable(kOp, Shape(std::move(dims)), x.dtype());
  Tensor y = x;
  for (int axis = x.rank() - 1; axis >= 2; --axis) {
    auto table = std::make_shared<const TapTable>(
        interpolation_taps(x.size(axis), size[static_cast<size_t>(axis) - 2], options));
    if (table->is_identity(x.size(axis))) continue;
    y = is_floating(x.dtype()) ? resample(y, axis, table) : index_select(y, axis, on_device_of(x, table->sources));
  }
  return y;
}

}  // namespace stet
