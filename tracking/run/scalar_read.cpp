#include "stet/tracking/run/scalar_read.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace stet::tracking {
namespace {

constexpr uint64_t kPlainNan32 = 0x7fc00000, kPlainNan64 = 0x7ff8000000000000;

Tensor on_host(const ScalarRead& from) {
  const Tensor scalar = Tensor::uninitialized(from.scalar.shape(), from.scalar.dtype());
  const auto bytes = from.read->bytes();
  std::memcpy(scalar.mutable_data(), bytes.data(), bytes.size());
  return scalar;
}

}  // namespace

double ScalarRead::number() const { return on_host(*this).item<double>(); }

uint64_t ScalarRead::bits() const {
  const Tensor value = on_host(*this);
  if (value.dtype() == DType::float64) {
    const auto number = value.item<double>();
    return std::isnan(number) ? kPlainNan64 : std::bit_cast<uint64_t>(number);
  }
  const auto number = value.item<float>();
  return std::isnan(number) ? kPlainNan32 : std::bit_cast<uint32_t>(number);
}

}  // namespace stet::tracking
