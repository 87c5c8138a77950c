#include "stet/tensor/cpu/philox.h"

#include <algorithm>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/philox.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void PhiloxWords(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words) {
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
HWY_INLINE V64 Product(V64 x, uint32_t factor) {
  return hn::MulEven(hn::BitCast(D32(), x), hn::Set(D32(), factor));
}

// One counter a lane, each word in the low half of a vector of its own. The high halves hold leftovers: no product reads them.
void PhiloxWords(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words) {
  const D64 d;
  const D32 d32;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t b = 0; b < blocks; b += lanes) {
    V64 c0 = hn::Iota(d, static_cast<uint64_t>(first + b)), c1 = hn::Set(d, draw.call), c2 = hn::Set(d, draw.shard),
        c3 = hn::Set(d, draw.tick);
    uint32_t k0 = draw.key[0], k1 = draw.key[1];
    for (int round = 0; round < 10; ++round) {
      const V64 p = Product(c0, 0xD2511F53), q = Product(c2, 0xCD9E8D57);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(q), c1), hn::Set(d, k0));
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p), c3), hn::Set(d, k1));
      c1 = q;
      c3 = p;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    const auto pair = [&](V64 low, V64 high) HWY_ATTR {
      return hn::BitCast(d, hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(high)), hn::BitCast(d32, low)));
    };
    hn::StoreInterleaved2(pair(c0, c1), pair(c2, c3), d, reinterpret_cast<uint64_t*>(words + 4 * b));
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(PhiloxWords);

namespace cpu_kernels {

void philox_words(const Draw& draw, int64_t first, int64_t blocks, uint32_t* words) {
  STET_DISPATCH(PhiloxWords)(draw, first, blocks, words);
}

}  // namespace cpu_kernels
}  // namespace stet
#endif
