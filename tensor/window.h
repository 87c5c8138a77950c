// Geometry of convolution and pooling.
#pragma once

#include <cstdint>

#include "stet/tensor/host_device.h"

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

  // Of pooling alone.
  int64_t over_h = 0, over_w = 0;          ///< by how much the last windows reach beyond the padding
  bool count_padding = true;               ///< in what a mean is divided by; what lies beyond it never is
  int64_t adaptive_h = 0, adaptive_w = 0;  ///< the output's extents, where windows follow from them; kh, kw are unused

  int64_t out_h() const {
    return adaptive_h > 0 ? adaptive_h : (h + 2 * pad_h + over_h - dil_h * (kh - 1) - 1) / stride_h + 1;
  }
  int64_t out_w() const {
    return adaptive_w > 0 ? adaptive_w : (w + 2 * pad_w + over_w - dil_w * (kw - 1) - 1) / stride_w + 1;
  }
};

/// The windows of pooling along one axis.
struct PoolAxis {
  int64_t size, outputs, extent, stride, pad;
  bool count_padding, adaptive;

  STET_HOST_DEVICE int64_t start(int64_t t) const { return adaptive ? t * size / outputs : t * stride - pad; }
  STET_HOST_DEVICE int64_t stop(int64_t t) const {
    return adaptive ? ((t + 1) * size + outputs - 1) / outputs : t * stride - pad + extent;
  }
  /// The positions from begin(t) to before end(t) are those that exist of window t.
  STET_HOST_DEVICE int64_t begin(int64_t t) const { return start(t) < 0 ? 0 : start(t); }
  STET_HOST_DEVICE int64_t end(int64_t t) const { return stop(t) < size ? stop(t) : size; }
  /// How many a mean is over.
  STET_HOST_DEVICE int64_t count(int64_t t) const {
    if (!count_padding || adaptive) return end(t) - begin(t);
    return (stop(t) < size + pad ? stop(t) : size + pad) - start(t);
  }
  /// The outputs from first(i) to before last(i) are those whose windows hold position i.
  STET_HOST_DEVICE int64_t first(int64_t i) const {
    if (adaptive) return i * outputs / size;
    return i + pad < extent ? 0 : (i + pad - extent) / stride + 1;
  }
  STET_HOST_DEVICE int64_t last(int64_t i) const {
    const int64_t n = adaptive ? ((i + 1) * outputs + size - 1) / size : (i + pad) / stride + 1;
    return n < outputs ? n : outputs;
  }
};
inline PoolAxis rows_of(const Window& s) {
  return {s.h, s.out_h(), s.kh, s.stride_h, s.pad_h, s.count_padding, s.adaptive_h > 0};
}
inline PoolAxis columns_of(const Window& s) {
  return {s.w, s.out_w(), s.kw, s.stride_w, s.pad_w, s.count_padding, s.adaptive_w > 0};
}

}  // namespace stet
