// Samplers and dropout.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

void require_drawable(const char* op, const Shape& shape) {
  if (elements_of(shape.dims(), op) > contract::kMostDrawn) {
    raise("{}: {} has more than the 2^34 elements that one draw can have", op, shape.to_string());
  }
}

Tensor draw(const char* op, Distribution distribution, Stream& stream, Shape shape, DType dtype, Device device) {
  require_drawable(op, shape);
  Tensor y = new_tensor(op, std::move(shape), dtype, device);
  backend(device).random(distribution, stream.next(), y);
  return y;
}

}  // namespace

Tensor random_words(const char* op, Stream& stream, Shape shape, Device device) {
  return draw(op, Distribution::bits, stream, std::move(shape), DType::int64, device);
}

namespace {

// Words below it, of 2^32, happen with probability p.
uint64_t threshold(const char* op, double p) {
  if (!(p >= 0 && p <= 1)) raise("{}: the probability is {}, and must be between 0 and 1", op, p);
  return static_cast<uint64_t>(p * 0x1p32);
}

}  // namespace

namespace {

void require_floating(const char* op, DType dtype) {
  if (!is_floating(dtype)) raise("{}: draws float32 or float64, not {}", op, name_of(dtype));
}

// Where draws u * width + start of uniform lie: `least` and `most` are the range's first and last number of T.
struct UniformRange {
  double start, width, least, most;
  bool may_leave;  // whether a draw may be rounded out of the range
};

template <class T> UniformRange uniform_range(double low, double high) {
  const T start = static_cast<T>(low), width = static_cast<T>(high - low), end = static_cast<T>(high);
  if (!(low < high) || !std::isfinite(start) || !std::isfinite(width)) {
    raise("uniform: {} to {} is no range that a {} can have", low, high, name_of(dtype_of<T>));
  }
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const T least = double{start} < low ? std::nextafter(start, kInfinity) : start;
  const T most = double{end} >= high ? std::nextafter(end, -kInfinity) : end;
  if (least > most) raise("uniform: no {} lies from {} to below {}", name_of(dtype_of<T>), low, high);
  const T greatest_draw = static_cast<T>((1 << 24) - 1) * static_cast<T>(contract::kUniformStep);
  const T scaled = greatest_draw * width, last = scaled + start;
  return {double{start}, double{width}, double{least}, double{most}, start < least || last > most};
}

}  // namespace

Tensor uniform(Stream& stream, Shape shape, double low, double high, DType dtype, Device device) {
  const ContractFloatEnv env;
  require_floating("uniform", dtype);
  const UniformRange r = visit_floating(dtype, [&]<class T>(T) { return uniform_range<T>(low, high); });
  const Tensor u = draw("uniform", Distribution::uniform, stream, std::move(shape), dtype, device);
  if (low == 0 && high == 1) return u;
  const Tensor y = u * r.width + r.start;
  return r.may_leave ? clamp(y, r.least, r.most) : y;
}

Tensor normal(Stream& stream, Shape shape, double mean, double deviation, DType dtype, Device device) {
  require_floating("normal", dtype);
  if (!(deviation >= 0)) raise("normal: deviation {} is negative", deviation);
  const Tensor z = draw("normal", Distribution::normal, stream, std::move(shape), dtype, device);
  return mean == 0 && deviation == 1 ? z : z * deviation + mean;
}

namespace {

// Element i's normal of the round, as a draw of the whole tensor on shard `round` has it.
float normal_of(const Draw& draw, uint32_t round, int64_t i) {
  const auto words = philox({static_cast<uint32_t>(i >> 2), draw.call, round, draw.tick}, draw.key);
  const auto pair = static_cast<size_t>(i & 2);
  const float radius = math::sqrt(
      -2 * math::log(static_cast<float>((words[pair] >> contract::kUniformShift) + 1) * contract::kUniformStep));
  const float angle = 2 * (static_cast<float>(words[pair + 1] >> contract::kUniformShift) * contract::kUniformStep);
  return radius * (i % 2 == 0 ? math::cospi(angle) : math::sinpi(angle));
}

// Makes of standard normals, the first round's, what lies in the range.
template <class T> void truncate(const Draw& draw, const TruncatedNormalOptions& o, std::span<T> z) {
  constexpr uint32_t kMostRounds = 1 << 16;
  const T deviation = static_cast<T>(o.deviation), mean = static_cast<T>(o.mean);
  for (size_t i = 0; i < z.size(); ++i) {
    for (uint32_t round = 1;; ++round) {
      const T scaled = z[i] * deviation, value = scaled + mean;
      if (o.low <= double{value} && double{value} <= o.high) {
        z[i] = value;
        break;
      }
      if (round == kMostRounds) {
        raise("truncated_normal: {} to {} holds too little of mean {} and deviation {}", o.low, o.high, o.mean,
              o.deviation);
      }
      z[i] = T{normal_of(draw, round, static_cast<int64_t>(i))};
    }
  }
}

}  // namespace

