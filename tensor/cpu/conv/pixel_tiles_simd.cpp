#include "stet/tensor/cpu/conv/pixel_tiles.h"

#include <algorithm>
#include <type_traits>

#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/conv/pixel_tiles_simd.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using cpu_kernels::Interleaving;
using cpu_kernels::kMaxPixelRows;
using cpu_kernels::kMaxPixelVectors;
using cpu_kernels::PixelColumn;
using cpu_kernels::PixelTiles;
using cpu_kernels::WindowCopy;

// Sums stay in registers, beside a vector of each column and one of a weight. Three vectors to a row need fewest loads.
constexpr int kMostVectors = kMaxPixelVectors;
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_AVX2
constexpr int kMostRows = 4;  // 16 registers
#else
constexpr int kMostRows = kMaxPixelRows;  // 32 registers
#endif

// Where a load can leave lanes as they are, a second one joins a row's end with the next row's beginning.
#if HWY_TARGET == HWY_AVX3
constexpr bool kSplits = true;
#else
constexpr bool kSplits = false;
#endif

// Terms [begin, end) of a chunk. What they read stays in the first-level cache from one tile of rows to the next.
struct Block {
  int64_t begin, end;
  bool begins_chunk, ends_chunk, first_chunk, last_chunk;
};
constexpr int64_t kBlock = 320;

// A weight of each row, [k, row], and the vectors of pixels that it meets.
template <class T, int kRows, int kVectors> class Pixels {
 public:
  HWY_INLINE Pixels(const PixelColumn<T>& column, int64_t begin, const T* weights)
      : offset_(column.offset + begin), weights_(weights) {
    HWY_UNROLL(3) for (int v = 0; v < kVectors; ++v) source_[v] = column.source[v];
  }

  HWY_INLINE hn::Vec<hn::ScalableTag<T>> left(int row) const { return hn::Set(hn::ScalableTag<T>(), weights_[row]); }
  HWY_INLINE hn::Vec<hn::ScalableTag<T>> right(int v) const {
    return hn::LoadU(hn::ScalableTag<T>(), source_[v] + *offset_);
  }
  HWY_INLINE void next() { ++offset_, weights_ += kRows; }

 protected:
  const T* source_[kVectors];
  const int64_t* HWY_RESTRICT offset_;
  const T* HWY_RESTRICT weights_;
};

// The same with lanes in two rows of pixels.
template <class T, int kRows, int kVectors> class SplitPixels : public Pixels<T, kRows, kVectors> {
 public:
  HWY_INLINE SplitPixels(const PixelColumn<T>& column, int64_t begin, const T* weights)
      : Pixels<T, kRows, kVectors>(column, begin, weights) {
    HWY_UNROLL(3) for (int v = 0; v < kVectors; ++v) {
      next_row_[v] = column.source[v] + column.gap;
      beyond_[v] = hn::Not(hn::FirstN(hn::ScalableTag<T>(), static_cast<size_t>(column.split[v])));
    }
  }

  HWY_INLINE hn::Vec<hn::ScalableTag<T>> right(int v) const {
    const auto next = hn::LoadU(hn::ScalableTag<T>(), next_row_[v] + *this->offset_);
    return hn::IfThenElse(beyond_[v], next, Pixels<T, kRows, kVectors>::right(v));
  }

 private:
  const T* next_row_[kVectors];
  hn::Mask<hn::ScalableTag<T>> beyond_[kVectors];
};

// Bias and activation of a tile's rows from `row` on.
template <int kRows, int kVectors, class V, class T>
HWY_INLINE void finish(const PixelColumn<T>& column, int64_t row, V (&sum)[kRows][kVectors]) {
  const hn::ScalableTag<T> d;
  if (column.bias != nullptr) {
    HWY_UNROLL(8) for (int i = 0; i < kRows; ++i) {
      const V bias = hn::Set(d, column.bias[row + i]);
      HWY_UNROLL(3) for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Add(sum[i][v], bias);
    }
  }
  if (column.relu) relu(sum);
}

