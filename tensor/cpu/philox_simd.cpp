#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/philox.h"

#include <algorithm>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/philox_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void philox_words(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words) {
  for (int64_t b = 0; b < blocks; ++b) {
    const auto block = philox({static_cast<uint32_t>(first + b), draw.call, draw.shard, draw.tick}, draw.key);
    std::copy(block.begin(), block.end(), words + 4 * b);
  }
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using D64 = hn::ScalableTag<uint64_t>;
using D32 = hn::Repartition<uint32_t, D64>;
using V64 = hn::Vec<D64>;

// 64 bits of the product of the lanes' low halves with a constant.
HWY_INLINE V64 wide_product(V64 x, uint32_t factor) {
  return hn::MulEven(hn::BitCast(D32(), x), hn::Set(D32(), factor));
}

// The keys of the ten rounds, in every lane.
struct Keys {
  explicit Keys(const Draw& draw) {
    uint32_t k0 = draw.key[0], k1 = draw.key[1];
    for (int round = 0; round < contract::kPhiloxRounds; ++round) {
      even[round] = hn::Set(D64(), k0);
      odd[round] = hn::Set(D64(), k1);
      k0 += contract::kPhiloxKeyStep0, k1 += contract::kPhiloxKeyStep1;
    }
  }
  V64 even[contract::kPhiloxRounds], odd[contract::kPhiloxRounds];
};

// One counter a lane, each word in the low half of a vector of its own. The high halves hold leftovers: no product
// reads them.
struct Counters {
  HWY_INLINE Counters(const Draw& draw, V64 blocks)
      : c0(blocks), c1(hn::Set(D64(), draw.call)), c2(hn::Set(D64(), draw.shard)), c3(hn::Set(D64(), draw.tick)) {}

  HWY_INLINE void round(V64 k0, V64 k1) {
    const V64 p = wide_product(c0, contract::kPhiloxFactor0), q = wide_product(c2, contract::kPhiloxFactor1);
    c0 = hn::Xor3(hn::ShiftRight<32>(q), c1, k0);
    c2 = hn::Xor3(hn::ShiftRight<32>(p), c3, k1);
    c1 = q;
    c3 = p;
  }

  HWY_INLINE void store(uint32_t* words) const {
    const D64 d;
    const D32 d32;
    const auto pair = [&](V64 low, V64 high) HWY_ATTR {
      return hn::BitCast(d, hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(high)), hn::BitCast(d32, low)));
    };
    hn::StoreInterleaved2(pair(c0, c1), pair(c2, c3), d, reinterpret_cast<uint64_t*>(words));
  }

  V64 c0, c1, c2, c3;
};

void philox_words(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D64()));
  const Keys keys(draw);
  // Added up: Highway on AVX2 makes each Iota in memory.
  V64 at = hn::Iota(D64(), static_cast<uint64_t>(first));
  const V64 step = hn::Set(D64(), static_cast<uint64_t>(lanes));
  const auto next = [&]() HWY_ATTR {
    const V64 now = at;
    at = hn::Add(at, step);
    return Counters(draw, now);
  };
  // Four vectors side by side hide the products' latency.
  for (int64_t b = 0; b < blocks;) {
    if (blocks - b >= 4 * lanes) {
      Counters c[] = {next(), next(), next(), next()};
      HWY_UNROLL(10) for (int round = 0; round < 10; ++round) {
        for (Counters& each : c) each.round(keys.even[round], keys.odd[round]);
      }
      for (const Counters& each : c) {
        each.store(words + 4 * b);
        b += lanes;
      }
    } else {
      Counters c = next();
      for (int round = 0; round < 10; ++round) c.round(keys.even[round], keys.odd[round]);
      c.store(words + 4 * b);
      b += lanes;
    }
  }
}

#endif

// y = word < threshold ? +0 : x * scale.
void drop_floats(const uint32_t* words, uint32_t threshold, float scale, const float* x, float* y, int64_t n) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::RebindToSigned<decltype(d)> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // Unsigned comparison by signed numbers: both with the top bit flipped.
  const auto top = hn::Set(du, 0x80000000u);
  const auto bound = hn::BitCast(di, hn::Set(du, threshold ^ 0x80000000u));
  const auto factor = hn::Set(d, scale);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto dropped = hn::Lt(hn::BitCast(di, hn::Xor(hn::LoadU(du, words + i), top)), bound);
    const auto kept = hn::BitCast(di, hn::Mul(hn::LoadU(d, x + i), factor));
    hn::StoreU(hn::BitCast(d, hn::IfThenZeroElse(dropped, kept)), d, y + i);
  }
  for (; i < n; ++i) y[i] = words[i] < threshold ? 0 : x[i] * scale;
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(philox_words);
HWY_EXPORT(drop_floats);

void philox_words(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words) {
  STET_DISPATCH(philox_words)(draw, first, blocks, words);
}

void drop_floats(const uint32_t* words, uint32_t threshold, float scale, const float* x, float* y, int64_t n) {
  STET_DISPATCH(drop_floats)(words, threshold, scale, x, y, n);
}

}  // namespace stet::cpu_kernels
#endif
