// The inner loops of convolution: register tiles, and the copies that feed them.
#pragma once

#include <cstdint>

#include "stet/tensor/cpu/prefetch.h"

namespace stet {

/// The tallest tile of any instruction set, and the widest, in vectors.
inline constexpr int kMaxConvRows = 8, kMaxConvVectors = 3;

/// A column of a correlation's tiles: rows are output channels, lanes are output pixels that lie side by side in source and output.
///     out[v][i * row_stride + lane] = sum over k of weight(k, i) * source[v][offset[k] + lane]
/// by chunks of k, then + bias[i] and the activation. Lanes from split[v] on are the next row's, which begins `gap` elements further on
/// in the source.
template <class T> struct CorrelationColumn {
  const T* source[kMaxConvVectors];
  int split[kMaxConvVectors];
  int64_t gap;  ///< 0 where no vector is split
  T* out[kMaxConvVectors];
  int64_t row_stride;
  const int64_t* offset;
  const int64_t* chunk_end;  ///< ascending; the last is the depth
  int64_t chunks;            ///< at least 1
  const T* weights;          ///< tile after tile of RowTiles(rows, max_rows): [k, row] in each
  const T* bias;             ///< or null
  bool relu;
  T *chunk_sums, *totals;  ///< room for [rows, vectors, lanes] in each, aligned
  Prefetch* upcoming;      ///< a part of it is fetched with each tile
};

/// Copies of a source [channels, height, width]: window[copy, phase, channel, i, j] is the source's element (channel, top + phase +
/// i * step_y, shift[copy] + j * step_x). Phases are `step_y` many; planes [i, j] are `plane` elements apart.
template <class T> struct WindowCopy {
  const T* source;
  int64_t before, after;  ///< how many elements can be read before the source, and from its first on
  int64_t channels, height, width;
  int64_t top, step_y, rows;  ///< rows: of a phase
  const int64_t* shift;
  int64_t copies, step_x, pitch, plane;  ///< pitch: elements of a row
  T* window;
};

template <class T> struct ConvTiles {
  int lanes, max_rows, max_vectors;
  bool splits;  ///< whether split vectors are cheap; if not, the kernel takes none
  /// vectors up to max_vectors.
  void (*correlate)(int64_t rows, int vectors, const CorrelationColumn<T>& column);
  /// The window, and the vector behind it, must hold zeros where the source has no element.
  void (*fill_window)(const WindowCopy<T>& copy);
  /// to[i * to_pitch + j * step + p] = from[p][i * from_pitch + j], for `rows` rows of `count` elements of `to`.
  void (*interleave)(const T* const* from, int64_t step, int64_t from_pitch, int64_t rows, int64_t count, T* to, int64_t to_pitch);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const ConvTiles<T>& conv_tiles();

}  // namespace stet
