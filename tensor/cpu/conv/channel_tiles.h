// The inner loops of a correlation whose lanes are output channels: register tiles of single pixels.
#pragma once

#include <cstdint>

#include "stet/tensor/cpu/prefetch.h"

namespace stet::cpu_kernels {

/// A term of a sum: where its element lies, from an output pixel's place in the source, and which weights it has.
struct ChannelTerm {
  int64_t source, weight;
};

/// Terms of one chunk of k, of pixels that all meet them, and so many vectors of output channels. Pixels come in pairs:
/// pixel 2p + i, i < 2, meets a term at source[pair[p] + i * step + term.source].
///     sums[pixel, channel] += sum over terms of weights[term.weight, channel] * that
/// The chain of a chunk that an earlier block began is continued; the chunk's end is added to the total, and the last
/// total gets bias and activation.
template <class T> struct ChannelBlock {
  int vectors;
  const ChannelTerm* terms;
  int64_t count;
  bool begins_chunk, ends_chunk, first_chunk, last_chunk;
  const T* source;
  const int64_t* pair;
  int64_t pairs, step;
  const T* weights;
  const T* bias;  ///< or null
  bool relu;
  T *chunk_sums, *totals;
  Prefetch* upcoming;  ///< a part of it is fetched with each tile
};

/// Sums [pixel, channel] as an output: to[channel * to_step + p] = from[place[p] * width + channel]. There are at least
/// as many pixels as lanes.
template <class T> struct PixelSums {
  const T* from;
  int64_t width;  ///< whole vectors of channels
  const int64_t* place;
  int64_t pixels, channels;
  T* to;
  int64_t to_step;
};

template <class T> struct ChannelTiles {
  int lanes, max_vectors;                          ///< of a tile
  void (*multiply)(const ChannelBlock<T>& block);  ///< weights, bias and sums are aligned
  void (*write_out)(const PixelSums<T>& sums);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const ChannelTiles<T>& channel_tiles();

}  // namespace stet::cpu_kernels
