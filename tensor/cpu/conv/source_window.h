// The part of an image that a convolution's taps touch, copied with its padding and in the order in which lanes run, so
// that a tap of neighbouring outputs is one load.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "stet/tensor/cpu/conv/pixel_tiles.h"
#include "stet/tensor/cpu/tiling.h"

namespace stet::cpu_kernels {

/// One axis of a convolution: output position t and tap i meet source position t * step + tap[i]; outside [0, size)
/// lies padding.
struct WindowAxis {
  int64_t size, step, outputs;
  std::vector<int64_t> tap;  ///< ascending, without repetition, not empty

  /// The number of source positions that `count` neighbouring outputs touch, those between included.
  int64_t extent(int64_t count) const { return (count - 1) * step + tap.back() - tap.front() + 1; }

  /// The same axis with these outputs alone.
  WindowAxis part(Range range) const {
    WindowAxis axis = *this;
    axis.outputs = range.size();
    for (int64_t& at : axis.tap) at += range.begin * step;
    return axis;
  }
};

/// A source of so many bytes fits the first-level cache however far apart its planes are.
inline constexpr int64_t kInPlaceBytes = 32 << 10;

/// Lays out windows [copies, phases, channels, rows, pitch] of at most `max_outputs` rows of outputs. Rows that are
/// equal modulo the row step are a phase; phases beyond the last tap are left out. Where an output row is whole
/// vectors, or vectors can be split between rows, taps that lie whole steps apart share a copy. Otherwise each tap of a
/// row has a copy of its own whose rows are as long as the output's: then all outputs of an image lie side by side, and
/// vectors run across the ends of rows.
class SourceWindow {
 public:
  template <class T>
  SourceWindow(const WindowAxis& vertical, const WindowAxis& horizontal, int64_t channels, int64_t max_outputs,
               const PixelTiles<T>& tiles)
      : y_(vertical),
        x_(horizontal),
        channels_(channels),
        phases_(std::min(y_.step, y_.extent(1))),
        rows_(pieces_of(y_.extent(max_outputs), y_.step)),
        pitch_(x_.outputs) {
    const int64_t lanes = tiles.lanes;
    in_place_ = meets_itself(y_) && meets_itself(x_) && max_outputs == y_.outputs && y_.outputs * x_.outputs >= lanes &&
                channels_ * y_.size * x_.size * static_cast<int64_t>(sizeof(T)) <= kInPlaceBytes;
    if (x_.tap.size() > 1 && x_.outputs % lanes == 0) {
      share_copies(lanes);
    } else if (x_.tap.size() > 1 && x_.step == 1 && splits(x_.outputs, tiles)) {
      shift_ = {x_.tap.front()};
      copy_.assign(x_.tap.size(), 0);
      pitch_ = x_.extent(x_.outputs);
    } else {
      shift_ = x_.tap;
      for (size_t i = 0; i < shift_.size(); ++i) copy_.push_back(static_cast<int64_t>(i));
    }
    // Planes an even number of cache lines apart would meet in few of the cache's sets.
    const int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    plane_ = in_place_ ? y_.size * pitch_ : rows_ * pitch_;
    if (!in_place_ && plane_ % (2 * line) == 0) plane_ += line;
  }

  /// Whether the outputs of a row are best given to two windows: whole vectors, and the rest.
  template <class T> static bool divides(const WindowAxis& x, const PixelTiles<T>& tiles) {
    const bool split = x.step == 1 && splits(x.outputs, tiles);
    return x.tap.size() > 1 && x.outputs > tiles.lanes && x.outputs % tiles.lanes != 0 && !split;
  }

  int64_t size() const { return static_cast<int64_t>(shift_.size()) * phases_ * channels_ * plane_; }

  /// Whether the source is a window as it lies, and needs no copy: each output meets its own position alone.
  bool in_place() const { return in_place_; }

  /// Where the tap meets the window of output (0, 0) in a channel; output (t, u) is t * pitch() + u further on.
  int64_t offset_of_tap(int64_t channel, int64_t tap_y, int64_t tap_x) const {
    const int64_t row = tap_y - y_.tap.front();
    const int64_t copy = copy_[std::lower_bound(x_.tap.begin(), x_.tap.end(), tap_x) - x_.tap.begin()];
    return ((copy * phases_ + row % y_.step) * channels_ + channel) * plane_ + row / y_.step * pitch_ +
           (tap_x - shift_[copy]) / x_.step;
  }
  int64_t pitch() const { return pitch_; }
  /// How many elements lie between a vector's parts where it is split between two rows of outputs.
  int64_t gap() const { return pitch_ - x_.outputs; }
  /// What vectors may read behind a window.
  int64_t slack(int64_t lanes) const { return lanes + gap(); }

  /// Fills the window of the rows of outputs from `first` on. The source is contiguous [channels, y.size, x.size], and
  /// begins at element `at` of a tensor. Zeros must be where it has no element, and in the vector behind the window.
  template <class T>
  void fill(const PixelTiles<T>& tiles, const T* tensor, int64_t tensor_size, int64_t at, int64_t first,
            T* window) const {
    tiles.fill_window({tensor + at, at, tensor_size - at, channels_, y_.size, x_.size, first * y_.step + y_.tap.front(),
                       y_.step, phases_, rows_, shift_.data(), static_cast<int64_t>(shift_.size()), x_.step, pitch_,
                       plane_, window});
  }

 private:
  template <class T> static bool splits(int64_t outputs, const PixelTiles<T>& tiles) {
    return tiles.splits && (outputs >= tiles.lanes || 2 * outputs == tiles.lanes);
  }

  static bool meets_itself(const WindowAxis& axis) {
    return axis.step == 1 && axis.outputs == axis.size && axis.tap.size() == 1 && axis.tap.front() == 0;
  }

  // One copy for the taps of each residue modulo the step.
  void share_copies(int64_t lanes) {
    copy_.resize(x_.tap.size());
    pitch_ = 0;
    for (size_t i = 0; i < x_.tap.size(); ++i) {
      const int64_t first = x_.tap[i];
      const auto same = [&](int64_t tap) { return (tap - first) % x_.step == 0; };
      if (std::any_of(x_.tap.begin(), x_.tap.begin() + static_cast<int64_t>(i), same)) continue;
      int64_t last = first;
      for (size_t j = i; j < x_.tap.size(); ++j) {
        if (same(x_.tap[j])) copy_[j] = static_cast<int64_t>(shift_.size()), last = x_.tap[j];
      }
      // From a whole vector before the first tap that needs padding.
      const int64_t before = elements(-first), lead = pieces_of(before, lanes) * lanes - before;
      const int64_t shift = first - lead * x_.step, extent = lead + x_.outputs + (last - first) / x_.step;
      int64_t pitch = pieces_of(extent, lanes) * lanes;
      // What the last taps read beyond the source is zero, and so is what the next row begins with, if it is of the
      // same copy.
      if (x_.step == 1 && pitch - lanes >= elements(x_.size - shift) && extent - (pitch - lanes) <= elements(-shift))
        pitch -= lanes;
      shift_.push_back(shift);
      pitch_ = std::max(pitch_, pitch);
    }
  }
  // The elements of a copy in `positions` of the source.
  int64_t elements(int64_t positions) const { return std::max<int64_t>(0, pieces_of(positions, x_.step)); }

  WindowAxis y_, x_;
  bool in_place_;
  int64_t channels_, phases_, rows_, pitch_, plane_;
  std::vector<int64_t> shift_;  // the source's column at a copy's first
  std::vector<int64_t> copy_;   // that serves each tap
};

}  // namespace stet::cpu_kernels
