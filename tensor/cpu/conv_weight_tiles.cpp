#include "stet/tensor/cpu/conv_weight_tiles.h"

#include <algorithm>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv_weight_tiles.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/cpu/transpose-inl.h"
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
    TransposeSquare(r);
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
