#include "stet/data/colour.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "stet/data/image_checks.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

struct Colour {
  float r, g, b;
};

float brightness_of(const Colour& c) { return 0.2989f * c.r + 0.587f * c.g + 0.114f * c.b; }
float clamped(float v) { return std::min(std::max(v, 0.0f), 1.0f); }
float between(float from, float to, float part) { return clamped(from + (to - from) * part); }

// Red, green and blue planes of a copy.
class Pixels {
 public:
  Pixels(const char* name, const Tensor& x) {
    require_float(name, x);
    if (x.rank() != 3 || x.size(0) != 3) raise("{}: {} is no image [3, H, W]", name, x.shape().to_string());
    values_ = x.to_vector<float>();
    shape_ = x.shape();
    count_ = values_.size() / 3;
  }

  template <class F> void change(const F& f) {
    for (size_t i = 0; i < count_; ++i) {
      const Colour c = f(at(i));
      values_[i] = c.r, values_[count_ + i] = c.g, values_[2 * count_ + i] = c.b;
    }
  }
  float mean_brightness() const {
    double sum = 0;
    for (size_t i = 0; i < count_; ++i) sum += double{brightness_of(at(i))};
    return static_cast<float>(sum / static_cast<double>(count_));
  }
  Tensor tensor() const { return Tensor::from(values_, shape_); }

 private:
  Colour at(size_t i) const { return {values_[i], values_[count_ + i], values_[2 * count_ + i]}; }

  std::vector<float> values_;
  Shape shape_;
  size_t count_;
};

Colour toward(const Colour& c, float grey, float factor) {
  return {between(grey, c.r, factor), between(grey, c.g, factor), between(grey, c.b, factor)};
}

// The colour's hue in sixths of a turn, moved, at the same largest and least of its values (Smith, 1978).
Colour turned(const Colour& c, float turn) {
  const float top = std::max({c.r, c.g, c.b}), low = std::min({c.r, c.g, c.b}), chroma = top - low;
  if (!(chroma > 0)) return c;
  float sixths = top == c.r   ? (c.g - c.b) / chroma
                 : top == c.g ? (c.b - c.r) / chroma + 2.0f
                              : (c.r - c.g) / chroma + 4.0f;
  sixths += turn * 6.0f;
  sixths -= 6.0f * std::floor(sixths / 6.0f);
  const auto channel = [&](float from) {
    float k = from + sixths;
    k -= 6.0f * std::floor(k / 6.0f);
    return clamped(top - chroma * std::max(0.0f, std::min({k, 4.0f - k, 1.0f})));
  };
  return {channel(5), channel(3), channel(1)};
}

// Where an index beyond an axis of n is mirrored to.
int64_t mirrored(int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

// `count` lines of n elements, which lie a step apart, through a filter.
void filter_lines(std::vector<float>& plane, const std::vector<float>& weights, int64_t count, int64_t to_next,
                  int64_t n, int64_t step) {
  const auto half = static_cast<int64_t>(weights.size()) / 2;
  std::vector<float> line(static_cast<size_t>(n));
  for (int64_t c = 0; c < count; ++c) {
    float* at = plane.data() + c * to_next;
    for (int64_t i = 0; i < n; ++i) {
      float sum = 0;
      for (int64_t k = -half; k <= half; ++k)
        sum += weights[static_cast<size_t>(k + half)] * at[mirrored(i + k, n) * step];
      line[static_cast<size_t>(i)] = sum;
    }
    for (int64_t i = 0; i < n; ++i) at[i * step] = line[static_cast<size_t>(i)];
  }
}

std::vector<float> gaussian(int64_t kernel, float deviation) {
  std::vector<float> weights(static_cast<size_t>(kernel));
  float sum = 0;
  for (int64_t k = 0; k < kernel; ++k) {
    const float d = static_cast<float>(k - kernel / 2) / deviation;
    sum += weights[static_cast<size_t>(k)] = math::exp(-0.5f * (d * d));
  }
  for (float& w : weights) w /= sum;
  return weights;
}

}  // namespace

Tensor Grayscale::operator()(const Tensor& x, SampleDraws&) const {
  const ContractFloatEnv env;
  if (channels != 1 && channels != 3) raise("grayscale: gives 1 or 3 channels, not {}", channels);
  Pixels pixels("grayscale", x);
  pixels.change([](const Colour& c) {
    const float grey = brightness_of(c);
    return Colour{grey, grey, grey};
  });
  return channels == 3 ? pixels.tensor() : contiguous(pixels.tensor().slice(0, 0, 1));
}

Tensor RandomGrayscale::operator()(const Tensor& x, SampleDraws& draws) const {
  return draws.uniform() < probability ? Grayscale{.channels = 3}(x, draws) : x;
}

Tensor ColorJitter::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  if (!(brightness >= 0 && contrast >= 0 && saturation >= 0 && hue >= 0 && hue <= 0.5f))
    raise("color jitter: {}, {}, {} and {} are not all at least 0, and the last at most 0.5", brightness, contrast,
          saturation, hue);
  Pixels pixels("color jitter", x);
  int order[] = {0, 1, 2, 3};
  for (int i = 3; i > 0; --i) std::swap(order[i], order[draws.below(i + 1)]);
  const auto factor = [&](float by) {
    const float least = std::max(0.0f, 1.0f - by);
    return least + draws.uniform() * ((1.0f + by) - least);
  };
  const float bright = factor(brightness), contrasted = factor(contrast), saturated = factor(saturation);
  const float turn = (2.0f * draws.uniform() - 1.0f) * hue;
  for (const int what : order) {
    const float grey = what == 1 ? pixels.mean_brightness() : 0;
    pixels.change([&](const Colour& c) {
      switch (what) {
        case 0: return toward(c, 0, bright);
        case 1: return toward(c, grey, contrasted);
        case 2: return toward(c, brightness_of(c), saturated);
        default: return turned(c, turn);
      }
    });
  }
  return pixels.tensor();
}

Tensor GaussianBlur::operator()(const Tensor& x, SampleDraws& draws) const {
  const ContractFloatEnv env;
  require_image("blur", x);
  require_float("blur", x);
  if (!(least > 0 && least <= most)) raise("blur: deviations {} to {}; these are above 0, in order", least, most);
  const int64_t h = x.size(-2), w = x.size(-1);
  if (kernel < 1 || kernel % 2 == 0 || kernel / 2 >= std::min(h, w))
    raise("blur: a kernel of {} is not odd, or reaches past the image {}", kernel, x.shape().to_string());
  const std::vector<float> weights = gaussian(kernel, least + draws.uniform() * (most - least));
  std::vector<float> values = x.to_vector<float>();
  const int64_t rows = x.elements() / w;
  filter_lines(values, weights, rows, w, w, 1);
  for (int64_t plane = 0; plane < rows / h; ++plane) {
    std::vector<float> part(values.begin() + plane * h * w, values.begin() + (plane + 1) * h * w);
    filter_lines(part, weights, w, 1, h, w);
    std::copy(part.begin(), part.end(), values.begin() + plane * h * w);
  }
  return Tensor::from(values, x.shape());
}

}  // namespace stet::data
