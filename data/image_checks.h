// What transforms ask of an image. For sources of data/ alone.
#pragma once

#include "stet/tensor/error.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

inline void require_image(const char* name, const Tensor& x) {
  if (x.rank() < 2) raise("{}: {} is no image [..., H, W]", name, x.shape().to_string());
}

inline void require_float(const char* name, const Tensor& x) {
  if (x.dtype() != DType::float32) {
    raise("{}: takes float32, not {}; convert with to(DType::float32) before it", name, name_of(x.dtype()));
  }
}

}  // namespace stet::data
