#include "stet/data/patterns.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stet/data/fingerprint.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/rng.h"

namespace stet::data {
namespace {

// Counts up when the same seed draws other bytes.
constexpr int kVersion = 1;
constexpr int kSide = 32;
constexpr PixelScale kScale = {0.5f, 0.25f};

// Only +, -, *, / and sqrt of float64 from here on: IEEE 754 defines them to the bit.

double between(SampleDraws& draws, double low, double high) { return low + (high - low) * draws.uniform(); }

using Colour = std::array<double, 3>;

Colour colour(SampleDraws& draws) { return {between(draws, 0, 1), between(draws, 0, 1), between(draws, 0, 1)}; }

double distance(const Colour& a, const Colour& b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

// Stripes of width 1: positive in every second one, by the distance to its edge.
double stripe(double v) {
  const double place = v - 2 * std::floor(v / 2);
  return 0.5 - std::abs(place - 0.5);
}

// How far inside the figure a point lies, in units of its radius: negative outside. (u, v) is the point in the figure's
// own axes.
double inside(int kind, double u, double v) {
  const double radius = std::sqrt(u * u + v * v), across = std::max(std::abs(u), std::abs(v));
  switch (kind) {
    case 0: return 1 - radius;
    case 1: return 0.25 - std::abs(radius - 0.75);
    case 2: return 0.85 - across;
    case 3: return 0.2 - std::abs(across - 0.7);
    case 4: return std::min(0.6 - v, 0.447213595 * (v + 1) - 0.894427191 * std::abs(u));
    case 5: return 0.7 * (1 - (std::abs(u) + std::abs(v)));
    case 6:
      return std::max(std::min(0.28 - std::abs(u), 1 - std::abs(v)), std::min(0.28 - std::abs(v), 1 - std::abs(u)));
    case 7: return std::min(stripe(2 * u) / 2, 1 - across);
    case 8: return std::min(stripe(2 * v) / 2, 1 - across);
    default: {
      const double a = stripe(2 * u) / 2, b = stripe(2 * v) / 2;
      return std::min(a * b > 0 ? std::min(std::abs(a), std::abs(b)) : -std::min(std::abs(a), std::abs(b)), 1 - across);
    }
  }
}

void draw_pattern(int kind, SampleDraws& draws, uint8_t* pixels) {
  const double radius = between(draws, 9, 14), x = between(draws, radius, kSide - radius),
               y = between(draws, radius, kSide - radius);
  // A turn by the angle whose half has tangent t; at most 25 degrees, so that upright and level stripes stay apart.
  const double t = between(draws, -0.22, 0.22), cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t);
  const Colour ground = colour(draws), shade = colour(draws);
  Colour figure = colour(draws);
  while (distance(figure, ground) < 1.2) figure = colour(draws);
  const double slope = between(draws, 0, 0.2), noise = between(draws, 0.02, 0.06);
  for (int i = 0; i < kSide; ++i) {
    for (int j = 0; j < kSide; ++j) {
      const double px = (j + 0.5 - x) / radius, py = (i + 0.5 - y) / radius;
      const double depth = inside(kind, cosine * px + sine * py, cosine * py - sine * px);
      const double cover = std::clamp(depth * radius + 0.5, 0.0, 1.0), mixed = slope * (i + j) / (2 * kSide);
      for (size_t c = 0; c < 3; ++c) {
        const double behind = ground[c] + mixed * (shade[c] - ground[c]);
        const double level = behind + cover * (figure[c] - behind) + noise * between(draws, -1, 1);
        pixels[c * kSide * kSide + static_cast<size_t>(i * kSide + j)] =
            static_cast<uint8_t>(std::floor(255 * std::clamp(level, 0.0, 1.0) + 0.5));
      }
    }
  }
}

}  // namespace

Images draw_patterns(const PatternsOptions& options) {
  if (options.count < 1 || options.count > 10'000'000)
    raise("patterns: count {} is not between 1 and 10000000", options.count);
  const ContractFloatEnv env;
  const PhiloxKey key = (Rng(options.seed, "patterns") / kVersion).key();
  const Tensor images = Tensor::uninitialized({options.count, 3, kSide, kSide}, DType::uint8);
  const Tensor labels = Tensor::uninitialized({options.count}, DType::uint8);
  for (int64_t i = 0; i < options.count; ++i) {
    SampleDraws draws(key, 0, static_cast<uint64_t>(i));
    const auto kind = static_cast<int>(draws.below(10));
    draw_pattern(kind, draws, images.mutable_data_as<uint8_t>() + i * 3 * kSide * kSide);
    labels.mutable_data_as<uint8_t>()[i] = static_cast<uint8_t>(kind);
  }
  const Tensor decoded[] = {images, labels};
  DatasetRecord record;
  record.name = fmt::format("patterns-{}-{}-{}", kVersion, options.count, options.seed);
  record.samples = options.count;
  record.samples_sha256 = samples_sha256(decoded);
  announce(record);
  return Images(images, labels.to(DType::int64), std::move(record), {kScale, kScale, kScale});
}

}  // namespace stet::data