template <bool kSplit, int kRows, int kVectors, class T>
HWY_INLINE void correlate_tile(const PixelColumn<T>& column, const Block& block, const T* weights, int64_t row) {
  constexpr int64_t kLanes = hn::MaxLanes(hn::ScalableTag<T>()), kWidth = kVectors * kLanes;
  T *chunk_sums = column.chunk_sums + row * kWidth, *totals = column.totals + row * kWidth;
  hn::Vec<hn::ScalableTag<T>> sum[kRows][kVectors];
  begin_chain(block.begins_chunk, chunk_sums, kWidth, sum);
  using Operands = std::conditional_t<kSplit, SplitPixels<T, kRows, kVectors>, Pixels<T, kRows, kVectors>>;
  multiply_add(block.end - block.begin, Operands(column, block.begin, weights), sum);
  if (!block.ends_chunk) return store_sums(sum, chunk_sums, kWidth);
  add_total(block.first_chunk, totals, kWidth, sum);
  if (!block.last_chunk) return store_sums(sum, totals, kWidth);
  finish(column, row, sum);
  const int64_t row_stride = column.row_stride;
  T* out[kVectors];
  for (int v = 0; v < kVectors; ++v) out[v] = column.out[v] + row * row_stride;
  HWY_UNROLL(8) for (int i = 0; i < kRows; ++i) {
    HWY_UNROLL(3)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[i][v], hn::ScalableTag<T>(), out[v] + i * row_stride);
  }
}

// Tiles [begin, end), all of one height.
template <bool kSplit, int kRows, int kVectors, class T>
HWY_NOINLINE void correlate_tiles(const PixelColumn<T>& column, const Block& block, const RowTiles& tiles,
                                  Range range) {
  const int64_t depth = column.chunk_end[column.chunks - 1];
  for (int64_t tile = range.begin; tile < range.end; ++tile) {
    const int64_t first_row = tiles.begin(tile);
    const T* weights = column.weights + first_row * depth + block.begin * kRows;
    column.upcoming->next();
    correlate_tile<kSplit, kRows, kVectors>(column, block, weights, first_row);
  }
}

// Calls the kernel compiled for that many rows and vectors.
template <int kRows, int kVectors, class T>
void correlate_of(int rows, int vectors, const PixelColumn<T>& column, const Block& block, const RowTiles& tiles,
                  Range range) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return correlate_of<kRows - 1, kVectors>(rows, vectors, column, block, tiles, range);
  }
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) return correlate_of<kRows, kVectors - 1>(rows, vectors, column, block, tiles, range);
  }
  if (kSplits && column.gap != 0) return correlate_tiles<kSplits, kRows, kVectors>(column, block, tiles, range);
  correlate_tiles<false, kRows, kVectors>(column, block, tiles, range);
}

template <class T> void correlate(int vectors, const PixelColumn<T>& column) {
  const RowTiles& tiles = *column.rows;
  const int low = static_cast<int>(tiles.low);
  for (int64_t chunk = 0, begin = 0; chunk < column.chunks; begin = column.chunk_end[chunk++]) {
    const int64_t depth = column.chunk_end[chunk] - begin, parts = std::max<int64_t>(1, pieces_of(depth, kBlock));
    for (int64_t i = 0; i < parts; ++i) {
      const Block block = {
          begin + depth * i / parts, begin + depth * (i + 1) / parts, i == 0, i + 1 == parts, chunk == 0,
          chunk + 1 == column.chunks};
      if (tiles.taller > 0)
        correlate_of<kMostRows, kMostVectors>(low + 1, vectors, column, block, tiles, {0, tiles.taller});
      if (tiles.taller < tiles.count)
        correlate_of<kMostRows, kMostVectors>(low, vectors, column, block, tiles, {tiles.taller, tiles.count});
    }
  }
}

int64_t up_to(int64_t n, int64_t step) { return n <= 0 ? 0 : (n + step - 1) / step; }

// The columns [begin, end) of a copy's rows that lie in the source.
template <class T> struct Columns {
  Columns(const WindowCopy<T>& c, int64_t copy)
      : shift(c.shift[copy]),
        begin(std::min(c.pitch, up_to(-shift, c.step_x))),
        end(std::clamp(up_to(c.width - shift, c.step_x), begin, c.pitch)) {}

  int64_t shift, begin, end;
};

// Calls rows(from, count, to) for the rows of each phase and channel of a copy that the source has.
template <class T, class Rows> void for_each_plane(const WindowCopy<T>& c, T* to, const Rows& rows) {
  for (int64_t phase = 0; phase < c.phases; ++phase) {
    const int64_t top = c.top + phase;
    const int64_t begin = std::min(c.rows, up_to(-top, c.step_y)),
                  end = std::min(c.rows, up_to(c.height - top, c.step_y));
    const T* from = c.source + (top + begin * c.step_y) * c.width;
    for (int64_t channel = 0; channel < c.channels; ++channel, from += c.height * c.width, to += c.plane) {
      if (begin < end) rows(from, end - begin, to + begin * c.pitch);
    }
  }
}

