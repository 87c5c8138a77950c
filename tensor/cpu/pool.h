// Pooling in two dimensions and its gradients on the CPU, under the numerics contract.
#pragma once

#include <cstdint>

namespace stet {

struct PoolShape {
  int64_t n, c, h, w;  ///< input [n, c, h, w]
  int64_t kh, kw;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_h = 0, pad_w = 0;  ///< on each side; less than kh and kw

  int64_t out_h() const { return (h + 2 * pad_h - kh) / stride_h + 1; }
  int64_t out_w() const { return (w + 2 * pad_w - kw) / stride_w + 1; }
};

// All tensors are contiguous; results are overwritten. The caller has checked the shape: out_h() and out_w() are at
// least 1, and padding is less than the kernel, so that every window holds an element.

/// y [n, c, oh, ow]: each window's maximum, as IEEE 754-2019 has it: a NaN wins, and -0 < +0. Padding takes no part.
/// index [n, c, oh, ow]: its place h * w_extent + w in the plane; of equals the first in (kh, kw) order, of NaNs the
/// first.
void max_pool2d_forward(const PoolShape& shape, const float* x, float* y, int64_t* index);
void max_pool2d_forward(const PoolShape& shape, const double* x, double* y, int64_t* index);

/// dx [n, c, h, w] starts from +0; each dy is added at its index, in ascending order of the output position.
void max_pool2d_gradient(const PoolShape& shape, const float* dy, const int64_t* index, float* dx);
void max_pool2d_gradient(const PoolShape& shape, const double* dy, const int64_t* index, double* dx);

/// y [n, c, oh, ow]: each window's sum, one chain from +0 in ascending (kh, kw), divided by kh * kw. Padding counts as
/// +0.
void avg_pool2d_forward(const PoolShape& shape, const float* x, float* y);
void avg_pool2d_forward(const PoolShape& shape, const double* x, double* y);

/// dx [n, c, h, w]: from +0, dy / (kh * kw) of each window that holds the position is added, in ascending order of the
/// output position.
void avg_pool2d_gradient(const PoolShape& shape, const float* dy, float* dx);
void avg_pool2d_gradient(const PoolShape& shape, const double* dy, double* dx);

}  // namespace stet
