#include "stet/tensor/cpu/conv/weight_tiles.h"

#include <algorithm>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv/weight_tiles_simd.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/cpu/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
using stet::HWY_NAMESPACE::Fma;
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using cpu_kernels::PositionRun;
using cpu_kernels::WeightTile;
using cpu_kernels::WeightTiles;

// Sums stay in registers, beside a vector of each column and one single element; each run of rows has a pointer in a
// register.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kMostRows[] = {9, 6, 4}, kMostTriples[] = {3, 2, 1};  // 16 registers
#else
constexpr int kMostRows[] = {9, 9, 8}, kMostTriples[] = {9, 4, 3};  // 32 registers
#endif

// The terms of a run. A loop of its own in the place of multiply_add(): with operands in an object g++ 12 kept some of
// the pointers on the stack, and weight gradients of three vectors took 10 to 20 % longer (Xeon with AVX-512).
template <bool kSinglesAtOffsets, int kRun, int kRuns, int kVectors, class V, class T>
HWY_INLINE void multiply_positions(const WeightTile<T>& tile, const PositionRun<T>& run,
                                   V (&sum)[kRun * kRuns][kVectors]) {
  const hn::ScalableTag<T> d;
  const T *single[kRuns], *vector[kVectors];
  for (int r = 0; r < kRuns; ++r) single[r] = run.single + tile.row[r];
  for (int v = 0; v < kVectors; ++v) vector[v] = run.vector + tile.column[v];
  const int64_t* HWY_RESTRICT offset = run.offset;
  const int64_t count = run.count, step = tile.step;
  for (int64_t p = 0; p < count; ++p) {
    const int64_t single_at = kSinglesAtOffsets ? offset[p] : p, vector_at = kSinglesAtOffsets ? p * step : offset[p];
    V right[kVectors];
    HWY_UNROLL(3) for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, vector[v] + vector_at);
    HWY_UNROLL(27) for (int i = 0; i < kRun * kRuns; ++i) {
      const V left = hn::Set(d, single[i / kRun][single_at + i % kRun]);
      HWY_UNROLL(3) for (int v = 0; v < kVectors; ++v) sum[i][v] = Fma(left, right[v], sum[i][v]);
    }
  }
}

// The terms of a run, two neighbours at a time where positions are: they have most single elements in common, and
// loads would else be what tiles of a single vector wait for.
template <int kRun, int kRuns, class V, class T>
HWY_INLINE void multiply_neighbours(const WeightTile<T>& tile, const PositionRun<T>& run, V (&sum)[kRun * kRuns][1]) {
  const hn::ScalableTag<T> d;
  const T *single[kRuns], *vector = run.vector + tile.column[0];
  for (int r = 0; r < kRuns; ++r) single[r] = run.single + tile.row[r];
  const int64_t* HWY_RESTRICT offset = run.offset;
  const int64_t count = run.count, step = tile.step;
  for (int64_t p = 0; p < count; ++p) {
    if (p + 1 < count && offset[p + 1] == offset[p] + 1) {
      const V right = hn::LoadU(d, vector + p * step), next = hn::LoadU(d, vector + (p + 1) * step);
      HWY_UNROLL(9) for (int r = 0; r < kRuns; ++r) {
        const T* at = single[r] + offset[p];
        HWY_UNROLL(4) for (int j = 0; j <= kRun; ++j) {
          const V left = hn::Set(d, at[j]);
          if (j > 0) sum[r * kRun + j - 1][0] = Fma(left, next, sum[r * kRun + j - 1][0]);
          if (j < kRun) sum[r * kRun + j][0] = Fma(left, right, sum[r * kRun + j][0]);
        }
      }
      ++p;
      continue;
    }
    const int64_t at = offset[p];
    const V right = hn::LoadU(d, vector + p * step);
    HWY_UNROLL(27) for (int i = 0; i < kRun * kRuns; ++i) {
      sum[i][0] = Fma(hn::Set(d, single[i / kRun][at + i % kRun]), right, sum[i][0]);
    }
  }
}

template <bool kSinglesAtOffsets, int kRun, int kRuns, int kVectors, class T>
HWY_NOINLINE void weight_tile(const WeightTile<T>& tile) {
  constexpr int64_t kWidth = kVectors * hn::MaxLanes(hn::ScalableTag<T>());
  hn::Vec<hn::ScalableTag<T>> sum[kRun * kRuns][kVectors];
  begin_chain(tile.begins_chunk, tile.chain, kWidth, sum);
  for (const PositionRun<T>* run = tile.runs; run < tile.runs + tile.run_count; ++run) {
    if constexpr (kRun > 1 && kVectors == 1) {
      multiply_neighbours<kRun, kRuns>(tile, *run, sum);
    } else {
      multiply_positions<kSinglesAtOffsets, kRun, kRuns>(tile, *run, sum);
    }
  }
  if (tile.ends_chunk) add_total(tile.first, tile.c, kWidth, sum);
  store_sums(sum, tile.ends_chunk ? tile.c : tile.chain, kWidth);
}

