// Geometry of convolution and pooling.
#pragma once

#include <cstdint>

namespace stet {

/// A window that slides over images: input [n, c, h, w], output [n, co, out_h(), out_w()]. A convolution's weight is
/// [co, c / groups, kh, kw]; pooling has co = c.
struct Window {
  int64_t n = 0, c = 0, h = 0, w = 0;
  int64_t co = 0, kh = 0, kw = 0;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_h = 0, pad_w = 0;  ///< on each side
  int64_t dil_h = 1, dil_w = 1;
  int64_t groups = 1;  ///< divides c and co

  int64_t out_h() const { return (h + 2 * pad_h - dil_h * (kh - 1) - 1) / stride_h + 1; }
  int64_t out_w() const { return (w + 2 * pad_w - dil_w * (kw - 1) - 1) / stride_w + 1; }
};

}  // namespace stet
