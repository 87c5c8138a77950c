#include "stet/data/transforms.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stet/data/bilinear.h"
#include "stet/data/image_checks.h"
#include "stet/data/random_box.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

// Standard normals for n elements, n rounded up to pairs.
std::vector<float> normals(int64_t n, SampleDraws& draws) {
  const auto pairs = static_cast<size_t>((n + 1) / 2);
  std::vector<float> r(pairs), angle(pairs), c(pairs), s(pairs), z(2 * pairs);
  for (size_t k = 0; k < pairs; ++k) {
    r[k] = static_cast<float>((draws.word() >> contract::kUniformShift) + 1) * contract::kUniformStep;
    angle[k] = 2.0f * (static_cast<float>(draws.word() >> contract::kUniformShift) * contract::kUniformStep);
  }
  const auto count = static_cast<int64_t>(pairs);
  apply(Elementary::log, r.data(), r.data(), count);
  for (float& v : r) v = -2.0f * v;
  apply(Elementary::sqrt, r.data(), r.data(), count);
  apply(Elementary::cospi, angle.data(), c.data(), count);
  apply(Elementary::sinpi, angle.data(), s.data(), count);
  for (size_t k = 0; k < pairs; ++k) {
    z[2 * k] = r[k] * c[k];
    z[2 * k + 1] = r[k] * s[k];
  }
  return z;
}

}  // namespace

Tensor RandomCrop::operator()(const Tensor& x, SampleDraws& draws) const {
  require_image("crop", x);
  if (height < 1 || width < 1 || padding < 0) raise("crop: {}x{} with padding {} is no window", height, width, padding);
  const int64_t room_y = x.size(-2) + 2 * padding - height, room_x = x.size(-1) + 2 * padding - width;
  if (room_y < 0 || room_x < 0) {
    raise("crop: {} padded by {} is smaller than {}x{}", x.shape().to_string(), padding, height, width);
  }
  const int64_t top = draws.below(room_y + 1), left = draws.below(room_x + 1);
  const Tensor framed = padding == 0 ? x : pad(x, {{padding, padding}, {padding, padding}}, fill);
  return contiguous(framed.slice(-2, top, top + height).slice(-1, left, left + width));
}

Tensor RandomFlip::operator()(const Tensor& x, SampleDraws& draws) const {
  require_image("flip", x);
  if (!(draws.uniform() < probability)) return x;
  const Tensor from = contiguous(x);
  const Tensor to = Tensor::uninitialized(x.shape(), x.dtype());
  const auto width = static_cast<size_t>(x.size(-1)), bytes = size_of(x.dtype());
  const size_t rows = width == 0 ? 0 : static_cast<size_t>(x.elements()) / width;
  for (size_t r = 0; r < rows; ++r) {
    const auto* in = from.data_as<std::byte>() + r * width * bytes;
    auto* out = to.mutable_data_as<std::byte>() + r * width * bytes;
    for (size_t j = 0; j < width; ++j) std::memcpy(out + j * bytes, in + (width - 1 - j) * bytes, bytes);
  }
  return to;
}

Tensor Normalise::operator()(const Tensor& x, SampleDraws&) const {
  const ContractFloatEnv env;
  require_float("normalise", x);
  const int64_t channels = x.rank() == 0 ? 1 : x.size(0);
  const auto fits = [&](const std::vector<float>& v) {
    return v.size() == 1 || static_cast<int64_t>(v.size()) == channels;
  };
  if (!fits(mean) || !fits(deviation)) {
    raise("normalise: {} means and {} deviations for {} channels", mean.size(), deviation.size(), channels);
  }
  if (!std::all_of(deviation.begin(), deviation.end(), [](float d) { return d > 0; })) {
    raise("normalise: a deviation is not positive");
  }
  const Tensor from = contiguous(x);
  const Tensor to = Tensor::uninitialized(x.shape(), x.dtype());
  const int64_t plane = channels == 0 ? 0 : x.elements() / channels;
  for (int64_t c = 0; c < channels; ++c) {
    const float m = mean[mean.size() == 1 ? 0 : static_cast<size_t>(c)];
    const float d = deviation[deviation.size() == 1 ? 0 : static_cast<size_t>(c)];
    const float* in = from.data_as<float>() + c * plane;
    float* out = to.mutable_data_as<float>() + c * plane;
    for (int64_t i = 0; i < plane; ++i) out[i] = (in[i] - m) / d;
  }
  return to;
}

Tensor Noise::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_float("noise", x);
  const Tensor from = contiguous(x);
  const Tensor to = Tensor::uninitialized(x.shape(), x.dtype());
  const std::vector<float> z = normals(x.elements(), draws);
  const float* in = from.data_as<float>();
  float* out = to.mutable_data_as<float>();
  for (int64_t i = 0; i < x.elements(); ++i) out[i] = in[i] + deviation * z[static_cast<size_t>(i)];
  return to;
}

Tensor RandomRotation::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_image("rotation", x);
  require_float("rotation", x);
  if (!(degrees >= 0 && degrees <= 180)) raise("rotation: {} degrees are not between 0 and 180", degrees);
  const float half_turns = (2.0f * draws.uniform() - 1.0f) * (degrees / 180.0f);
  const float c = math::cospi(half_turns), s = math::sinpi(half_turns);
  return warped(x, fill, [=](float dy, float dx) { return std::pair(c * dy - s * dx, s * dy + c * dx); });
}

Tensor RandomErasing::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_image("erasing", x);
  require_box("erasing", least, most, flattest);
  if (!(draws.uniform() < probability)) return x;
  const int64_t h = x.size(-2), w = x.size(-1);
  const auto box = random_box(h, w, least, most, flattest, Ratio::height_to_width, draws);
  if (!box) return x;
  const Tensor kept = pad(zeros({box->height, box->width}, x.dtype()),
                          {{box->top, h - box->height - box->top}, {box->left, w - box->width - box->left}}, 1);
  return where(kept.to(DType::boolean), x, full({}, fill, x.dtype()));
}

}  // namespace stet::data
