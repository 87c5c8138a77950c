#include "stet/tensor/cpu/conv_weight_tiles.h"

#include <algorithm>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv_weight_tiles.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/simd/fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Sums stay in registers, beside a vector of each column and one single element.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kRows[] = {9, 6, 4};  // 16 registers
#else
constexpr int kRows[] = {9, 9, 8};  // 32 registers
#endif

template <bool kSinglesAtOffsets, int Rows, int Vectors, class T> HWY_NOINLINE void weight_tile(const WeightTile<T>& tile) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int lanes = hn::MaxLanes(d);
  V sum[Rows][Vectors];
  HWY_UNROLL(9) for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) sum[i][v] = hn::Zero(d);
  }
  for (const PositionRun<T>* run = tile.runs; run < tile.runs + tile.run_count; ++run) {
    const T *single[Rows], *vector[Vectors];
    for (int i = 0; i < Rows; ++i) single[i] = run->single + tile.row[i];
    for (int v = 0; v < Vectors; ++v) vector[v] = run->vector + tile.column[v];
    const int64_t* HWY_RESTRICT offset = run->offset;
    const int64_t count = run->count, step = tile.step;
    for (int64_t p = 0; p < count; ++p) {
      const int64_t at = kSinglesAtOffsets ? offset[p] : p, vector_at = kSinglesAtOffsets ? p * step : offset[p];
      V right[Vectors];
      HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) right[v] = hn::LoadU(d, vector[v] + vector_at);
      HWY_UNROLL(9) for (int i = 0; i < Rows; ++i) {
        const V left = hn::Set(d, single[i][at]);
        HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) sum[i][v] = Fma(left, right[v], sum[i][v]);
      }
    }
  }
  HWY_UNROLL(9) for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) {
      T* c = tile.c + (i * Vectors + v) * lanes;
      hn::Store(hn::Add(tile.first ? hn::Zero(d) : hn::Load(d, c), sum[i][v]), d, c);
    }
  }
}

// Calls the kernel compiled for that many rows and vectors.
template <bool kSinglesAtOffsets, int Rows, int Vectors, class T> void weight_tile_of(int rows, const WeightTile<T>& tile) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return weight_tile_of<kSinglesAtOffsets, Rows - 1, Vectors>(rows, tile);
  }
  weight_tile<kSinglesAtOffsets, Rows, Vectors>(tile);
}

template <bool kSinglesAtOffsets, class T> void weight_tile_of(int rows, int vectors, const WeightTile<T>& tile) {
  if (vectors == 1) return weight_tile_of<kSinglesAtOffsets, kRows[0], 1>(rows, tile);
  if (vectors == 2) return weight_tile_of<kSinglesAtOffsets, kRows[1], 2>(rows, tile);
  weight_tile_of<kSinglesAtOffsets, kRows[2], 3>(rows, tile);
}

#if HWY_TARGET == HWY_SCALAR

template <class V> void transpose_square(V (&)[1]) {}

#else

// Rows become columns within each block of 16 bytes: r[group + j], of `group` rows, then holds in block b the column b * group + j.
template <class D, class V = hn::Vec<D>> void transpose_in_blocks(D d, V* r) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const V low = hn::InterleaveLower(d, r[0], r[1]);
    r[1] = hn::InterleaveUpper(d, r[0], r[1]);
    r[0] = low;
  } else {
    const hn::Repartition<double, D> pairs;
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r[0], r[1]));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r[0], r[1]));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r[2], r[3]));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r[2], r[3]));
    r[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
    r[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
    r[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
    r[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
  }
}

// r[i * group] for i < Blocks: block b of row i and block i of row b change places.
template <int Blocks, class D, class V = hn::Vec<D>> void transpose_blocks(D d, V* r, int group) {
  if constexpr (Blocks == 2) {
    const V low = hn::ConcatLowerLower(d, r[group], r[0]);
    r[group] = hn::ConcatUpperUpper(d, r[group], r[0]);
    r[0] = low;
  }
  if constexpr (Blocks == 4) {
    const V low02 = hn::ConcatLowerLower(d, r[2 * group], r[0]), low13 = hn::ConcatLowerLower(d, r[3 * group], r[group]);
    const V high02 = hn::ConcatUpperUpper(d, r[2 * group], r[0]), high13 = hn::ConcatUpperUpper(d, r[3 * group], r[group]);
    r[0] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(low13), low02);
    r[group] = hn::OddEvenBlocks(low13, hn::SwapAdjacentBlocks(low02));
    r[2 * group] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(high13), high02);
    r[3 * group] = hn::OddEvenBlocks(high13, hn::SwapAdjacentBlocks(high02));
  }
}

// A square of vectors: r[i] lane j and r[j] lane i change places.
template <class V, int Lanes> HWY_INLINE void transpose_square(V (&r)[Lanes]) {
  const hn::DFromV<V> d;
  constexpr int group = 16 / sizeof(hn::TFromV<V>), blocks = Lanes / group;
  HWY_UNROLL(8) for (int b = 0; b < blocks; ++b) transpose_in_blocks(d, r + b * group);
  HWY_UNROLL(4) for (int j = 0; j < group; ++j) transpose_blocks<blocks>(d, r + j, group);
}

#endif

template <class T> void transpose(const T* from, int64_t stride, int64_t channels, int64_t count, const int64_t* place, T* to) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int lanes = hn::MaxLanes(d);
  if (count < lanes) {
    for (int64_t p = 0; p < count; ++p) {
      for (int64_t c = 0; c < lanes; ++c) to[place[p] + c] = c < channels ? from[c * stride + p] : T(0);
    }
    return;
  }
  for (int64_t p = 0; p < count; p += lanes) {
    // The last square overlaps the one before.
    const int64_t begin = std::min(p, count - lanes);
    V r[lanes];
    HWY_UNROLL(16) for (int c = 0; c < lanes; ++c) r[c] = c < channels ? hn::LoadU(d, from + c * stride + begin) : hn::Zero(d);
    transpose_square(r);
    HWY_UNROLL(16) for (int j = 0; j < lanes; ++j) hn::StoreU(r[j], d, to + place[begin + j]);
  }
}

template <class T> const WeightTiles<T>& tiles() {
  static constexpr WeightTiles<T> table = {
      hn::MaxLanes(hn::ScalableTag<T>()), {kRows[0], kRows[1], kRows[2]}, weight_tile_of<false, T>, weight_tile_of<true, T>, transpose<T>};
  return table;
}

}  // namespace

const WeightTiles<float>& weight_tiles_float() { return tiles<float>(); }
const WeightTiles<double>& weight_tiles_double() { return tiles<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(weight_tiles_float);
HWY_EXPORT(weight_tiles_double);

template <> const WeightTiles<float>& weight_tiles() { return STET_DISPATCH(weight_tiles_float)(); }
template <> const WeightTiles<double>& weight_tiles() { return STET_DISPATCH(weight_tiles_double)(); }

}  // namespace stet
#endif
