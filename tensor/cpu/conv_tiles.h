// The inner loops of convolution: register tiles, and the copies that feed them.
#pragma once

#include <cstdint>

namespace stet {

/// The tallest tile of any instruction set, and the widest, in vectors.
inline constexpr int kMaxConvRows = 8, kMaxConvVectors = 3;

/// A tile of a correlation: rows are output channels, lanes are output pixels that lie side by side in source and output.
///     out[v][i * row_stride + lane] = sum over k of weights[k * rows + i] * source[v][offset[k] + lane]
/// by the contract's chunks, then + bias[i] and the activation. Lanes from split[v] on are the next row's, which begins `gap` elements
/// further on in the source.
template <class T> struct CorrelationTile {
  const T* source[kMaxConvVectors];
  int split[kMaxConvVectors];
  int64_t gap;  ///< 0 where no vector is split
  T* out[kMaxConvVectors];
  int64_t row_stride;
  const int64_t* offset;
  int64_t depth;  ///< of k
  const T* weights;
  const T* bias;  ///< or null
  bool relu;
};

/// Copies of a source [channels, height, width]: window[copy, phase, channel, i, j] is the source's element (channel, top + phase +
/// i * step_y, shift[copy] + j * step_x). Phases are `step_y` many.
template <class T> struct WindowCopy {
  const T* source;
  int64_t channels, height, width;
  int64_t top, step_y, rows;  ///< rows: of a phase
  const int64_t* shift;
  int64_t copies, step_x, pitch;  ///< pitch: elements of a row
  T* window;
};

template <class T> struct ConvTiles {
  int lanes, max_rows, max_vectors;
  bool splits;  ///< whether split vectors are cheap; if not, the kernel takes none
  /// rows up to max_rows, vectors up to max_vectors.
  void (*correlate)(int rows, int vectors, const CorrelationTile<T>& tile);
  /// The window must hold zeros where the source has no element.
  void (*fill_window)(const WindowCopy<T>& copy);
  /// to[i * to_pitch + j * step + p] = from[p][i * from_pitch + j], for `rows` rows of `count` elements of `to`.
  void (*interleave)(const T* const* from, int64_t step, int64_t from_pitch, int64_t rows, int64_t count, T* to, int64_t to_pitch);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const ConvTiles<T>& conv_tiles();

}  // namespace stet
