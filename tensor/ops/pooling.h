// Pooling.
#pragma once

#include <utility>

#include "stet/tensor/tensor.h"

namespace stet {

struct PoolOptions {
  std::pair<int64_t, int64_t> stride{0, 0};   ///< 0: the kernel's own extent
  std::pair<int64_t, int64_t> padding{0, 0};  ///< at most half the kernel
  /// Further windows where the last ones end before the image does: all that begin in it or in the padding before it.
  bool ceil_mode = false;
  bool count_include_pad = true;  ///< avg_pool2d divides by the padding too; never by what lies beyond it
};
/// x [N, C, H, W] with H and W of at least 1 to [N, C, OH, OW]; padding takes no part. Ties: the first in (kh, kw)
/// order.
Tensor max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options = {});
/// Padding counts as +0.
Tensor avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options = {});

/// x [N, C, H, W] to [N, C, OH, OW] of whatever extents: output t is over the positions from floor(t H / OH) to before
/// ceil((t + 1) H / OH). Throws UsageError where H, W or an extent is below 1.
Tensor adaptive_max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> output);
Tensor adaptive_avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> output);

}  // namespace stet
