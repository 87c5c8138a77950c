#include "stet/tensor/cpu/conv/channel_tiles.h"

#include <algorithm>

#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv/channel_tiles_simd.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/cpu/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using cpu_kernels::ChannelBlock;
using cpu_kernels::ChannelTerm;
using cpu_kernels::ChannelTiles;
using cpu_kernels::PixelSums;

// Sums stay in registers, beside the vectors of a weight and one single element. kPairs of pixels share a register for
// their pointer. By the number of vectors:
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kMostPairs[] = {6, 3};  // 16 registers
#else
constexpr int kMostPairs[] = {7, 7, 4, 3};  // 32 registers
#endif
constexpr int kMostVectors = sizeof(kMostPairs) / sizeof(int);

// Pixels in pairs, and the vectors of weights that each meets.
template <class T, int kPairs, int kVectors> class PixelPairs {
 public:
  HWY_INLINE PixelPairs(const ChannelBlock<T>& block, int64_t first_pair)
      : term_(block.terms), weights_(block.weights), step_(block.step) {
    HWY_UNROLL(7) for (int p = 0; p < kPairs; ++p) source_[p] = block.source + block.pair[first_pair + p];
  }

  HWY_INLINE hn::Vec<hn::ScalableTag<T>> left(int pixel) const {
    return hn::Set(hn::ScalableTag<T>(), source_[pixel / 2][term_->source + pixel % 2 * step_]);
  }
  HWY_INLINE hn::Vec<hn::ScalableTag<T>> right(int v) const {
    const hn::ScalableTag<T> d;
    constexpr int64_t kLanes = hn::MaxLanes(d);
    return hn::LoadU(d, weights_ + term_->weight * kVectors * kLanes + v * kLanes);
  }
  HWY_INLINE void next() { ++term_; }

 private:
  const T* source_[kPairs];
  const ChannelTerm* term_;
  const T* HWY_RESTRICT weights_;
  int64_t step_;
};

template <int kPairs, int kVectors, class T>
HWY_NOINLINE void multiply_pairs(const ChannelBlock<T>& block, int64_t first_pair) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = hn::MaxLanes(d), kWidth = kVectors * kLanes;
  T *chunk_sums = block.chunk_sums + 2 * first_pair * kWidth, *totals = block.totals + 2 * first_pair * kWidth;
  hn::Vec<decltype(d)> sum[2 * kPairs][kVectors];
  begin_chain(block.begins_chunk, chunk_sums, kWidth, sum);
  multiply_add(block.count, PixelPairs<T, kPairs, kVectors>(block, first_pair), sum);
  if (block.ends_chunk) add_total(block.first_chunk, totals, kWidth, sum);
  if (block.ends_chunk && block.last_chunk) {
    if (block.bias != nullptr) {
      HWY_UNROLL(14) for (int i = 0; i < 2 * kPairs; ++i) {
        HWY_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Add(sum[i][v], hn::Load(d, block.bias + v * kLanes));
      }
    }
    if (block.relu) relu(sum);
  }
  store_sums(sum, block.ends_chunk ? totals : chunk_sums, kWidth);
}

// Calls the kernel compiled for that many pairs and vectors.
template <int kPairs, int kVectors, class T>
void multiply_pairs_of(int pairs, const ChannelBlock<T>& block, int64_t first_pair) {
  if constexpr (kPairs > 1) {
    if (pairs < kPairs) return multiply_pairs_of<kPairs - 1, kVectors>(pairs, block, first_pair);
  }
  multiply_pairs<kPairs, kVectors>(block, first_pair);
}

template <int kVectors, class T> void multiply(const ChannelBlock<T>& block) {
  if constexpr (kVectors > 1) {
    if (block.vectors < kVectors) return multiply<kVectors - 1>(block);
  }
  constexpr int kTallest = kMostPairs[kVectors - 1];
  const RowTiles tiles(block.pairs, kTallest);
  for (int64_t tile = 0; tile < tiles.count; ++tile) {
    block.upcoming->next();
    multiply_pairs_of<kTallest, kVectors>(tiles.height(tile), block, tiles.begin(tile));
  }
}

template <class T> void write_out(const PixelSums<T>& sums) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = hn::MaxLanes(d);
  for (int64_t c = 0; c < sums.channels; c += kLanes) {
    const int64_t count = sums.channels - c;
    for (int64_t p = 0; p < sums.pixels; p += kLanes) {
      // The last square overlaps the one before.
      const int64_t pixel = std::min(p, sums.pixels - kLanes);
      hn::Vec<decltype(d)> r[kLanes];
      HWY_UNROLL(16)
      for (int i = 0; i < kLanes; ++i) r[i] = hn::Load(d, sums.from + sums.place[pixel + i] * sums.width + c);
      TransposeSquare(r);
      HWY_UNROLL(16) for (int i = 0; i < kLanes; ++i) {
        if (i < count) hn::StoreU(r[i], d, sums.to + (c + i) * sums.to_step + pixel);
      }
    }
  }
}

template <class T> const ChannelTiles<T>& tiles() {
  static constexpr ChannelTiles<T> table = {hn::MaxLanes(hn::ScalableTag<T>()), kMostVectors, multiply<kMostVectors, T>,
                                            write_out<T>};
  return table;
}

}  // namespace

const ChannelTiles<float>& channel_tiles_float() { return tiles<float>(); }
const ChannelTiles<double>& channel_tiles_double() { return tiles<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(channel_tiles_float);
HWY_EXPORT(channel_tiles_double);

template <> const ChannelTiles<float>& channel_tiles() { return STET_DISPATCH(channel_tiles_float)(); }
template <> const ChannelTiles<double>& channel_tiles() { return STET_DISPATCH(channel_tiles_double)(); }

}  // namespace stet::cpu_kernels
#endif