// Calls the kernel compiled for that many runs and vectors.
template <bool kSinglesAtOffsets, int kRun, int kRuns, int kVectors, class T>
void weight_tile_of(int runs, const WeightTile<T>& tile) {
  if constexpr (kRuns > 1) {
    if (runs < kRuns) return weight_tile_of<kSinglesAtOffsets, kRun, kRuns - 1, kVectors>(runs, tile);
  }
  weight_tile<kSinglesAtOffsets, kRun, kRuns, kVectors>(tile);
}

template <bool kSinglesAtOffsets, int kRun, class T>
void weight_tile_of(int runs, int vectors, const WeightTile<T>& tile) {
  constexpr const int(&kMost)[3] = kRun == 1 ? kMostRows : kMostTriples;
  if (vectors == 1) return weight_tile_of<kSinglesAtOffsets, kRun, kMost[0], 1>(runs, tile);
  if (vectors == 2) return weight_tile_of<kSinglesAtOffsets, kRun, kMost[1], 2>(runs, tile);
  weight_tile_of<kSinglesAtOffsets, kRun, kMost[2], 3>(runs, tile);
}

// place(p): where position p goes.
template <bool kAllChannels, class T, class Place>
HWY_INLINE void transpose_squares(const T* from, int64_t stride, int64_t channels, int64_t count, T* to,
                                  const Place& place) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = hn::MaxLanes(d);
  for (int64_t p = 0; p < count; p += kLanes) {
    // The last square overlaps the one before.
    const int64_t begin = std::min(p, count - kLanes);
    hn::Vec<decltype(d)> r[kLanes];
    HWY_UNROLL(16)
    for (int c = 0; c < kLanes; ++c)
      r[c] = kAllChannels || c < channels ? hn::LoadU(d, from + c * stride + begin) : hn::Zero(d);
    TransposeSquare(r);
    HWY_UNROLL(16) for (int j = 0; j < kLanes; ++j) hn::StoreU(r[j], d, to + place(begin + j));
  }
}

template <class T, class Place>
HWY_INLINE void transpose_to(const T* from, int64_t stride, int64_t channels, int64_t count, T* to,
                             const Place& place) {
  constexpr int kLanes = hn::MaxLanes(hn::ScalableTag<T>());
  if (count < kLanes) {
    for (int64_t p = 0; p < count; ++p) {
      for (int64_t c = 0; c < kLanes; ++c) to[place(p) + c] = c < channels ? from[c * stride + p] : T(0);
    }
  } else if (channels == kLanes) {
    transpose_squares<true>(from, stride, channels, count, to, place);
  } else {
    transpose_squares<false>(from, stride, channels, count, to, place);
  }
}

template <class T> void transpose(const T* from, int64_t stride, int64_t channels, int64_t count, T* to, int64_t step) {
  transpose_to(from, stride, channels, count, to, [=](int64_t p) HWY_ATTR { return p * step; });
}

template <class T>
void scatter(const T* from, int64_t stride, int64_t channels, int64_t count, T* to, const int64_t* place) {
  transpose_to(from, stride, channels, count, to, [=](int64_t p) HWY_ATTR { return place[p]; });
}

template <class T> const WeightTiles<T>& tiles() {
  static constexpr WeightTiles<T> table = {
      hn::MaxLanes(hn::ScalableTag<T>()),
      {weight_tile_of<false, 1, T>, 1, {kMostRows[0], kMostRows[1], kMostRows[2]}},
      {weight_tile_of<true, 1, T>, 1, {kMostRows[0], kMostRows[1], kMostRows[2]}},
      {weight_tile_of<true, 3, T>, 3, {kMostTriples[0], kMostTriples[1], kMostTriples[2]}},
      transpose<T>,
      scatter<T>};
  return table;
}

}  // namespace

const WeightTiles<float>& weight_tiles_float() { return tiles<float>(); }
const WeightTiles<double>& weight_tiles_double() { return tiles<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(weight_tiles_float);
HWY_EXPORT(weight_tiles_double);

template <> const WeightTiles<float>& weight_tiles() { return STET_DISPATCH(weight_tiles_float)(); }
template <> const WeightTiles<double>& weight_tiles() { return STET_DISPATCH(weight_tiles_double)(); }

}  // namespace stet::cpu_kernels
#endif
