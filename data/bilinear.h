// A plane read between its pixels. For sources of data/ alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// The plane at a point between its pixels; pixels outside are `fill`.
class Bilinear {
 public:
  Bilinear(const float* plane, int64_t h, int64_t w, float fill) : plane_(plane), h_(h), w_(w), fill_(fill) {}

  float operator()(float y, float x) const {
    const float y0 = std::floor(y), x0 = std::floor(x);
    const float fy = y - y0, fx = x - x0;
    const int64_t i = index(y0, h_), j = index(x0, w_);
    const float top = at(i, j) * (1.0f - fx) + at(i, j + 1) * fx;
    const float bottom = at(i + 1, j) * (1.0f - fx) + at(i + 1, j + 1) * fx;
    return top * (1.0f - fy) + bottom * fy;
  }

 private:
  // Of a coordinate: far outside, just outside. Comparisons are such that NaN is outside too.
  static int64_t index(float at, int64_t n) {
    if (!(at > -2.0f)) return -2;
    return at < static_cast<float>(n) ? static_cast<int64_t>(at) : n;
  }
  float at(int64_t i, int64_t j) const { return i < 0 || i >= h_ || j < 0 || j >= w_ ? fill_ : plane_[i * w_ + j]; }

  const float* plane_;
  int64_t h_, w_;
  float fill_;
};

/// Each plane of x [..., H, W], float32, read anew: `source(dy, dx)` is where the pixel that lies dy and dx from the
/// middle comes from, as such a pair. Pixels outside are `fill`.
template <class Source> Tensor warped(const Tensor& x, float fill, const Source& source) {
  const Tensor from = contiguous(x);
  const Tensor to = Tensor::uninitialized(x.shape(), x.dtype());
  const int64_t h = x.size(-2), w = x.size(-1);
  const int64_t planes = h * w == 0 ? 0 : x.elements() / (h * w);
  const float cy = static_cast<float>(h - 1) * 0.5f, cx = static_cast<float>(w - 1) * 0.5f;
  for (int64_t p = 0; p < planes; ++p) {
    const Bilinear image(from.data_as<float>() + p * h * w, h, w, fill);
    float* out = to.mutable_data_as<float>() + p * h * w;
    for (int64_t i = 0; i < h; ++i) {
      for (int64_t j = 0; j < w; ++j) {
        const std::pair<float, float> at = source(static_cast<float>(i) - cy, static_cast<float>(j) - cx);
        *out++ = image(at.first + cy, at.second + cx);
      }
    }
  }
  return to;
}

}  // namespace stet::data
