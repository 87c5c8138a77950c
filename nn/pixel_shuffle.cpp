#include "stet/nn/pixel_shuffle.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops/unfold.h"

namespace stet::nn {

PixelShuffle::PixelShuffle(int64_t factor) : factor_(factor) {
  if (factor < 1) raise("PixelShuffle({}): the factor must be positive", factor);
}

Tensor PixelShuffle::operator()(const Tensor& x) const { return pixel_shuffle(x, factor_); }

PixelUnshuffle::PixelUnshuffle(int64_t factor) : factor_(factor) {
  if (factor < 1) raise("PixelUnshuffle({}): the factor must be positive", factor);
}

Tensor PixelUnshuffle::operator()(const Tensor& x) const { return pixel_unshuffle(x, factor_); }

}  // namespace stet::nn
