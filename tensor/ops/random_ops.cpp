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

Tensor draw(Distribution distribution, Stream& stream, Shape shape, DType dtype, Device device) {
  Tensor y = Tensor::uninitialized(std::move(shape), dtype, device);
  backend(device).random(distribution, stream.next(), y);
  return y;
}

// Words below it, of 2^32, happen with probability p.
uint64_t threshold(const char* op, double p) {
  if (!(p >= 0 && p <= 1)) raise("{}: the probability is {}, and must be between 0 and 1", op, p);
  return static_cast<uint64_t>(p * 0x1p32);
}

}  // namespace

Tensor uniform(Stream& stream, Shape shape, double low, double high, DType dtype, Device device) {
  const ContractFloatEnv env;
  const Tensor u = draw(Distribution::uniform, stream, std::move(shape), dtype, device);
  return low == 0 && high == 1 ? u : u * (high - low) + low;
}

Tensor normal(Stream& stream, Shape shape, double mean, double deviation, DType dtype, Device device) {
  const Tensor z = draw(Distribution::normal, stream, std::move(shape), dtype, device);
  return mean == 0 && deviation == 1 ? z : z * deviation + mean;
}

Tensor bernoulli(Stream& stream, Shape shape, double p, Device device) {
  const auto below = static_cast<double>(threshold("bernoulli", p));
  return draw(Distribution::bits, stream, std::move(shape), DType::int64, device) < below;
}

Tensor random_integers(Stream& stream, Shape shape, int64_t low, int64_t high, Device device) {
  if (low >= high || high - low > INT64_C(0x100000000))
    raise("random_integers: {} to {} is not a range of 1 to 2^32", low, high);
  const Tensor words = draw(Distribution::bits, stream, std::move(shape), DType::int64, device);
  // (word * range) >> 32 by halves of the range, as the product may pass 2^63.
  const int64_t range = high - low;
  const Tensor upper = words * static_cast<double>(range >> 16), lower = words * static_cast<double>(range & 0xffff);
  const Tensor scaled = (upper + lower / 65536) / 65536;
  return scaled + Tensor(low).to(device);
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
