#include "stet/tensor/cpu/conv/conv_channel_tiles.h"

#include <algorithm>

#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv/conv_channel_tiles_simd.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/cpu/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Sums stay in registers, beside the vectors of a weight and one single element. Pairs of pixels share a register for
// their pointer. By the number of vectors:
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kPairs[] = {6, 3};  // 16 registers
#else
constexpr int kPairs[] = {7, 7, 4, 3};  // 32 registers
#endif
constexpr int kMaxVectors = sizeof(kPairs) / sizeof(int);

// Pixels in pairs, and the vectors of weights that each meets.
template <class T, int Pairs, int Vectors> class PixelPairs {
 public:
  HWY_INLINE PixelPairs(const ChannelBlock<T>& block, int64_t first_pair)
      : term_(block.terms), weights_(block.weights), step_(block.step) {
    HWY_UNROLL(7) for (int p = 0; p < Pairs; ++p) source_[p] = block.source + block.pair[first_pair + p];
  }

  HWY_INLINE hn::Vec<hn::ScalableTag<T>> left(int pixel) const {
    return hn::Set(hn::ScalableTag<T>(), source_[pixel / 2][term_->source + pixel % 2 * step_]);
  }
  HWY_INLINE hn::Vec<hn::ScalableTag<T>> right(int v) const {
    const hn::ScalableTag<T> d;
    constexpr int64_t lanes = hn::MaxLanes(d);
    return hn::LoadU(d, weights_ + term_->weight * Vectors * lanes + v * lanes);
  }
  HWY_INLINE void next() { ++term_; }

 private:
  const T* source_[Pairs];
  const ConvTerm* term_;
  const T* HWY_RESTRICT weights_;
  int64_t step_;
};

template <int Pairs, int Vectors, class T>
HWY_NOINLINE void multiply_pairs(const ChannelBlock<T>& block, int64_t first_pair) {
  const hn::ScalableTag<T> d;
  constexpr int64_t lanes = hn::MaxLanes(d), width = Vectors * lanes;
  T *chunk_sums = block.chunk_sums + 2 * first_pair * width, *totals = block.totals + 2 * first_pair * width;
  hn::Vec<decltype(d)> sum[2 * Pairs][Vectors];
  begin_chain(block.begins_chunk, chunk_sums, width, sum);
  multiply_add(block.count, PixelPairs<T, Pairs, Vectors>(block, first_pair), sum);
  if (block.ends_chunk) add_total(block.first_chunk, totals, width, sum);
  if (block.ends_chunk && block.last_chunk) {
    if (block.bias != nullptr) {
      HWY_UNROLL(14) for (int i = 0; i < 2 * Pairs; ++i) {
        HWY_UNROLL(4)
        for (int v = 0; v < Vectors; ++v) sum[i][v] = hn::Add(sum[i][v], hn::Load(d, block.bias + v * lanes));
      }
    }
    if (block.relu) relu(sum);
  }
  store_sums(sum, block.ends_chunk ? totals : chunk_sums, width);
}

// Calls the kernel compiled for that many pairs and vectors.
template <int Pairs, int Vectors, class T>
void multiply_pairs_of(int pairs, const ChannelBlock<T>& block, int64_t first_pair) {
  if constexpr (Pairs > 1) {
    if (pairs < Pairs) return multiply_pairs_of<Pairs - 1, Vectors>(pairs, block, first_pair);
  }
  multiply_pairs<Pairs, Vectors>(block, first_pair);
}

template <int Vectors, class T> void multiply(const ChannelBlock<T>& block) {
  if constexpr (Vectors > 1) {
    if (block.vectors < Vectors) return multiply<Vectors - 1>(block);
  }
  constexpr int max_pairs = kPairs[Vectors - 1];
  const RowTiles tiles(block.pairs, max_pairs);
  for (int64_t tile = 0; tile < tiles.count; ++tile) {
    block.upcoming->next();
    multiply_pairs_of<max_pairs, Vectors>(tiles.height(tile), block, tiles.begin(tile));
  }
}

template <class T> void write_out(const PixelSums<T>& sums) {
  const hn::ScalableTag<T> d;
  constexpr int lanes = hn::MaxLanes(d);
  for (int64_t c = 0; c < sums.channels; c += lanes) {
    const int64_t count = sums.channels - c;
    for (int64_t p = 0; p < sums.pixels; p += lanes) {
      // The last square overlaps the one before.
      const int64_t pixel = std::min(p, sums.pixels - lanes);
      hn::Vec<decltype(d)> r[lanes];
      HWY_UNROLL(16)
      for (int i = 0; i < lanes; ++i) r[i] = hn::Load(d, sums.from + sums.place[pixel + i] * sums.width + c);
      TransposeSquare(r);
      HWY_UNROLL(16) for (int i = 0; i < lanes; ++i) {
        if (i < count) hn::StoreU(r[i], d, sums.to + (c + i) * sums.to_step + pixel);
      }
    }
  }
}

template <class T> const ChannelTiles<T>& tiles() {
  static constexpr ChannelTiles<T> table = {hn::MaxLanes(hn::ScalableTag<T>()), kMaxVectors, multiply<kMaxVectors, T>,
                                            write_out<T>};
  return table;
}

}  // namespace

const ChannelTiles<float>& channel_tiles_float() { return tiles<float>(); }
const ChannelTiles<double>& channel_tiles_double() { return tiles<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(channel_tiles_float);
HWY_EXPORT(channel_tiles_double);

template <> const ChannelTiles<float>& channel_tiles() { return STET_DISPATCH(channel_tiles_float)(); }
template <> const ChannelTiles<double>& channel_tiles() { return STET_DISPATCH(channel_tiles_double)(); }

}  // namespace stet
#endif
