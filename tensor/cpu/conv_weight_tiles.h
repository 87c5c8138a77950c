// The inner loops of a convolution's weight gradient: register tiles, and the transposition that makes channels lanes.
#pragma once

#include <cstdint>

namespace stet {

/// The widest tile, in vectors, and the tallest.
inline constexpr int kMaxWeightVectors = 3, kMaxWeightRows = 9;

/// Neighbouring output positions of one image. Position p meets `single` at single + p (or single + offset[p]) and `vector` at
/// vector + offset[p] (or vector + p * step).
template <class T> struct PositionRun {
  const T* single;
  const T* vector;
  const int64_t* offset;
  int64_t count;
};

/// A tile of a weight gradient over one chunk of k: rows take single elements, columns are vectors of channels.
///     c[(i * vectors + v) * lanes + lane] += sum over the runs' positions p of single[p + row[i]] * vector[p + column[v] + lane]
template <class T> struct WeightTile {
  const PositionRun<T>* runs;
  int64_t run_count;
  int64_t row[kMaxWeightRows];
  int64_t column[kMaxWeightVectors];
  int64_t step;  ///< from one position's vectors to the next, where single elements have the offsets
  T* c;
  bool first;  ///< c starts from +0
};

template <class T> struct WeightTiles {
  using Kernel = void (*)(int rows, int vectors, const WeightTile<T>& tile);
  int lanes;
  int max_rows[kMaxWeightVectors];  ///< of a tile of one vector, of two, of three
  Kernel vectors_at_offsets;        ///< positions lie side by side among single elements, and vectors have the offsets
  Kernel singles_at_offsets;        ///< the other way round
  /// to[place[p] + channel] = from[channel * stride + p], p < count, for up to `lanes` channels; the lanes above become +0.
  void (*transpose)(const T* from, int64_t stride, int64_t channels, int64_t count, const int64_t* place, T* to);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const WeightTiles<T>& weight_tiles();

}  // namespace stet
