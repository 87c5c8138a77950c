// Division of an index by a number that is known at launch.
#pragma once

#include "stet/cuda/dialect.h"

namespace stet::cuda {

/// Divides numbers from 0 to `most` by `divisor` >= 1: by a multiplication where they are below 2^31, which takes a tenth of the instructions.
class Divisor {
 public:
  Divisor() = default;
  Divisor(int64_t divisor, int64_t most) : divisor_(divisor), is_narrow_(most < (int64_t{1} << 31) && divisor < (int64_t{1} << 31)) {
    if (!is_narrow_) return;
    while ((int64_t{1} << shift_) < divisor) ++shift_;
    // 2^32 + factor is 2^(32 + shift) / divisor, rounded up. That takes a product beyond x / divisor by less than 1 / (2 divisor), which passes no integer.
    factor_ = static_cast<uint32_t>((((uint64_t{1} << shift_) - static_cast<uint64_t>(divisor)) << 32) / static_cast<uint64_t>(divisor) + 1);
  }

  struct Result {
    int64_t quotient, rest;
  };
  __device__ __forceinline__ Result operator()(int64_t x) const {
    if (!is_narrow_) return {x / divisor_, x % divisor_};
    const uint32_t n = static_cast<uint32_t>(x), q = (__umulhi(n, factor_) + n) >> shift_;
    return {q, n - q * static_cast<uint32_t>(divisor_)};
  }
  __host__ __device__ int64_t divisor() const { return divisor_; }

 private:
  int64_t divisor_ = 1;
  bool is_narrow_ = true;
  uint32_t factor_ = 1, shift_ = 0;
};

}  // namespace stet::cuda
