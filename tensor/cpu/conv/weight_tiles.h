// The inner loops of a convolution's weight gradient: register tiles, and the transposition that makes channels lanes.
#pragma once

#include <cstdint>

namespace stet::cpu_kernels {

/// The widest tile, in vectors, and the tallest, in runs of rows.
inline constexpr int kMaxWeightVectors = 3, kMaxWeightRuns = 9;

/// Neighbouring output positions of one image. Position p meets `single` at single + p (or single + offset[p]) and
/// `vector` at vector + offset[p] (or vector + p * step).
template <class T> struct PositionRun {
  const T* single;
  const T* vector;
  const int64_t* offset;
  int64_t count;
};

/// A tile of a weight gradient over some terms of one chunk of k: rows take single elements, columns are vectors of
/// channels. Rows come in runs, whose elements lie side by side: row r * run + j finds its element at p + row[r] + j.
///     c[(i * vectors + v) * lanes + lane] += sum over the runs' positions p of single[p + row of i] * vector[p +
///     column[v] + lane]
/// The chain of a chunk that earlier terms began is continued; only the chunk's end is added to c.
template <class T> struct WeightTile {
  const PositionRun<T>* runs;
  int64_t run_count;
  int64_t row[kMaxWeightRuns];
  int64_t column[kMaxWeightVectors];
  int64_t step;  ///< from one position's vectors to the next, where single elements have the offsets
  T *c, *chain;
  bool first;  ///< c starts from +0
  bool begins_chunk, ends_chunk;
};

template <class T> struct WeightTiles {
  using Kernel = void (*)(int runs, int vectors, const WeightTile<T>& tile);
  int lanes;
  struct Kernels {
    Kernel kernel;
    int run;                          ///< rows of one
    int max_runs[kMaxWeightVectors];  ///< of a tile of one vector, of two, of three
  };
  Kernels vectors_at_offsets;  ///< positions lie side by side among single elements, and vectors have the offsets
  Kernels singles_at_offsets;  ///< the other way round
  Kernels triples_at_offsets;  ///< likewise, rows in runs of three
  /// to[p * step + channel] = from[channel * stride + p], p < count, for up to `lanes` channels; the lanes above become
  /// +0.
  void (*transpose)(const T* from, int64_t stride, int64_t channels, int64_t count, T* to, int64_t step);
  /// The same with position p at to[place[p]]. Half as fast: until a place is read, what follows cannot pass the store.
  void (*scatter)(const T* from, int64_t stride, int64_t channels, int64_t count, T* to, const int64_t* place);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const WeightTiles<T>& weight_tiles();

}  // namespace stet::cpu_kernels
