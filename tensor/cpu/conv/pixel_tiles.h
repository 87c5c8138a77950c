// The inner loops of convolution: register tiles, and the copies that feed them.
#pragma once

#include <cstdint>

#include "stet/tensor/cpu/prefetch.h"
#include "stet/tensor/cpu/tiling.h"

namespace stet::cpu_kernels {

/// The tallest tile of any instruction set, and the widest, in vectors.
inline constexpr int kMaxPixelRows = 8, kMaxPixelVectors = 3;

/// A column of a correlation's tiles: `rows` are output channels, lanes are output pixels that lie side by side in
/// source and output.
///     out[v][i * row_stride + lane] = sum over k of weight(k, i) * source[v][offset[k] + lane]
/// by chunks of k, then + bias[i] and the activation. Lanes from split[v] on are the next row's, which begins `gap`
/// elements further on in the source.
template <class T> struct PixelColumn {
  const T* source[kMaxPixelVectors];
  int split[kMaxPixelVectors];
  int64_t gap;  ///< 0 where no vector is split
  T* out[kMaxPixelVectors];
  const RowTiles* rows;
  int64_t row_stride;
  const int64_t* offset;
  const int64_t* chunk_end;  ///< ascending; the last is the depth
  int64_t chunks;            ///< at least 1
  const T* weights;          ///< tile after tile of rows: [k, row] in each
  const T* bias;             ///< or null
  bool relu;
  T *chunk_sums, *totals;  ///< room for [rows, vectors, lanes] in each, aligned
  Prefetch* upcoming;      ///< a part of it is fetched with each tile
};

/// Copies of a source [channels, height, width]: window[copy, phase, channel, i, j] is the source's element (channel,
/// top + phase + i * step_y, shift[copy] + j * step_x). Phases are up to `step_y` many; planes [i, j] are `plane`
/// elements apart.
template <class T> struct WindowCopy {
  const T* source;
  int64_t before, after;  ///< how many elements can be read before the source, and from its first on
  int64_t channels, height, width;
  int64_t top, step_y, phases, rows;  ///< rows: of a phase
  const int64_t* shift;
  int64_t copies, step_x, pitch, plane;  ///< pitch: elements of a row
  T* window;
};

/// Planes [height, width] of `to`, dealt out of smaller ones: element (y, x) is that at (y / step_y, x / step_x) of the
/// source number y % step_y * step_x + x % step_x, or +0 where that is null.
template <class T> struct Interleaving {
  const T* const* from;
  int64_t step_y, step_x, from_plane, from_pitch;  ///< planes and rows of a source are so many elements apart
  int64_t planes, height, width;
  T* to;
  int64_t to_plane;
};

template <class T> struct PixelTiles {
  int lanes, max_rows, max_vectors;  ///< of a tile
  bool splits;                       ///< whether split vectors are cheap; if not, the kernel takes none
  /// vectors up to max_vectors.
  void (*correlate)(int vectors, const PixelColumn<T>& column);
  /// The window, and the vector behind it, must hold zeros where the source has no element.
  void (*fill_window)(const WindowCopy<T>& copy);
  void (*interleave)(const Interleaving<T>& planes);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const PixelTiles<T>& pixel_tiles();

}  // namespace stet::cpu_kernels
