#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/digest_words.h"

#include <iterator>
#include <numeric>

#include "stet/tensor/digest_word.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/digest_words_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

Digest by_word(const DigestSalt& salt, const std::byte* data, int64_t begin, int64_t end) {
  Digest sum;
  for (int64_t i = begin; i < end; ++i)
    digest_word::add<digest_word::Binary32>(salt, i, digest_word::load(data, i), sum);
  return sum;
}

#if HWY_TARGET == HWY_SCALAR

Digest float_words(const DigestSalt& salt, const std::byte* data, int64_t begin, int64_t end) {
  return by_word(salt, data, begin, end);
}

#else

using D64 = hn::ScalableTag<uint64_t>;
using D32 = hn::Repartition<int32_t, D64>;
using V64 = hn::Vec<D64>;

HWY_INLINE V64 splat(uint64_t value) { return hn::Set(D64(), value); }
HWY_INLINE V64 fold_half(V64 x) { return hn::Xor(x, hn::ShiftRight<32>(x)); }

HWY_INLINE V64 mix(V64 x) {
  const V64 factor = splat(contract::kDigestMix);
  return fold_half(fold_half(fold_half(x) * factor) * factor);
}

// NaN is written one way.
HWY_INLINE V64 canonical(V64 word) {
  const D32 d;
  const auto x = hn::BitCast(d, word);
  const auto is_nan = hn::Gt(hn::And(x, hn::Set(d, 0x7fffffff)), hn::Set(d, 0x7f800000));
  return hn::BitCast(D64(), hn::IfThenElse(is_nan, hn::Set(d, int32_t{contract::kDigestNan32}), x));
}

// Sums wrap, which Highway's own, of signed numbers here, must not.
HWY_INLINE uint64_t sum_of_lanes(V64 x) {
  HWY_ALIGN uint64_t lanes[hn::MaxLanes(D64())];
  hn::Store(x, D64(), lanes);
  return std::accumulate(std::begin(lanes), std::end(lanes), uint64_t{0});
}

Digest float_words(const DigestSalt& salt, const std::byte* data, int64_t begin, int64_t end) {
  const D64 d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // What distinguishes word i: salt + (i + 1) * kDigestStep.
  V64 place = splat(salt.low) + (hn::Iota(d, static_cast<uint64_t>(begin + 1)) * splat(contract::kDigestStep));
  const V64 next = splat(static_cast<uint64_t>(lanes) * contract::kDigestStep);
  V64 low = hn::Zero(d), high = hn::Zero(d);
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes, place = place + next) {
    const V64 word = hn::LoadU(d, reinterpret_cast<const uint64_t*>(data) + i);
    const V64 y = mix(hn::Xor(canonical(word), place));
    low = low + y;
    high = high + fold_half(hn::Xor(y, splat(salt.high)) * splat(contract::kDigestSecond));
  }
  const Digest rest = by_word(salt, data, i, end);
  return {sum_of_lanes(low) + rest.low, sum_of_lanes(high) + rest.high};
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(float_words);

Digest digest_float_words(const DigestSalt& salt, const std::byte* data, int64_t begin, int64_t end) {
  return STET_DISPATCH(float_words)(salt, data, begin, end);
}

}  // namespace stet::cpu_kernels
#endif
