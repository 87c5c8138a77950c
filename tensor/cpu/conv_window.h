// The part of an image that a convolution's taps touch, copied with its padding so that no tap needs a test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "stet/tensor/cpu/tiling.h"

namespace stet {

/// One axis of a convolution: output position t and tap i meet source position t * step + tap[i]; outside [0, size)
/// lies padding.
struct ConvAxis {
  int64_t size, step, outputs;
  std::vector<int64_t> tap;

  int64_t first_tap() const { return *std::min_element(tap.begin(), tap.end()); }
  int64_t last_tap() const { return *std::max_element(tap.begin(), tap.end()); }
  /// The number of source positions that `count` neighbouring outputs touch, those between included.
  int64_t extent(int64_t count) const { return (count - 1) * step + last_tap() - first_tap() + 1; }
};

/// Lays out windows [channels, rows, phases, pitch] of at most `max_outputs` rows of outputs. A row's columns are dealt
/// out to `phases` = the column step: so the columns that one tap meets at neighbouring outputs are neighbours in
/// memory.
class ConvWindow {
 public:
  ConvWindow(const ConvAxis& vertical, const ConvAxis& horizontal, int64_t channels, int64_t max_outputs)
      : y_(vertical),
        x_(horizontal),
        channels_(channels),
        rows_(y_.extent(max_outputs)),
        pitch_(pieces_of(x_.extent(x_.outputs), x_.step)),
        row_size_(x_.step * pitch_) {}

  int64_t size() const { return channels_ * rows_ * row_size_; }

  /// Where the tap meets the window of output (0, 0) in a channel; outputs further on are `offset_of_output` further
  /// on.
  int64_t offset_of_tap(int64_t channel, int64_t tap_y, int64_t tap_x) const {
    const int64_t column = tap_x - x_.first_tap();
    return (channel * rows_ + tap_y - y_.first_tap()) * row_size_ + column % x_.step * pitch_ + column / x_.step;
  }
  int64_t offset_of_output(int64_t row, int64_t col) const { return row * y_.step * row_size_ + col; }

  /// Fills the window of `outputs` rows of outputs from `first` on. `source` is contiguous [channels, y.size, x.size].
  template <class T> void fill(const T* source, int64_t first, int64_t outputs, T* window) const {
    const int64_t top = first * y_.step + y_.first_tap(), rows = y_.extent(outputs);
    for (int64_t c = 0; c < channels_; ++c) {
      for (int64_t r = 0; r < rows; ++r) {
        T* to = window + (c * rows_ + r) * row_size_;
        const int64_t y = top + r;
        if (y < 0 || y >= y_.size) {
          std::fill_n(to, row_size_, T(0));
        } else {
          fill_row(source + (c * y_.size + y) * x_.size, to);
        }
      }
    }
  }

 private:
  template <class T> void fill_row(const T* source, T* to) const {
    const int64_t left = x_.first_tap();
    for (int64_t phase = 0; phase < x_.step; ++phase, to += pitch_) {
      // Columns i of this phase are source positions left + phase + i * step; those in [begin, end) exist.
      const int64_t start = left + phase;
      const int64_t begin = std::clamp<int64_t>(start >= 0 ? 0 : pieces_of(-start, x_.step), 0, pitch_);
      const int64_t end = std::clamp<int64_t>(x_.size > start ? pieces_of(x_.size - start, x_.step) : 0, begin, pitch_);
      std::fill(to, to + begin, T(0));
      if (x_.step == 1) {
        std::copy(source + start + begin, source + start + end, to + begin);
      } else {
        for (int64_t i = begin; i < end; ++i) to[i] = source[start + i * x_.step];
      }
      std::fill(to + end, to + pitch_, T(0));
    }
  }

  ConvAxis y_, x_;
  int64_t channels_, rows_, pitch_, row_size_;
};

}  // namespace stet
