// The part of an image that a convolution's taps touch, copied with its padding and in the order in which lanes run, so that a tap of
// neighbouring outputs is one load.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "stet/tensor/cpu/conv_tiles.h"
#include "stet/tensor/cpu/tiling.h"

namespace stet {

/// One axis of a convolution: output position t and tap i meet source position t * step + tap[i]; outside [0, size)
/// lies padding.
struct ConvAxis {
  int64_t size, step, outputs;
  std::vector<int64_t> tap;  ///< ascending, without repetition, not empty

  /// The number of source positions that `count` neighbouring outputs touch, those between included.
  int64_t extent(int64_t count) const { return (count - 1) * step + tap.back() - tap.front() + 1; }
};

/// Lays out windows [copies, phases, channels, rows, pitch] of at most `max_outputs` rows of outputs. Rows are dealt out to `phases` =
/// the row step. Where an output row is whole vectors, or vectors can be split between rows, taps share one copy. Otherwise each tap of
/// a row has a copy of its own whose rows are as long as the output's: then all outputs of an image lie side by side, and vectors run
/// across the ends of rows.
class ConvWindow {
 public:
  template <class T>
  ConvWindow(const ConvAxis& vertical, const ConvAxis& horizontal, int64_t channels, int64_t max_outputs, const ConvTiles<T>& tiles)
      : y_(vertical), x_(horizontal), channels_(channels), rows_(pieces_of(y_.extent(max_outputs), y_.step)), pitch_(x_.outputs) {
    const int64_t lanes = tiles.lanes;
    const bool splits = tiles.splits && (x_.outputs >= lanes || 2 * x_.outputs == lanes);
    if (x_.step > 1 || x_.tap.size() == 1 || (x_.outputs % lanes != 0 && !splits)) {
      shift_ = x_.tap;
      return;
    }
    if (x_.outputs % lanes != 0) {
      shift_ = {x_.tap.front()};
      pitch_ = x_.extent(x_.outputs);
      return;
    }
    // From a whole vector before the first tap that needs padding.
    const int64_t lead = std::max<int64_t>(0, pieces_of(-x_.tap.front(), lanes) * lanes + x_.tap.front());
    shift_ = {x_.tap.front() - lead};
    pitch_ = pieces_of(lead + x_.extent(x_.outputs), lanes) * lanes;
    // What the last taps read beyond the source is zero, and so is what the next row begins with.
    const int64_t padding = std::max<int64_t>(0, -shift_[0]);
    if (pitch_ - lanes >= x_.size - shift_[0] && lead + x_.extent(x_.outputs) - (pitch_ - lanes) <= padding) pitch_ -= lanes;
  }

  int64_t size() const { return channels_ * copies() * y_.step * rows_ * pitch_; }

  /// Where the tap meets the window of output (0, 0) in a channel; output (t, u) is t * pitch() + u further on.
  int64_t offset_of_tap(int64_t channel, int64_t tap_y, int64_t tap_x) const {
    const int64_t row = tap_y - y_.tap.front();
    const int64_t copy = copies() == 1 ? 0 : std::lower_bound(x_.tap.begin(), x_.tap.end(), tap_x) - x_.tap.begin();
    return (((copy * y_.step + row % y_.step) * channels_ + channel) * rows_ + row / y_.step) * pitch_ + tap_x - shift_[copy];
  }
  int64_t pitch() const { return pitch_; }
  /// How many elements lie between a vector's parts where it is split between two rows of outputs.
  int64_t gap() const { return pitch_ - x_.outputs; }
  /// What vectors may read behind a window.
  int64_t slack(int64_t lanes) const { return lanes + gap(); }

  /// Fills the window of the rows of outputs from `first` on. `source` is contiguous [channels, y.size, x.size]. Zeros must be where
  /// it has no element, and in the vector behind the window.
  template <class T> void fill(const ConvTiles<T>& tiles, const T* source, int64_t first, T* window) const {
    tiles.fill_window({source, channels_, y_.size, x_.size, first * y_.step + y_.tap.front(), y_.step, rows_, shift_.data(), copies(),
                       x_.step, pitch_, window});
  }

 private:
  int64_t copies() const { return static_cast<int64_t>(shift_.size()); }

  ConvAxis y_, x_;
  int64_t channels_, rows_, pitch_;
  std::vector<int64_t> shift_;  // the source's column at a copy's first
};

}  // namespace stet
