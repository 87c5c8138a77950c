#include "stet/data/grid.h"

#include <algorithm>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"

namespace stet::data {

Tensor make_grid(const Tensor& images, const GridOptions& options) {
  const Tensor all = images.rank() == 3 ? images.unsqueeze(1) : images;
  if (all.rank() != 4 || all.elements() == 0)
    raise("make_grid: takes images [N, C, H, W] or [N, H, W], not {}", images.shape().to_string());
  if (options.columns < 1 || options.padding < 0)
    raise("make_grid: {} columns with padding {} are none", options.columns, options.padding);
  Tensor x = all.detach();
  const Tensor fill = filled("make_grid", {}, options.fill, x.dtype(), x.device());
  if (options.normalise) {
    require_floating("make_grid", x);
    const Tensor low = min(x), high = max(x);
    x = (x - low) / maximum(high - low, full({}, 1e-5, x.dtype(), x.device()));
  }
  const int64_t n = x.size(0), columns = std::min(options.columns, n), p = options.padding;
  // Each image with the pixels before it, then those behind all.
  std::vector<Tensor> rows;
  for (int64_t begin = 0; begin < n; begin += columns) {
    std::vector<Tensor> row;
    for (int64_t i = begin; i < begin + columns; ++i) {
      const Tensor image = i < n ? x[i] : broadcast_to(fill, x[0].shape());
      row.push_back(pad(image, {{p, 0}, {p, 0}}, options.fill));
    }
    rows.push_back(concatenate(row, -1));
  }
  return pad(concatenate(rows, -2), {{0, p}, {0, p}}, options.fill);
}

}  // namespace stet::data