Tensor truncated_normal(Stream& stream, Shape shape, const TruncatedNormalOptions& o) {
  constexpr auto kOp = "truncated_normal";
  const ContractFloatEnv env;
  require_floating(kOp, o.dtype);
  if (!(o.low < o.high)) raise("{}: {} to {} is no range", kOp, o.low, o.high);
  if (!(o.deviation > 0)) raise("{}: deviation {} must be positive", kOp, o.deviation);
  require_drawable(kOp, shape);
  const Tensor y = new_tensor(kOp, std::move(shape), o.dtype, cpu);
  const Draw draw = stream.next();
  backend(cpu).random(Distribution::normal, draw, y);
  visit_floating(o.dtype, [&]<class T>(T) {
    truncate<T>(draw, o, {y.mutable_data_as<T>(), static_cast<size_t>(y.elements())});
  });
  return y.to(o.device);
}

Tensor bernoulli(Stream& stream, Shape shape, double p, Device device) {
  const auto below = static_cast<double>(threshold("bernoulli", p));
  return random_words("bernoulli", stream, std::move(shape), device) < below;
}

Tensor random_integers(Stream& stream, Shape shape, int64_t low, int64_t high, Device device) {
  int64_t range = 0;
  if (low >= high || __builtin_sub_overflow(high, low, &range) || range > INT64_C(0x100000000))
    raise("random_integers: {} to {} is not a range of 1 to 2^32", low, high);
  const Tensor words = random_words("random_integers", stream, std::move(shape), device);
  // (word * range) >> 32 by halves of the range, as the product may pass 2^63.
  const Tensor upper = words * (range >> 16), lower = words * (range & 0xffff);
  return (upper + lower / 65536) / 65536 + low;
}

namespace {

Tensor masked(const Tensor& x, const Tensor& y, const Draw& where, uint64_t below, double scale) {
  add_work(8 * y.elements());
  backend(x.device()).dropout(x.is_contiguous() ? x : contiguous(x.detach()), where, below, scale, y);
  // The mask is drawn again from its coordinate: it is never stored.
  return record("dropout", y, {{x, [=](const Tensor& g) { return masked(g, over_gradient(g), where, below, scale); }}});
}

}  // namespace

Tensor dropout(const Tensor& x, double p, Stream& stream) {
  const ContractFloatEnv env;
  require_floating("dropout", x);
  const uint64_t below = threshold("dropout", p);
  if (p == 1) {
    stream.next();
    const auto none = [](const Tensor& like) { return zeros(like.shape(), like.dtype(), like.device()); };
    return record("dropout", none(x), {{x, none}});
  }
  const Tensor y = new_tensor("dropout", x.shape(), x.dtype(), x.device());
  return masked(x, y, stream.next(), below, 1 / (1 - p));
}

namespace {

// dropout of all that lies below the first `axes` axes together.
Tensor drop_below(const char* op, const Tensor& x, int axes, double p, Stream& stream) {
  require_floating(op, x);
  if (x.rank() < axes) raise("{}: takes {} axes or more, not {}", op, axes, x.shape().to_string());
  std::vector<int64_t> kept = x.shape().dims();
  std::fill(kept.begin() + axes, kept.end(), 1);
  const uint64_t below = threshold(op, p);
  const Tensor words = draw(op, Distribution::bits, stream, Shape(std::move(kept)), DType::int64, x.device());
  const Tensor keeps = words >= Number(static_cast<int64_t>(below));
  const Tensor zero = zeros({}, x.dtype(), x.device());
  return where(keeps, p == 1 ? x : x * (1 / (1 - p)), zero);
}

}  // namespace

Tensor dropout2d(const Tensor& x, double p, Stream& stream) {
  const ContractFloatEnv env;
  return drop_below("dropout2d", x, 2, p, stream);
}

Tensor drop_path(const Tensor& x, double p, Stream& stream) {
  const ContractFloatEnv env;
  return drop_below("drop_path", x, 1, p, stream);
}

}  // namespace stet
