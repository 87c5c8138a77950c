#include "stet/tensor/cpu/conv_tiles.h"

#include <algorithm>

#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv_tiles.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/simd/fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Sums stay in registers, beside a vector of each column and one of a weight. Three vectors to a row need fewest loads.
constexpr int kVectors = kMaxConvVectors;
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kRows = 4;  // 16 registers
#else
constexpr int kRows = kMaxConvRows;  // 32 registers
#endif

// One chunk [begin, end) of a tile. Sums so far lie in `partial` unless the chunk is the first; they go there unless it is the last.
template <int Rows, int Vectors, class T>
HWY_NOINLINE void correlate_chunk(const CorrelationTile<T>& tile, int64_t begin, int64_t end, T* HWY_RESTRICT partial) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int lanes = hn::MaxLanes(d);
  V sum[Rows][Vectors];
  HWY_UNROLL(8) for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) sum[i][v] = hn::Zero(d);
  }
  const T* source[Vectors];
  for (int v = 0; v < Vectors; ++v) source[v] = tile.source[v];
  const int64_t* HWY_RESTRICT offset = tile.offset;
  const T* HWY_RESTRICT weights = tile.weights + begin * Rows;
  for (int64_t k = begin; k < end; ++k, weights += Rows) {
    V right[Vectors];
    HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) right[v] = hn::LoadU(d, source[v] + offset[k]);
    HWY_UNROLL(8) for (int i = 0; i < Rows; ++i) {
      const V left = hn::Set(d, weights[i]);
      HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) sum[i][v] = Fma(left, right[v], sum[i][v]);
    }
  }
  const bool first = begin == 0, last = end == tile.depth;
  HWY_UNROLL(8) for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(3) for (int v = 0; v < Vectors; ++v) {
      T* at = partial + (i * Vectors + v) * lanes;
      V total = hn::Add(first ? hn::Zero(d) : hn::Load(d, at), sum[i][v]);
      if (!last) {
        hn::Store(total, d, at);
        continue;
      }
      if (tile.bias != nullptr) total = hn::Add(total, hn::Set(d, tile.bias[i]));
      if (tile.relu) total = hn::IfThenZeroElse(hn::Lt(total, hn::Zero(d)), total);
      hn::StoreU(total, d, tile.out[v] + i * tile.row_stride);
    }
  }
}

template <int Rows, int Vectors, class T> void correlate_tile(const CorrelationTile<T>& tile) {
  constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>());
  alignas(64) T partial[Rows * Vectors * lanes];
  int64_t begin = 0;
  do {
    const int64_t end = std::min(tile.depth, begin + kProductChunk);
    correlate_chunk<Rows, Vectors>(tile, begin, end, partial);
    begin = end;
  } while (begin < tile.depth);
}

// Calls the kernel compiled for that many rows and vectors.
template <int Rows, int Vectors, class T> void correlate_of(int rows, int vectors, const CorrelationTile<T>& tile) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return correlate_of<Rows - 1, Vectors>(rows, vectors, tile);
  }
  if constexpr (Vectors > 1) {
    if (vectors < Vectors) return correlate_of<Rows, Vectors - 1>(rows, vectors, tile);
  }
  correlate_tile<Rows, Vectors>(tile);
}

template <class T> void correlate(int rows, int vectors, const CorrelationTile<T>& tile) {
  correlate_of<kRows, kVectors>(rows, vectors, tile);
}

// Elements 0, Step, 2 Step, ... of `from`. Nothing is read beyond the last of them.
template <int Step, class D, class T> hn::Vec<D> load_every(D d, const T* from) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (Step == 2) {
    const auto low = hn::LoadU(d, from), high = hn::LoadU(d, from + hn::MaxLanes(d) - 1);
    return hn::ConcatUpperLower(d, hn::ConcatOdd(d, high, high), hn::ConcatEven(d, low, low));
  }
#endif
  return hn::LoadU(d, from);
}

