#include "stet/nn/positions.h"

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

// Position times base^(-2i / width): float64 [positions, width / 2].
Tensor angles(int64_t positions, int64_t width, double base) {
  const Tensor exponents = -((arange(width / 2, DType::float64) * 2) / static_cast<double>(width));
  return unsqueeze(arange(positions, DType::float64), 1) * pow(full({}, base, DType::float64), exponents);
}

}  // namespace

RotaryEmbedding::RotaryEmbedding(int64_t width, const RotaryOptions& options) : width_(width), options_(options) {
  if (width < 2 || width % 2 != 0 || !(options.base > 0)) {
    raise("RotaryEmbedding({}): the width is even and positive, the base {} above 0", width, options.base);
  }
}

Tensor RotaryEmbedding::operator()(const Tensor& x, int64_t first) const {
  if (x.rank() < 2 || x.size(-1) != width_ || first < 0) {
    raise("RotaryEmbedding({}): takes [.., T, {}] from position 0 on, not {} from {} on", width_, width_,
          x.shape().to_string(), first);
  }
  if (!is_floating(x.dtype())) {
    raise("RotaryEmbedding({}): takes float32 or float64, not {}", width_, name_of(x.dtype()));
  }
  const int64_t end = first + x.size(-2);
  if (!cos_.defined() || cos_.size(0) < end || cos_.dtype() != x.dtype() || cos_.device() != x.device()) {
    const NoGrad no_grad;
    const Tensor all = angles(cos_.defined() ? std::max(end, 2 * cos_.size(0)) : end, width_, options_.base);
    cos_ = cos(all).to(x.dtype()).to(x.device());
    sin_ = sin(all).to(x.dtype()).to(x.device());
  }
  const Tensor c = slice(cos_, 0, first, end), s = slice(sin_, 0, first, end);
  const int64_t half = width_ / 2;
  const Tensor a = options_.interleaved ? slice(x, -1, 0, width_, 2) : slice(x, -1, 0, half);
  const Tensor b = options_.interleaved ? slice(x, -1, 1, width_, 2) : slice(x, -1, half, width_);
  const Tensor turned_a = a * c - b * s, turned_b = b * c + a * s;
  return options_.interleaved ? reshape(stack({turned_a, turned_b}, -1), x.shape().dims())
                              : concatenate({turned_a, turned_b}, -1);
}

void RotaryEmbedding::members(Visitor& v) { v.hyper("base", options_.base).hyper("interleaved", options_.interleaved); }

std::string RotaryEmbedding::describe() const { return fmt::format("RotaryEmbedding({})", width_); }

Tensor sinusoidal_positions(int64_t positions, int64_t width, DType dtype) {
  if (positions < 0 || width < 2 || width % 2 != 0) {
    raise("sinusoidal_positions({}, {}): the width is even and positive", positions, width);
  }
  const Tensor all = angles(positions, width, 10000);
  return reshape(stack({sin(all), cos(all)}, -1), {positions, width}).to(dtype);
}

}  // namespace stet::nn
