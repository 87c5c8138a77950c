#include "stet/tensor/cpu/conv/conv_weight_tiles.h"

#include <algorithm>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv/conv_weight_tiles_simd.cpp"
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

// Sums stay in registers, beside a vector of each column and one single element; each run of rows has a pointer in a
// register.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kRows[] = {9, 6, 4}, kTriples[] = {3, 2, 1};  // 16 registers
#else
constexpr int kRows[] = {9, 9, 8}, kTriples[] = {9, 4, 3};  // 32 registers
#endif

// The single elements and the vectors that meet at positions of a run.
template <bool kSinglesAtOffsets, int Run, int Runs, int Vectors, class T> class Positions {
 public:
  HWY_INLINE Positions(const WeightTile<T>& tile, const PositionRun<T>& run) : offset_(run.offset), step_(tile.step) {
    HWY_UNROLL(9) for (int i = 0; i < Runs; ++i) single_[i] = run.single + tile.row[i];
    HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) vector_[v] = run.vector + tile.column[v];
  }

  HWY_INLINE hn::Vec<hn::ScalableTag<T>> left(int i) const {
    return hn::Set(hn::ScalableTag<T>(), single_[i / Run][(kSinglesAtOffsets ? offset_[p_] : p_) + i % Run]);
  }
  HWY_INLINE hn::Vec<hn::ScalableTag<T>> right(int v) const {
    return hn::LoadU(hn::ScalableTag<T>(), vector_[v] + (kSinglesAtOffsets ? p_ * step_ : offset_[p_]));
  }
  HWY_INLINE void next() { ++p_; }

 private:
  const T *single_[Runs], *vector_[Vectors];
  const int64_t* HWY_RESTRICT offset_;
  int64_t step_, p_ = 0;
};

// The terms of a run, two neighbours at a time where positions are: they have most single elements in common, and loads
// would else be what tiles of a single vector wait for.
template <int Run, int Runs, class V, class T>
HWY_INLINE void multiply_neighbours(const WeightTile<T>& tile, const PositionRun<T>& run, V (&sum)[Run * Runs][1]) {
  const hn::ScalableTag<T> d;
  const T *single[Runs], *vector = run.vector + tile.column[0];
  for (int r = 0; r < Runs; ++r) single[r] = run.single + tile.row[r];
  const int64_t* HWY_RESTRICT offset = run.offset;
  const int64_t count = run.count, step = tile.step;
  for (int64_t p = 0; p < count; ++p) {
    if (p + 1 < count && offset[p + 1] == offset[p] + 1) {
      const V right = hn::LoadU(d, vector + p * step), next = hn::LoadU(d, vector + (p + 1) * step);
      HWY_UNROLL(9) for (int r = 0; r < Runs; ++r) {
        const T* at = single[r] + offset[p];
        HWY_UNROLL(4) for (int j = 0; j <= Run; ++j) {
          const V left = hn::Set(d, at[j]);
          if (j > 0) sum[r * Run + j - 1][0] = Fma(left, next, sum[r * Run + j - 1][0]);
          if (j < Run) sum[r * Run + j][0] = Fma(left, right, sum[r * Run + j][0]);
        }
      }
      ++p;
      continue;
    }
    const int64_t at = offset[p];
    const V right = hn::LoadU(d, vector + p * step);
    HWY_UNROLL(27) for (int i = 0; i < Run * Runs; ++i) {
      sum[i][0] = Fma(hn::Set(d, single[i / Run][at + i % Run]), right, sum[i][0]);
    }
  }
}

template <bool kSinglesAtOffsets, int Run, int Runs, int Vectors, class T>
HWY_NOINLINE void weight_tile(const WeightTile<T>& tile) {
  constexpr int64_t width = Vectors * hn::MaxLanes(hn::ScalableTag<T>());
  hn::Vec<hn::ScalableTag<T>> sum[Run * Runs][Vectors];
  begin_chain(tile.begins_chunk, tile.chain, width, sum);
  for (const PositionRun<T>* run = tile.runs; run < tile.runs + tile.run_count; ++run) {
    if constexpr (Run > 1 && Vectors == 1) {
      multiply_neighbours<Run, Runs>(tile, *run, sum);
    } else {
      multiply_add(run->count, Positions<kSinglesAtOffsets, Run, Runs, Vectors, T>(tile, *run), sum);
    }
  }
  if (tile.ends_chunk) add_total(tile.first, tile.c, width, sum);
  store_sums(sum, tile.ends_chunk ? tile.c : tile.chain, width);
}

// Calls the kernel compiled for that many runs and vectors.
template <bool kSinglesAtOffsets, int Run, int Runs, int Vectors, class T>
void weight_tile_of(int runs, const WeightTile<T>& tile) {
  if constexpr (Runs > 1) {
    if (runs < Runs) return weight_tile_of<kSinglesAtOffsets, Run, Runs - 1, Vectors>(runs, tile);
  }
  weight_tile<kSinglesAtOffsets, Run, Runs, Vectors>(tile);
}

template <bool kSinglesAtOffsets, int Run, class T>
void weight_tile_of(int runs, int vectors, const WeightTile<T>& tile) {
  constexpr const int(&most)[3] = Run == 1 ? kRows : kTriples;
  if (vectors == 1) return weight_tile_of<kSinglesAtOffsets, Run, most[0], 1>(runs, tile);
  if (vectors == 2) return weight_tile_of<kSinglesAtOffsets, Run, most[1], 2>(runs, tile);
  weight_tile_of<kSinglesAtOffsets, Run, most[2], 3>(runs, tile);
}

// place(p): where position p goes.
template <bool kAllChannels, class T, class Place>
HWY_INLINE void transpose_squares(const T* from, int64_t stride, int64_t channels, int64_t count, T* to,
                                  const Place& place) {
  const hn::ScalableTag<T> d;
  constexpr int lanes = hn::MaxLanes(d);
  for (int64_t p = 0; p < count; p += lanes) {
    // The last square overlaps the one before.
    const int64_t begin = std::min(p, count - lanes);
    hn::Vec<decltype(d)> r[lanes];
    HWY_UNROLL(16)
    for (int c = 0; c < lanes; ++c)
      r[c] = kAllChannels || c < channels ? hn::LoadU(d, from + c * stride + begin) : hn::Zero(d);
    TransposeSquare(r);
    HWY_UNROLL(16) for (int j = 0; j < lanes; ++j) hn::StoreU(r[j], d, to + place(begin + j));
  }
}

template <class T, class Place>
HWY_INLINE void transpose_to(const T* from, int64_t stride, int64_t channels, int64_t count, T* to,
                             const Place& place) {
  constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>());
  if (count < lanes) {
    for (int64_t p = 0; p < count; ++p) {
      for (int64_t c = 0; c < lanes; ++c) to[place(p) + c] = c < channels ? from[c * stride + p] : T(0);
    }
  } else if (channels == lanes) {
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
  static constexpr WeightTiles<T> table = {hn::MaxLanes(hn::ScalableTag<T>()),
                                           {weight_tile_of<false, 1, T>, 1, {kRows[0], kRows[1], kRows[2]}},
                                           {weight_tile_of<true, 1, T>, 1, {kRows[0], kRows[1], kRows[2]}},
                                           {weight_tile_of<true, 3, T>, 3, {kTriples[0], kTriples[1], kTriples[2]}},
                                           transpose<T>,
                                           scatter<T>};
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
