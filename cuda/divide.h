// Division: on a GPU by a number that a launch knows, since there is no instruction for it.
#pragma once

#include <cstdint>

#include "stet/cuda/dialect.h"

namespace stet::cuda {

/// The number of pieces of length `size` that cover n.
inline int64_t pieces_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// Divides I, which is uint32_t, by numbers from 1 on: a product and a shift, exact for dividends below 2^31. For
/// int64_t it divides plainly.
template <class I> class Divisor;

template <> class Divisor<uint32_t> {
 public:
  Divisor() = default;
  /// divisor: from 1 to 2^31 - 1.
  explicit Divisor(int64_t divisor) : divisor_(static_cast<uint32_t>(divisor)) {
    while ((int64_t{1} << shift_) < divisor) ++shift_;
    // 2^32 + factor = 2^(32 + shift) / divisor rounded up, so that the product below is the quotient's whole part.
    factor_ = static_cast<uint32_t>((((uint64_t{1} << shift_) - divisor_) << 32) / divisor_ + 1);
  }
  __device__ uint32_t value() const { return divisor_; }
  __device__ uint32_t quotient(uint32_t x) const { return (__umulhi(x, factor_) + x) >> shift_; }

 private:
  uint32_t divisor_ = 1, factor_ = 1, shift_ = 0;
};

template <> class Divisor<int64_t> {
 public:
  Divisor() = default;
  explicit Divisor(int64_t divisor) : divisor_(divisor) {}
  __device__ int64_t value() const { return divisor_; }
  __device__ int64_t quotient(int64_t x) const { return x / divisor_; }

 private:
  int64_t divisor_ = 1;
};

/// What division leaves of x, and the quotient.
template <class I> struct Divided { I quotient, rest; };
template <class I> __device__ __forceinline__ Divided<I> divide(I x, const Divisor<I>& by) {
  const I q = by.quotient(x);
  return {q, static_cast<I>(x - q * by.value())};
}

/// Divides an index from 0 to `most`, of whatever size: narrow where that is below 2^31.
class IndexDivisor {
 public:
  IndexDivisor() = default;
  IndexDivisor(int64_t divisor, int64_t most)
      : wide_(divisor), is_narrow_(most < (int64_t{1} << 31) && divisor < (int64_t{1} << 31)) {
    if (is_narrow_) narrow_ = Divisor<uint32_t>(divisor);
  }
  __device__ int64_t value() const { return wide_.value(); }
  __device__ __forceinline__ Divided<int64_t> operator()(int64_t x) const {
    if (!is_narrow_) return divide(x, wide_);
    const Divided<uint32_t> d = divide(static_cast<uint32_t>(x), narrow_);
    return {d.quotient, d.rest};
  }

 private:
  Divisor<int64_t> wide_{1};
  Divisor<uint32_t> narrow_;
  bool is_narrow_ = true;
};

}  // namespace stet::cuda
