// A plane read between its pixels. For sources of data/ alone.
#pragma once

#include <cmath>
#include <cstdint>

namespace stet::data {

/// The plane at a point between its pixels; pixels outside are `fill`.
class Bilinear {
 public:
  Bilinear(const float* plane, int64_t h, int64_t w, float fill) : plane_(plane), h_(h), w_(w), fill_(fill) {}

  float operator()(float y, float x) const {
    const float y0 = std::floor(y), x0 = std::floor(x);
    const float fy = y - y0, fx = x - x0;
    const auto i = static_cast<int64_t>(y0), j = static_cast<int64_t>(x0);
    const float top = at(i, j) * (1.0f - fx) + at(i, j + 1) * fx;
    const float bottom = at(i + 1, j) * (1.0f - fx) + at(i + 1, j + 1) * fx;
    return top * (1.0f - fy) + bottom * fy;
  }

 private:
  float at(int64_t i, int64_t j) const { return i < 0 || i >= h_ || j < 0 || j >= w_ ? fill_ : plane_[i * w_ + j]; }

  const float* plane_;
  int64_t h_, w_;
  float fill_;
};

}  // namespace stet::data
