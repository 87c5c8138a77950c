#include "stet/data/mix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

// Positive numbers, 24 bits and a half.
double positive(Stream& stream) { return static_cast<double>(uniform(stream, {}).item<float>()) + 0x1p-25; }

// Gamma(alpha) by Marsaglia and Tsang; below 1 that of alpha + 1 times u^(1 / alpha).
double draw_gamma(double alpha, Stream& stream) {
  if (alpha < 1) {
    const double scale = math::exp(math::log(positive(stream)) / alpha);
    return draw_gamma(alpha + 1, stream) * scale;
  }
  const double d = alpha - 1.0 / 3, c = 1 / math::sqrt(9 * d);
  for (;;) {
    const double z = normal(stream, {}).item<float>(), base = 1 + c * z;
    if (base <= 0) continue;
    const double v = base * base * base;
    if (math::log(positive(stream)) < 0.5 * z * z + d - d * v + d * math::log(v)) return d * v;
  }
}

void check(const char* name, const Tensor& x, const Tensor& target) {
  if (x.rank() == 0 || target.rank() == 0 || x.size(0) != target.size(0) || !is_floating(x.dtype()) ||
      !is_floating(target.dtype())) {
    raise("{}: takes floating x [N, ...] and targets [N, classes], not {} {} and {} {}; see one_hot", name,
          name_of(x.dtype()), x.shape().to_string(), name_of(target.dtype()), target.shape().to_string());
  }
}

// Each sample's partner in its place: the one before it.
Tensor partners(const Tensor& x) {
  const int64_t n = x.size(0);
  return n < 2 ? x : concatenate({x.slice(0, n - 1, n), x.slice(0, 0, n - 1)}, 0);
}

Tensor mix(const Tensor& x, double lambda) { return x * lambda + partners(x) * (1 - lambda); }

double beta(const char* name, double alpha, Stream& stream) {
  if (!(alpha >= 0.01 && alpha <= 100)) raise("{}: alpha {} is not between 0.01 and 100", name, alpha);
  const ContractFloatEnv env;
  const double g = draw_gamma(alpha, stream), h = draw_gamma(alpha, stream);
  return g + h > 0 ? g / (g + h) : 0.5;
}

}  // namespace

double draw_beta(double alpha, Stream& stream) { return beta("draw_beta", alpha, stream); }

Mixed mixup(const Tensor& x, const Tensor& target, double alpha, Stream& stream) {
  check("mixup", x, target);
  const ContractFloatEnv env;
  const double lambda = beta("mixup", alpha, stream);
  return {mix(x, lambda), mix(target, lambda), lambda};
}

Mixed cutmix(const Tensor& x, const Tensor& target, double alpha, Stream& stream) {
  check("cutmix", x, target);
  if (x.rank() != 4) raise("cutmix: takes images [N, C, H, W], not {}", x.shape().to_string());
  const ContractFloatEnv env;
  const int64_t h = x.size(2), w = x.size(3);
  const double side = math::sqrt(1 - beta("cutmix", alpha, stream));
  const std::vector<int64_t> centre{random_integers(stream, {}, 0, h).item<int64_t>(),
                                    random_integers(stream, {}, 0, w).item<int64_t>()};
  const auto half_h = static_cast<int64_t>(static_cast<double>(h) * side) / 2;
  const auto half_w = static_cast<int64_t>(static_cast<double>(w) * side) / 2;
  const int64_t top = std::max<int64_t>(0, centre[0] - half_h), bottom = std::min(h, centre[0] + half_h);
  const int64_t left = std::max<int64_t>(0, centre[1] - half_w), right = std::min(w, centre[1] + half_w);
  const Tensor inside =
      pad(ones({bottom - top, right - left}, DType::uint8), {{top, h - bottom}, {left, w - right}}).to(DType::boolean);
  const double lambda = 1 - static_cast<double>((bottom - top) * (right - left)) / static_cast<double>(h * w);
  return {where(inside.to(x.device()), partners(x), x), mix(target, lambda), lambda};
}

}  // namespace stet::data
