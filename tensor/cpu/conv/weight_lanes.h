// The two forms of a convolution's weight gradient, by the channels that are lanes.
//
// k = (n, oh, ow) runs over all of the batch, a chunk at a time. The channels that are lanes are transposed once to
// [position, channel] blocks as wide as a vector; the other side's elements are single. x has the taps, and finds its
// place in a window, an image with its padding, by the offset of the output position; dy's positions lie side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "stet/tensor/cpu/conv/weight_tiles.h"
#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/window.h"

namespace stet::cpu_kernels {

/// Where taps, output positions and an image's elements lie in the window of a channel, or of a block of channels,
/// which has `unit` elements a position.
struct WindowPlaces {
  WindowPlaces(const Window& s, int64_t unit);

  int64_t size;  ///< elements of the window
  std::vector<int64_t> tap, output, pixel;
};

/// Where a vector of sums goes in a group's gradient: its first lane, from one lane to the next, and how many.
struct LanesPlace {
  int64_t first, step, count;
};

/// Output positions [begin, end) of which a row of taps meets the image, not padding.
Range outputs_met(const Window& s, int64_t tap_row);

/// Output positions of one image: `dy` is at the first one's gradient in the first output channel, `window` at the
/// image's.
template <class T> struct Positions {
  const T *dy, *window;
  int64_t first, count;
};

/// What a part of the gradient's sums are of: the single elements are of rows, the lanes of columns. A list has where
/// each row finds its element (of runs of rows the first), and each column its vector.
struct SumLists {
  std::vector<int64_t> row, column;
};

/// The runs of positions of a tile's terms; several lists where tiles leave out different ones.
template <class T> using RunLists = std::vector<std::vector<PositionRun<T>>>;

/// Lanes are input channels: x is transposed, image by image, to windows [block, position, lane]; elements of dy are
/// read where they lie. Rows of sums are output channels, columns (block, tap). A chunk's terms are multiplied at once.
template <class T> class InputChannelLanes {
 public:
  using Element = T;
  static constexpr bool kByPieces = false;
  static constexpr int64_t kPiece = kProductChunk;

  /// `by_rows`: whether each row of taps leaves out the outputs that meet padding there.
  InputChannelLanes(const Window& s, bool by_rows);

  /// A part of the gradient is whole units of channels.
  static int64_t in_unit() { return weight_tiles<T>().lanes; }
  static int64_t out_unit() { return 8; }
  /// The parts of a group's gradient. Each transposes its share of x, at `cost` multiply-adds an element.
  static Grid grid(int64_t out, int64_t in, int64_t wanted, double cost) {
    return choose_grid(out, in, wanted, static_cast<int>(out_unit()), static_cast<int>(in_unit()), 0, cost);
  }
  static bool reads_in_place(const Window&) { return false; }
  /// Whether rows of taps may leave out padding: where tiles of three columns have their taps in one row of the kernel,
  /// and dy is finite beside padding. Such products are zeros then, and a sum that starts from +0 and ends in an
  /// addition to +0 is the same without them.
  static bool leaves_out_padding(const Window& s, const T* dy);

  const typename WeightTiles<T>::Kernels& kernels() const { return tiles_.vectors_at_offsets; }
  void begin(Range in, Range out);
  SumLists sums() const;
  /// From one position's vectors to the next: they have offsets.
  int64_t step() const { return 0; }
  /// Elements of the windows of an image.
  int64_t window_size() const { return blocks_ * places_.size; }
  /// Fills an image's windows, in which padding is zero already, from its input channels.
  void fill(const T* x, T* windows) const;
  RunLists<T> run_lists() const { return RunLists<T>(static_cast<size_t>(by_rows_ ? s_.kh : 1)); }
  /// Adds positions to the lists.
  void add(const Positions<T>& positions, RunLists<T>& lists) const;
  /// Which list a tile whose first column is this takes.
  size_t list_of(int64_t column) const { return static_cast<size_t>(by_rows_ ? column / s_.kw % s_.kh : 0); }
  LanesPlace place(int64_t row, int64_t column) const;

 private:
  const WeightTiles<T>& tiles_ = weight_tiles<T>();
  const Window s_;
  const WindowPlaces places_;
  const bool by_rows_;
  Range in_{}, out_{};
  int64_t blocks_ = 0;
};

/// Lanes are output channels: dy is transposed, piece by piece, to a panel [position, lane] in which it meets elements
/// of x, read where they lie or from windows with padding. Rows of sums are (input channel, tap), columns blocks.
template <class T> class OutputChannelLanes {
 public:
  using Element = T;
  static constexpr bool kByPieces = true;
  /// So many positions stay in the first-level cache while they are multiplied.
  static constexpr int64_t kPiece = 128;

  OutputChannelLanes(const Window& s, bool by_rows);

  static int64_t in_unit() { return 1; }
  static int64_t out_unit() { return weight_tiles<T>().lanes; }
  static Grid grid(int64_t out, int64_t in, int64_t wanted, double cost) {
    return choose_grid(out, in, wanted, static_cast<int>(out_unit()), static_cast<int>(in_unit()), cost, 0);
  }
  static bool reads_in_place(const Window& s) { return s.pad_h == 0 && s.pad_w == 0; }
  static bool leaves_out_padding(const Window&, const T*) { return false; }

  const typename WeightTiles<T>::Kernels& kernels() const { return kernels_; }
  void begin(Range in, Range out);
  SumLists sums() const;
  int64_t step() const { return blocks_ * tiles_.lanes; }
  int64_t window_size() const { return in_.size() * places_.size; }
  void fill(const T* x, T* windows) const;
  RunLists<T> run_lists() const { return RunLists<T>(1); }
  void add(const Positions<T>& positions, RunLists<T>& lists) const;
  size_t list_of(int64_t) const { return 0; }
  LanesPlace place(int64_t row, int64_t column) const;

 private:
  const WeightTiles<T>& tiles_ = weight_tiles<T>();
  const Window s_;
  const WindowPlaces places_;
  const typename WeightTiles<T>::Kernels& kernels_;
  Range in_{}, out_{};
  int64_t blocks_ = 0;
  T* panel_ = nullptr;
};

}  // namespace stet::cpu_kernels