// Rows of any length and step.
template <class T> void fill_long_rows(const WindowCopy<T>& c, const Columns<T>& columns, T* to) {
  for_each_plane(c, to, [&](const T* from, int64_t rows, T* row) {
    const hn::ScalableTag<T> d;
    constexpr int kLanes = hn::MaxLanes(d);
    for (int64_t i = 0; i < rows; ++i, from += c.step_y * c.width, row += c.pitch) {
      int64_t j = columns.begin;
      if (c.step_x == 1) {
        for (; j + kLanes <= columns.end; j += kLanes) hn::StoreU(hn::LoadU(d, from + columns.shift + j), d, row + j);
      }
      for (; j < columns.end; ++j) row[j] = from[columns.shift + j * c.step_x];
    }
  });
}

#if HWY_TARGET != HWY_SCALAR

// The lanes from column `at` on that lie in [0, width).
template <class D> hn::Mask<D> existing(D d, int64_t at, int64_t width) {
  const auto limit = [](int64_t n) { return static_cast<size_t>(std::clamp<int64_t>(n, 0, hn::MaxLanes(D()))); };
  return hn::AndNot(hn::FirstN(d, limit(-at)), hn::FirstN(d, limit(width - at)));
}

// Whether `count` elements can be read, among which a row's may be few.
template <class T> bool readable(const WindowCopy<T>& c, const T* from, int64_t count) {
  return from - c.source >= -c.before && from - c.source + count <= c.after;
}

template <class T> void fill_row(const WindowCopy<T>& c, const Columns<T>& columns, const T* from, T* row) {
  for (int64_t j = columns.begin; j < columns.end; ++j) row[j] = from[columns.shift + j * c.step_x];
}

// Rows of up to kVectors vectors of kLanes; kStep is 1 or 2. What is read beyond a row is its neighbours'.
template <int kLanes, int kVectors, int kStep, class T>
void fill_short_rows(const WindowCopy<T>& c, const Columns<T>& columns, T* to) {
  const hn::Simd<T, kLanes, 0> d;
  hn::Mask<decltype(d)> mask[kVectors * kStep];
  const int64_t first = columns.begin / kLanes * kLanes, shift = columns.shift + first * kStep;
  for (int v = 0; v < kVectors * kStep; ++v) mask[v] = existing(d, shift + v * kLanes, c.width);
  // What the last vector has beyond its row is zero: there is padding, or what is written after it.
  const auto rest =
      hn::FirstN(d, static_cast<size_t>(std::min<int64_t>(kLanes, c.pitch - first - (kVectors - 1) * kLanes)));
  const int64_t pitch = c.pitch, source_step = c.step_y * c.width;
  for_each_plane(c, to + first, [&](const T* from, int64_t rows, T* row) {
    for (int64_t i = 0; i < rows; ++i, from += source_step, row += pitch) {
      if (!readable(c, from + shift, kVectors * kStep * kLanes)) {
        fill_row(c, columns, from, row - first);
        continue;
      }
      const auto load = [&](int v) { return hn::IfThenElseZero(mask[v], hn::LoadU(d, from + shift + v * kLanes)); };
      HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) {
        auto x = load(v * kStep);
        if constexpr (kStep == 2) x = hn::ConcatEven(d, load(v * 2 + 1), x);
        hn::StoreU(v + 1 < kVectors ? x : hn::IfThenElseZero(rest, x), d, row + v * kLanes);
      }
    }
  });
}

// Rows of which a vector holds several, and that lie one behind the other in the source too.
template <class T> void fill_folded_rows(const WindowCopy<T>& c, const Columns<T>& columns, T* to) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = hn::MaxLanes(d);
  const int64_t pitch = c.pitch, fold = kLanes / pitch, shift = columns.shift;
  alignas(64) T flag[kLanes];
  for (int64_t lane = 0; lane < kLanes; ++lane)
    flag[lane] = lane % pitch >= columns.begin && lane % pitch < columns.end ? 1 : 0;
  const auto mask = hn::Ne(hn::Load(d, flag), hn::Zero(d));
  for_each_plane(c, to, [&](const T* from, int64_t rows, T* row) {
    while (rows > 0) {
      const bool whole = rows >= fold && readable(c, from + shift, kLanes);
      const int64_t now = whole ? fold : 1;
      if (whole) {
        hn::StoreU(hn::IfThenElseZero(mask, hn::LoadU(d, from + shift)), d, row);
      } else {
        fill_row(c, columns, from, row);
      }
      rows -= now, from += now * pitch, row += now * pitch;
    }
  });
}

