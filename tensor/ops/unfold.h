// Images as columns of windows, and as channels.
#pragma once

#include <cstdint>
#include <utility>

#include "stet/tensor/tensor.h"

namespace stet {

struct UnfoldOptions {
  std::pair<int64_t, int64_t> stride{1, 1}, padding{0, 0}, dilation{1, 1};
};
/// x [N, C, H, W] to the windows of a convolution as columns, [N, C·KH·KW, OH·OW]; padding is +0.
Tensor unfold(const Tensor& x, std::pair<int64_t, int64_t> kernel, const UnfoldOptions& options = {});
/// The adjoint: columns [N, C·KH·KW, OH·OW] added up where they came from in images [N, C, H, W] of size {H, W}.
Tensor fold(const Tensor& columns, std::pair<int64_t, int64_t> size, std::pair<int64_t, int64_t> kernel,
            const UnfoldOptions& options = {});

/// Shi et al., 2016 (arXiv 1609.05158): [.., C·r·r, H, W] to [.., C, H·r, W·r].
Tensor pixel_shuffle(const Tensor& x, int64_t factor);
/// The other way.
Tensor pixel_unshuffle(const Tensor& x, int64_t factor);

}  // namespace stet