// Copies `count` elements, Step apart, in the widest vectors that fit; the last one overlaps the one before.
template <int Lanes, int Step, class T> void copy_every(const T* from, int64_t count, T* to) {
  if constexpr (Lanes * sizeof(T) < 16) {
    for (int64_t j = 0; j < count; ++j) to[j] = from[j * Step];
  } else {
    if (count < Lanes) return copy_every<Lanes / 2, Step>(from, count, to);
    const hn::Simd<T, Lanes, 0> d;
    int64_t j = 0;
    for (; j + Lanes <= count; j += Lanes) hn::StoreU(load_every<Step>(d, from + j * Step), d, to + j);
    if (j < count) hn::StoreU(load_every<Step>(d, from + (count - Lanes) * Step), d, to + count - Lanes);
  }
}

template <class T> void copy_row(const T* from, int64_t step, int64_t count, T* to) {
  constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>());
  if (step == 1) return copy_every<lanes, 1>(from, count, to);
  if (step == 2) return copy_every<lanes, 2>(from, count, to);
  for (int64_t j = 0; j < count; ++j) to[j] = from[j * step];
}

template <class T> void fill_window(const WindowCopy<T>& c) {
  T* to = c.window;
  const auto up_to = [](int64_t n, int64_t step) { return n <= 0 ? 0 : (n + step - 1) / step; };
  for (int64_t channel = 0; channel < c.channels; ++channel) {
    const T* plane = c.source + channel * c.height * c.width;
    for (int64_t copy = 0; copy < c.copies; ++copy) {
      const int64_t shift = c.shift[copy];
      // Columns [begin, end) lie in the source.
      const int64_t begin = std::min(c.pitch, up_to(-shift, c.step_x));
      const int64_t end = std::clamp(up_to(c.width - shift, c.step_x), begin, c.pitch);
      for (int64_t phase = 0; phase < c.step_y; ++phase) {
        for (int64_t i = 0; i < c.rows; ++i, to += c.pitch) {
          const int64_t y = c.top + phase + i * c.step_y;
          const bool inside = y >= 0 && y < c.height && begin < end;
          for (int64_t j = 0, stop = inside ? begin : c.pitch; j < stop; ++j) to[j] = 0;
          if (!inside) continue;
          copy_row(plane + y * c.width + shift + begin * c.step_x, c.step_x, end - begin, to + begin);
          for (int64_t j = end; j < c.pitch; ++j) to[j] = 0;
        }
      }
    }
  }
}

template <int Lanes, class T> int64_t interleave_pairs(int64_t pair, const T* const* from, int64_t pairs, T* to) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (Lanes * sizeof(T) >= 16) {
    const hn::Simd<T, Lanes, 0> d;
    for (; pair + Lanes <= pairs; pair += Lanes) {
      hn::StoreInterleaved2(hn::LoadU(d, from[0] + pair), hn::LoadU(d, from[1] + pair), d, to + 2 * pair);
    }
    return interleave_pairs<Lanes / 2>(pair, from, pairs, to);
  }
#endif
  (void)from, (void)pairs, (void)to;
  return pair;
}

template <class T> void interleave(const T* const* from, int64_t step, int64_t count, T* to) {
  int64_t j = 0;
  if (step == 2) j = 2 * interleave_pairs<hn::MaxLanes(hn::ScalableTag<T>())>(0, from, count / 2, to);
  for (; j < count; ++j) to[j] = from[j % step][j / step];
}

template <class T> const ConvTiles<T>& tiles() {
  static constexpr ConvTiles<T> table = {hn::MaxLanes(hn::ScalableTag<T>()), kRows, kVectors, correlate<T>, fill_window<T>,
                                         interleave<T>};
  return table;
}

}  // namespace

const ConvTiles<float>& conv_tiles_float() { return tiles<float>(); }
const ConvTiles<double>& conv_tiles_double() { return tiles<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(conv_tiles_float);
HWY_EXPORT(conv_tiles_double);

template <> const ConvTiles<float>& conv_tiles() { return STET_DISPATCH(conv_tiles_float)(); }
template <> const ConvTiles<double>& conv_tiles() { return STET_DISPATCH(conv_tiles_double)(); }

}  // namespace stet
#endif
