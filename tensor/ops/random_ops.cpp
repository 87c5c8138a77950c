// Samplers and dropout.
#include <cmath>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

Tensor draw(Distribution distribution, Stream& stream, Shape shape, DType dtype) {
  Tensor y = Tensor::uninitialized(std::move(shape), dtype);
  backend(cpu).random(distribution, stream.next(), y);
  return y;
}

// Words below it, of 2^32, happen with probability p.
uint64_t threshold(const char* op, double p) {
  if (!(p >= 0 && p <= 1)) raise("{}: the probability is {}, and must be between 0 and 1", op, p);
  return static_cast<uint64_t>(p * 0x1p32);
}

}  // namespace

Tensor uniform(Stream& stream, Shape shape, double low, double high, DType dtype) {
  const ContractFloatEnv env;
  const Tensor u = draw(Distribution::uniform, stream, std::move(shape), dtype);
  return low == 0 && high == 1 ? u : u * (high - low) + low;
}

Tensor normal(Stream& stream, Shape shape, double mean, double deviation, DType dtype) {
  const Tensor z = draw(Distribution::normal, stream, std::move(shape), dtype);
  return mean == 0 && deviation == 1 ? z : z * deviation + mean;
}

Tensor bernoulli(Stream& stream, Shape shape, double p) {
  const auto below = static_cast<int64_t>(threshold("bernoulli", p));
  const Tensor words = draw(Distribution::bits, stream, std::move(shape), DType::int64);
  return words < Tensor(below);
}

Tensor random_integers(Stream& stream, Shape shape, int64_t low, int64_t high) {
  if (low >= high || high - low > INT64_C(0x100000000)) raise("random_integers: {} to {} is not a range of 1 to 2^32", low, high);
  const Tensor words = draw(Distribution::bits, stream, std::move(shape), DType::int64);
  Tensor y = Tensor::uninitialized(words.shape(), DType::int64);
  const auto* w = words.data_as<int64_t>();
  auto* out = y.mutable_data_as<int64_t>();
  const auto range = static_cast<uint64_t>(high - low);
  for (int64_t i = 0; i < words.elements(); ++i) out[i] = low + static_cast<int64_t>((static_cast<uint64_t>(w[i]) * range) >> 32);
  return y;
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
  const Tensor y = Tensor::uninitialized(x.shape(), x.dtype(), x.device());
  return masked(x, y, stream.next(), below, 1 / (1 - p));
}

}  // namespace stet
