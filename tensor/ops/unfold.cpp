// Windows as columns, by one gather of positions in the padded plane.
#include "stet/tensor/ops/unfold.h"

#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// Windows along one axis.
struct Steps {
  int64_t padded, kernel, stride, padding, dilation, count;
};

Steps steps(const char* op, int64_t extent, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  if (kernel < 1 || stride < 1 || dilation < 1 || padding < 0) {
    raise("{}: a kernel of {} with stride {}, dilation {}, padding {}", op, kernel, stride, dilation, padding);
  }
  const int64_t padded = add_extents(op, extent, multiply_extents(op, 2, padding));
  const int64_t reach = add_extents(op, multiply_extents(op, dilation, kernel - 1), 1);
  if (reach > padded)
    raise("{}: a kernel that reaches over {} does not fit into {}, padding included", op, reach, padded);
  return {padded, kernel, stride, padding, dilation, (padded - reach) / stride + 1};
}

struct Windows {
  Steps rows, columns;
};

Windows windows(const char* op, std::pair<int64_t, int64_t> size, std::pair<int64_t, int64_t> kernel,
                const UnfoldOptions& o) {
  return {steps(op, size.first, kernel.first, o.stride.first, o.padding.first, o.dilation.first),
          steps(op, size.second, kernel.second, o.stride.second, o.padding.second, o.dilation.second)};
}

// Where each element of the columns comes from in a padded plane: [KH, KW, OH, OW], flattened.
Tensor positions(const char* op, const Windows& w, Device device) {
  const auto along = [](const Steps& s) {  // [kernel, count]
    return arange(s.kernel).unsqueeze(1) * s.dilation + arange(s.count) * s.stride;
  };
  const Steps &r = w.rows, &c = w.columns;
  require_countable(op, Shape{r.kernel, c.kernel, r.count, c.count}, DType::int64);
  const Tensor rows = along(r).reshape({r.kernel, 1, r.count, 1}) * c.padded;
  return flatten(rows + along(c).reshape({1, c.kernel, 1, c.count})).to(device);
}

}  // namespace

Tensor unfold(const Tensor& x, std::pair<int64_t, int64_t> kernel, const UnfoldOptions& options) {
  constexpr auto kOp = "unfold";
  if (x.rank() != 4) raise("{}: takes [N, C, H, W], not {}", kOp, x.shape().to_string());
  const Windows w = windows(kOp, {x.size(2), x.size(3)}, kernel, options);
  const int64_t taps = multiply_extents(kOp, kernel.first, kernel.second), n = x.size(0), channels = x.size(1);
  const int64_t places = multiply_extents(kOp, w.rows.count, w.columns.count);
  const int64_t height = multiply_extents(kOp, channels, taps);
  require_countable(kOp, Shape{n, height, places}, x.dtype());
  const auto [above, beside] = options.padding;
  const Tensor padded = above == 0 && beside == 0 ? x : pad(x, {{above, above}, {beside, beside}});
  const Tensor planes = padded.reshape({n, channels, w.rows.padded * w.columns.padded});
  return index_select(planes, 2, positions(kOp, w, x.device())).reshape({n, height, places});
}

Tensor fold(const Tensor& columns, std::pair<int64_t, int64_t> size, std::pair<int64_t, int64_t> kernel,
            const UnfoldOptions& options) {
  constexpr auto kOp = "fold";
  if (size.first < 0 || size.second < 0) raise("{}: {{{}, {}}} is not a size", kOp, size.first, size.second);
  const Windows w = windows(kOp, size, kernel, options);
  const int64_t taps = multiply_extents(kOp, kernel.first, kernel.second);
  const int64_t places = multiply_extents(kOp, w.rows.count, w.columns.count);
  if (columns.rank() != 3 || columns.size(1) % taps != 0 || columns.size(2) != places) {
    raise("{}: takes [N, C·{}, {}], not {}", kOp, taps, places, columns.shape().to_string());
  }
  const int64_t n = columns.size(0), channels = columns.size(1) / taps;
  const int64_t plane = multiply_extents(kOp, w.rows.padded, w.columns.padded);
  require_countable(kOp, Shape{n, channels, plane}, columns.dtype());
  const Tensor flat = columns.reshape({n, channels, multiply_extents(kOp, taps, places)});
  const Tensor images = index_add(flat, 2, positions(kOp, w, columns.device()), plane)
                            .reshape({n, channels, w.rows.padded, w.columns.padded});
  const auto [above, beside] = options.padding;
  return slice(slice(images, 2, above, above + size.first), 3, beside, beside + size.second);
}

namespace {

struct Blocks {
  std::vector<int64_t> batch;
  int64_t channels, rows, columns;
};

Blocks blocks(const char* op, const Tensor& x, int64_t factor) {
  if (x.rank() < 3) raise("{}: takes [.., C, H, W], not {}", op, x.shape().to_string());
  if (factor < 1) raise("{}: {} is not a factor", op, factor);
  return {{x.shape().begin(), x.shape().end() - 3}, x.size(-3), x.size(-2), x.size(-1)};
}

std::vector<int64_t> with(std::vector<int64_t> batch, std::initializer_list<int64_t> rest) {
  batch.insert(batch.end(), rest);
  return batch;
}

// Axes behind the batch in another order.
Tensor reordered(const Tensor& x, int batch, std::initializer_list<int> order) {
  std::vector<int> axes;
  for (int i = 0; i < batch; ++i) axes.push_back(i);
  for (int axis : order) axes.push_back(batch + axis);
  return permute(x, std::move(axes));
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, int64_t factor) {
  constexpr auto kOp = "pixel_shuffle";
  const auto [batch, channels, rows, columns] = blocks(kOp, x, factor);
  const int64_t square = multiply_extents(kOp, factor, factor), c = channels / square;
  if (channels % square != 0) raise("{}: {} does not divide the channels of {}", kOp, square, x.shape().to_string());
  const Tensor apart = x.reshape(with(batch, {c, factor, factor, rows, columns}));
  const Tensor beside = reordered(apart, static_cast<int>(batch.size()), {0, 3, 1, 4, 2});
  return beside.reshape(with(batch, {c, multiply_extents(kOp, rows, factor), multiply_extents(kOp, columns, factor)}));
}

Tensor pixel_unshuffle(const Tensor& x, int64_t factor) {
  constexpr auto kOp = "pixel_unshuffle";
  const auto [batch, channels, height, width] = blocks(kOp, x, factor);
  const int64_t rows = height / factor, columns = width / factor;
  if (height % factor != 0 || width % factor != 0) {
    raise("{}: {} does not divide the plane of {}", kOp, factor, x.shape().to_string());
  }
  const Tensor beside = x.reshape(with(batch, {channels, rows, factor, columns, factor}));
  const Tensor apart = reordered(beside, static_cast<int>(batch.size()), {0, 2, 4, 1, 3});
  return apart.reshape(
      with(batch, {multiply_extents(kOp, channels, multiply_extents(kOp, factor, factor)), rows, columns}));
}

}  // namespace stet
