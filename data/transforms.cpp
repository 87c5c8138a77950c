#include "stet/data/transforms.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stet/data/bilinear.h"
#include "stet/data/image_checks.h"
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
        const float dy = static_cast<float>(i) - cy, dx = static_cast<float>(j) - cx;
        *out++ = image((c * dy - s * dx) + cy, (s * dy + c * dx) + cx);
      }
    }
  }
  return to;
}

Tensor RandomErasing::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_image("erasing", x);
  if (!(least > 0 && least <= most && most <= 1 && flattest > 0 && flattest <= 1))
    raise("erasing: parts {} to {} and a flattest of {}; these are above 0 and at most 1, in order", least, most,
          flattest);
  if (!(draws.uniform() < probability)) return x;
  const int64_t h = x.size(-2), w = x.size(-1);
  const float span = math::log(flattest);  // to its opposite
  for (int attempt = 0; attempt < 10; ++attempt) {
    const float area = static_cast<float>(h * w) * (least + draws.uniform() * (most - least));
    const float ratio = math::exp(span - draws.uniform() * (2.0f * span));
    const auto height = static_cast<int64_t>(std::round(math::sqrt(area * ratio)));
    const auto width = static_cast<int64_t>(std::round(math::sqrt(area / ratio)));
    if (height < 1 || width < 1 || height > h || width > w) continue;
    const int64_t top = draws.below(h - height + 1), left = draws.below(w - width + 1);
    const Tensor kept = pad(zeros({height, width}, x.dtype()), {{top, h - height - top}, {left, w - width - left}}, 1);
    return where(kept.to(DType::boolean), x, full({}, fill, x.dtype()));
  }
  return x;
}

}  // namespace stet::data
