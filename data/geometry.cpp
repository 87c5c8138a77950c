#include "stet/data/geometry.h"

#include <algorithm>
#include <cmath>

#include "stet/data/bilinear.h"
#include "stet/data/image_checks.h"
#include "stet/data/random_box.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

Tensor window(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width) {
  return contiguous(x.slice(-2, top, top + height).slice(-1, left, left + width));
}

Tensor resized(const char* name, const Tensor& x, int64_t height, int64_t width, Interpolation mode, bool antialias) {
  if (height < 1 || width < 1) raise("{}: {}x{} is no size", name, height, width);
  const int64_t h = x.size(-2), w = x.size(-1);
  if (h < 1 || w < 1) raise("{}: {} has no pixels", name, x.shape().to_string());
  if (h == height && w == width) return x;
  const bool filters = mode == Interpolation::linear || mode == Interpolation::cubic;
  const Tensor planes = x.reshape({1, x.elements() / (h * w), h, w});
  const Tensor y = interpolate(planes, {.size = {height, width}, .mode = mode, .antialias = antialias && filters});
  std::vector<int64_t> shape = x.shape().dims();
  shape[shape.size() - 2] = height;
  shape[shape.size() - 1] = width;
  return y.reshape(shape);
}

// Uniform in -bound … bound.
float either_way(float bound, SampleDraws& draws) { return (2.0f * draws.uniform() - 1.0f) * bound; }

}  // namespace

Tensor Resize::operator()(const Tensor& x, SampleDraws&) const {
  require_image("resize", x);
  if (shorter == 0) return resized("resize", x, height, width, mode, antialias);
  if (height != 0 || width != 0) raise("resize: give either a size or a shorter side, not both");
  const int64_t h = x.size(-2), w = x.size(-1), least = std::min(h, w);
  if (shorter < 1 || least < 1) raise("resize: a shorter side of {} for {}", shorter, x.shape().to_string());
  return resized("resize", x, h * shorter / least, w * shorter / least, mode, antialias);
}

Tensor CenterCrop::operator()(const Tensor& x, SampleDraws&) const {
  require_image("crop", x);
  if (height < 1 || width < 1) raise("crop: {}x{} is no window", height, width);
  const int64_t frame_y = std::max<int64_t>(0, height - x.size(-2)), frame_x = std::max<int64_t>(0, width - x.size(-1));
  const Tensor framed =
      frame_y + frame_x == 0
          ? x
          : pad(x, {{frame_y / 2, frame_y - frame_y / 2}, {frame_x / 2, frame_x - frame_x / 2}}, fill);
  const int64_t room_y = framed.size(-2) - height, room_x = framed.size(-1) - width;
  return window(framed, room_y - room_y / 2, room_x - room_x / 2, height, width);
}

Tensor RandomResizedCrop::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_image("resized crop", x);
  require_box("resized crop", least, most, flattest);
  const int64_t h = x.size(-2), w = x.size(-1);
  const auto part = [&](const Box& box) {
    return resized("resized crop", window(x, box.top, box.left, box.height, box.width), height, width, mode, antialias);
  };
  if (const auto box = random_box(h, w, least, most, flattest, Ratio::width_to_height, draws)) return part(*box);
  const auto at_most = [&](int64_t side) {
    return std::max<int64_t>(1, static_cast<int64_t>(std::round(static_cast<float>(side) / flattest)));
  };
  const int64_t part_h = std::min(h, at_most(w)), part_w = std::min(w, at_most(h));
  return part({(h - part_h) / 2, (w - part_w) / 2, part_h, part_w});
}

Tensor RandomVerticalFlip::operator()(const Tensor& x, SampleDraws& draws) const {
  require_image("flip", x);
  return draws.uniform() < probability ? flip(x, {-2}) : x;
}

Tensor RandomAffine::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_image("affine", x);
  require_float("affine", x);
  if (!(degrees >= 0 && degrees <= 180)) raise("affine: {} degrees are not between 0 and 180", degrees);
  if (!(shear >= 0 && shear <= 89)) raise("affine: a shear of {} degrees is not between 0 and 89", shear);
  if (!(shift_x >= 0 && shift_x <= 1 && shift_y >= 0 && shift_y <= 1))
    raise("affine: shifts of {} and {} are not between 0 and 1", shift_x, shift_y);
  if (!(scale_least > 0 && scale_least <= scale_most))
    raise("affine: factors {} to {}; these are above 0, in order", scale_least, scale_most);
  const int64_t h = x.size(-2), w = x.size(-1);
  const float turn = either_way(degrees / 180.0f, draws);
  const float move_x = either_way(shift_x, draws) * static_cast<float>(w);
  const float move_y = either_way(shift_y, draws) * static_cast<float>(h);
  const float factor = scale_least + draws.uniform() * (scale_most - scale_least);
  const float slant = either_way(shear / 180.0f, draws);
  const float c = math::cospi(turn) / factor, s = math::sinpi(turn) / factor;
  const float k = math::sinpi(slant) / math::cospi(slant);
  return warped(x, fill, [=](float from_y, float from_x) {
    const float dy = from_y - move_y, dx = from_x - move_x;
    const float y = c * dy - s * dx;
    return std::pair(y, (s * dy + c * dx) - k * y);
  });
}

}  // namespace stet::data
