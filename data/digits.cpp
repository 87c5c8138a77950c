#include "stet/data/digits.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "stet/data/digit_strokes.h"
#include "stet/data/fingerprint.h"
#include "stet/data/idx.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/rng.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

// Counts up when the same seed draws other bytes.
constexpr int kVersion = 1;
constexpr int kSide = 28;
using Picture = std::array<uint8_t, kSide * kSide>;

// Only +, -, *, / and sqrt of float64 from here on: IEEE 754 defines them to the bit.

double between(SampleDraws& draws, double low, double high) { return low + (high - low) * draws.uniform(); }

// Bell-shaped in -1 … 1: the mean of four uniforms.
double wobble(SampleDraws& draws) {
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += between(draws, -1, 1);
  return sum / 4;
}

// A point between p1 and p2, t of the way, on the Catmull-Rom spline through four points.
Point spline(const Point& p0, const Point& p1, const Point& p2, const Point& p3, double t) {
  const auto one = [t](double a, double b, double c, double d) {
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  return {one(p0.x, p1.x, p2.x, p3.x), one(p0.y, p1.y, p2.y, p3.y)};
}

// How one writer's hand puts a digit on the page: glyph coordinates to pixels.
class Hand {
 public:
  explicit Hand(SampleDraws& draws) {
    height_ = between(draws, 15.5, 21.5);
    width_ = height_ * between(draws, 0.58, 0.98);
    slant_ = 0.12 + 0.55 * wobble(draws);
    // A turn by the angle whose half has tangent t.
    const double t = 0.22 * wobble(draws);
    cos_ = (1 - t * t) / (1 + t * t);
    sin_ = 2 * t / (1 + t * t);
    for (double& b : bend_) b = 0.6 * wobble(draws);
    x_ = kSide / 2.0 + 3.0 * wobble(draws);
    y_ = kSide / 2.0 + 3.0 * wobble(draws);
  }

  Point place(const Point& p) const {
    double u = p.x - 0.5, v = p.y - 0.5;
    const double bent_u = u + bend_[0] * (v * v - 0.08) + bend_[1] * u * v;
    v = v + bend_[2] * (u * u - 0.05) + bend_[3] * u * v;
    u = (bent_u - slant_ * v) * width_;
    v = v * height_;
    return {x_ + cos_ * u - sin_ * v, y_ + sin_ * u + cos_ * v};
  }

 private:
  double height_, width_, slant_, cos_, sin_, x_, y_;
  std::array<double, 4> bend_;
};

class Canvas {
 public:
  // Ink along a straight piece of the pen's way; the pen's radius goes from one end's to the other's.
  void line(const Point& a, const Point& b, double radius_a, double radius_b) {
    const double reach = std::max(radius_a, radius_b) + 1;
    const int left = clip(std::min(a.x, b.x) - reach), right = clip(std::max(a.x, b.x) + reach);
    const int top = clip(std::min(a.y, b.y) - reach), bottom = clip(std::max(a.y, b.y) + reach);
    const double dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
    for (int i = top; i <= bottom; ++i) {
      for (int j = left; j <= right; ++j) {
        const double px = j + 0.5 - a.x, py = i + 0.5 - a.y;
        const double t = squared > 0 ? std::clamp((px * dx + py * dy) / squared, 0.0, 1.0) : 0.0;
        const double ex = px - t * dx, ey = py - t * dy;
        const double edge = radius_a + t * (radius_b - radius_a) + 0.5 - std::sqrt(ex * ex + ey * ey);
        double& ink = ink_[static_cast<size_t>(i * kSide + j)];
        ink = std::max(ink, std::clamp(edge, 0.0, 1.0));
      }
    }
  }

  // The ink's strength, paper grain and specks, in 256 levels.
  Picture develop(SampleDraws& draws) const {
    const double strength = between(draws, 0.75, 1.0), grain = between(draws, 0.0, 0.16);
    Picture picture;
    for (size_t k = 0; k < picture.size(); ++k) {
      const double noise = grain * wobble(draws) * (0.3 + ink_[k]);
      picture[k] = static_cast<uint8_t>(std::floor(255 * std::clamp(strength * ink_[k] + noise, 0.0, 1.0) + 0.5));
    }
    for (int64_t specks = draws.below(5); specks > 0; --specks) {
      const auto place = static_cast<size_t>(draws.below(kSide * kSide));
      picture[place] = static_cast<uint8_t>(draws.below(256));
    }
    return picture;
  }

 private:
  static int clip(double v) { return static_cast<int>(std::clamp(std::floor(v), 0.0, kSide - 1.0)); }

  std::array<double, kSide * kSide> ink_{};
};

void draw_stroke(const Stroke& points, double thickness, SampleDraws& draws, Canvas& canvas) {
  constexpr int kPieces = 6;
  const double pressure_begin = thickness * between(draws, 0.8, 1.15),
               pressure_end = thickness * between(draws, 0.7, 1.1);
  const int n = static_cast<int>(points.size());
  const auto at = [&](int k) { return points[static_cast<size_t>(std::clamp(k, 0, n - 1))]; };
  const auto radius = [&](int piece) {
    return pressure_begin + (pressure_end - pressure_begin) * piece / ((n - 1) * kPieces);
  };
  Point from = at(0);
  for (int piece = 0; piece < (n - 1) * kPieces; ++piece) {
    const int k = piece / kPieces;
    const double t = static_cast<double>(piece % kPieces + 1) / kPieces;
    const Point to = spline(at(k - 1), at(k), at(k + 1), at(k + 2), t);
    canvas.line(from, to, radius(piece), radius(piece + 1));
    from = to;
  }
}

Picture draw_digit(int digit, SampleDraws& draws) {
  const std::vector<Glyph>& styles = digit_styles(digit);
  const Glyph& glyph = styles[static_cast<size_t>(draws.below(static_cast<int64_t>(styles.size())))];
  const Hand hand(draws);
  const double thickness = between(draws, 0.7, 1.75), unsteady = between(draws, 0.03, 0.16);
  Canvas canvas;
  for (const Stroke& stroke : glyph) {
    Stroke written;
    for (const Point& p : stroke) {
      const double dx = unsteady * wobble(draws), dy = unsteady * wobble(draws);
      written.push_back(hand.place({p.x + dx, p.y + dy}));
    }
    draw_stroke(written, thickness, draws, canvas);
  }
  return canvas.develop(draws);
}

struct DigitTensors {
  Tensor images, labels;  // uint8 [N, 28, 28] and [N]
};

DigitTensors draw_tensors(int64_t count, uint64_t seed) {
  if (count < 1 || count > 10'000'000) raise("digits: count {} is not between 1 and 10000000", count);
  const ContractFloatEnv env;
  const PhiloxKey key = (Rng(seed, "digits") / kVersion).key();
  DigitTensors t{Tensor::uninitialized(Shape{count, kSide, kSide}, DType::uint8),
                 Tensor::uninitialized(Shape{count}, DType::uint8)};
  for (int64_t i = 0; i < count; ++i) {
    SampleDraws draws(key, 0, static_cast<uint64_t>(i));
    const auto digit = static_cast<int>(draws.below(10));
    const Picture picture = draw_digit(digit, draws);
    std::copy(picture.begin(), picture.end(), t.images.mutable_data_as<uint8_t>() + i * kSide * kSide);
    t.labels.mutable_data_as<uint8_t>()[i] = static_cast<uint8_t>(digit);
  }
  return t;
}

std::string name_of_set(const DigitsOptions& o) { return fmt::format("digits-{}-{}-{}", kVersion, o.count, o.seed); }

// The set's folder in the cache. A folder is complete once it has its name; two programs may make the same one.
fs::path cached_folder(const DigitsOptions& options) {
  const fs::path cache = cache_folder();
  if (cache.empty()) throw IoError("digits: neither XDG_CACHE_HOME nor HOME names a cache folder", ENOENT);
  const fs::path folder = cache / "digits" / name_of_set(options);
  if (fs::exists(folder)) return folder;
  const fs::path aside = folder.string() + fmt::format(".new-{}", ::getpid());
  write_digits(aside, options.count, options.seed);
  std::error_code error;
  fs::rename(aside, folder, error);
  if (!error) return folder;
  fs::remove_all(aside);
  if (fs::exists(folder)) return folder;
  throw IoError(fmt::format("digits: can't make {}: {}", folder.string(), error.message()), error.value());
}

}  // namespace

Images draw_digits(const DigitsOptions& options) {
  const DigitTensors drawn = draw_tensors(options.count, options.seed);
  const Tensor decoded[] = {drawn.images, drawn.labels};
  DatasetRecord record;
  record.name = name_of_set(options);
  record.samples = options.count;
  record.samples_sha256 = samples_sha256(decoded);
  announce(record);
  return Images(drawn.images, drawn.labels.to(DType::int64), std::move(record));
}

void write_digits(const fs::path& folder, int64_t count, uint64_t seed) {
  const DigitTensors drawn = draw_tensors(count, seed);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(fmt::format("digits: can't make {}: {}", folder.string(), error.message()), error.value());
  write_idx(folder / "train-images-idx3-ubyte", drawn.images);
  write_idx(folder / "train-labels-idx1-ubyte", drawn.labels);
}

Images digits(const DigitsOptions& options) {
  fs::path folder;
  try {
    folder = cached_folder(options);
  } catch (const IoError&) { return draw_digits(options); } catch (const fs::filesystem_error&) {
    return draw_digits(options);
  }
  return mnist(folder, {.part = MnistPart::train, .name = name_of_set(options)});
}

}  // namespace stet::data