template <int kStep, class T> void fill_copy(const WindowCopy<T>& c, const Columns<T>& columns, T* to) {
  constexpr int kLanes = hn::MaxLanes(hn::ScalableTag<T>());
  if (kStep == 1 && c.step_y == 1 && c.pitch == c.width && c.pitch < kLanes && kLanes % c.pitch == 0) {
    return fill_folded_rows(c, columns, to);
  }
  const int64_t length = columns.end - columns.begin / kLanes * kLanes;
  if constexpr (kLanes / 2 * sizeof(T) >= 16) {
    if (c.pitch <= kLanes / 2) return fill_short_rows<kLanes / 2, 1, kStep>(c, columns, to);
  }
  if (length <= kLanes) return fill_short_rows<kLanes, 1, kStep>(c, columns, to);
  if (length <= 2 * kLanes) return fill_short_rows<kLanes, 2, kStep>(c, columns, to);
  if (length <= 3 * kLanes) return fill_short_rows<kLanes, 3, kStep>(c, columns, to);
  if (length <= 4 * kLanes) return fill_short_rows<kLanes, 4, kStep>(c, columns, to);
  fill_long_rows(c, columns, to);
}

#endif

template <class T> void fill_window(const WindowCopy<T>& c) {
  for (int64_t copy = 0; copy < c.copies; ++copy) {
    const Columns<T> columns(c, copy);
    if (columns.begin == columns.end) continue;
    T* to = c.window + copy * c.phases * c.channels * c.plane;
#if HWY_TARGET != HWY_SCALAR
    if (c.step_x <= 2) {
      c.step_x == 1 ? fill_copy<1>(c, columns, to) : fill_copy<2>(c, columns, to);
      continue;
    }
#endif
    fill_long_rows(c, columns, to);
  }
}

// Calls row(sources, at, to) for the rows of a result in their order, as what is written one behind the other costs
// least. A row takes the elements `at` and following of sources.
template <class T, class Row> HWY_INLINE void for_each_row(const Interleaving<T>& s, const Row& row) {
  for (int64_t plane = 0; plane < s.planes; ++plane) {
    const T* const* from = s.from;
    T* to = s.to + plane * s.to_plane;
    for (int64_t y = 0, v = 0, at = plane * s.from_plane; y < s.height; ++y, to += s.width) {
      row(from, at, to);
      from += s.step_x;
      if (++v == s.step_y) v = 0, from = s.from, at += s.from_pitch;
    }
  }
}

// In the widest vectors that fit; the last overlaps the one before.
template <int kLanes, class T> void interleave_pairs(const Interleaving<T>& s) {
  const int64_t pairs = s.width / 2;
  if constexpr (kLanes > 1) {
    if (pairs < kLanes) return interleave_pairs<kLanes / 2>(s);
  }
  const hn::Simd<T, kLanes, 0> d;
  const auto load = [&](const T* from, int64_t at)
                        HWY_ATTR { return from == nullptr ? hn::Zero(d) : hn::LoadU(d, from + at); };
  for_each_row(s, [=](const T* const* from, int64_t at, T* to) HWY_ATTR {
    const T *a = from[0], *b = from[1];
    for (int64_t j = 0; j < pairs; j += kLanes) {
      const int64_t begin = std::min(j, pairs - kLanes);
      hn::StoreInterleaved2(load(a, at + begin), load(b, at + begin), d, to + 2 * begin);
    }
    if (2 * pairs < s.width) to[2 * pairs] = a == nullptr ? T(0) : a[at + pairs];
  });
}

template <class T> void interleave(const Interleaving<T>& s) {
  if (s.step_x == 2) return interleave_pairs<hn::MaxLanes(hn::ScalableTag<T>())>(s);
  for_each_row(s, [&](const T* const* from, int64_t at, T* to) {
    for (int64_t j = 0; j < s.width; ++j) {
      const T* source = from[j % s.step_x];
      to[j] = source == nullptr ? T(0) : source[at + j / s.step_x];
    }
  });
}

template <class T> const PixelTiles<T>& tiles() {
  static constexpr PixelTiles<T> table = {hn::MaxLanes(hn::ScalableTag<T>()),
                                          kMostRows,
                                          kMostVectors,
                                          kSplits,
                                          correlate<T>,
                                          fill_window<T>,
                                          interleave<T>};
  return table;
}

}  // namespace

const PixelTiles<float>& pixel_tiles_float() { return tiles<float>(); }
const PixelTiles<double>& pixel_tiles_double() { return tiles<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(pixel_tiles_float);
HWY_EXPORT(pixel_tiles_double);

template <> const PixelTiles<float>& pixel_tiles() { return STET_DISPATCH(pixel_tiles_float)(); }
template <> const PixelTiles<double>& pixel_tiles() { return STET_DISPATCH(pixel_tiles_double)(); }

}  // namespace stet::cpu_kernels
#endif
