// Images sampled at any places.
#pragma once

#include <cstdint>

#include "stet/tensor/tensor.h"

namespace stet {

enum class GridSampling { bilinear, nearest };
enum class GridPadding {
  zeros,      ///< outside the image everything is 0
  border,     ///< a place outside is taken for the nearest one within
  reflection  ///< a place outside is reflected at the edges till it is within
};
struct GridSampleOptions {
  GridSampling mode = GridSampling::bilinear;
  GridPadding padding = GridPadding::zeros;
  bool align_corners = false;  ///< -1 and 1 are the middles of the outermost elements, not their outer edges
};
/// x [N, C, H, W] at the places of grid [N, OH, OW, 2], which holds (x, y) with -1 at the left or upper edge and 1 at
/// the other; result [N, C, OH, OW]. Both have gradients.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {});

/// Jaderberg et al., 2015 (arXiv 1506.02025): the grid [N, H, W, 2] for images [N, C, H, W] whose places theta [N, 2,
/// 3] moves: theta · (x, y, 1).
Tensor affine_grid(const Tensor& theta, const Shape& size, bool align_corners = false);

}  // namespace stet
