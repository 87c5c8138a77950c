// What all of a correlation's tasks share: the windows that lanes read, and the taps and weights of each kind of output
// row.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "stet/tensor/cpu/conv/correlation.h"
#include "stet/tensor/cpu/conv/pixel_tiles.h"
#include "stet/tensor/cpu/conv/source_window.h"
#include "stet/tensor/cpu/tiling.h"

namespace stet::cpu_kernels {

/// The window of some columns of outputs, and where it begins in an image's room.
struct WindowPart {
  SourceWindow window;
  Range columns;
  int64_t base;
};

/// The parts of an image's windows: one, or one of whole vectors and one of what is left of each row.
class WindowParts {
 public:
  template <class T> WindowParts(const Correlation<T>& conv, int64_t max_outputs, const PixelTiles<T>& tiles) {
    const WindowAxis y = axis_of(conv.y, conv.source_height, conv.step_y),
                     x = axis_of(conv.x, conv.source_width, conv.step_x);
    // A few channels' copies cost less than outputs that do not lie side by side.
    const bool divides = conv.channels >= 8 && SourceWindow::divides(x, tiles);
    const int64_t whole = divides ? x.outputs / tiles.lanes * tiles.lanes : x.outputs;
    for (const Range columns : {Range{0, whole}, Range{whole, x.outputs}}) {
      if (columns.size() == 0 && columns.begin > 0) continue;
      parts_.push_back({SourceWindow(y, x.part(columns), conv.channels, max_outputs, tiles), columns, room_});
      room_ += parts_.back().window.size() + (in_place() ? 0 : parts_.back().window.slack(tiles.lanes));
    }
    if (in_place()) room_ *= conv.groups;
  }

  const std::vector<WindowPart>& parts() const { return parts_; }
  /// Whether the source needs no windows.
  bool in_place() const { return parts_[0].window.in_place(); }
  /// Elements of all windows of an image, or of the source.
  int64_t room() const { return room_; }

 private:
  static WindowAxis axis_of(const std::vector<TapPhase>& phases, int64_t size, int64_t step);

  std::vector<WindowPart> parts_;
  int64_t room_ = 0;
};

/// The terms k of a sum, in order.
template <class T> struct PixelTaps {
  size_t phase, part;
  Range y;                         ///< the phase's vertical taps that take part
  std::vector<int64_t> offset;     ///< of each k in an image's room
  std::vector<int64_t> chunk_end;  ///< where the contract's chunks end
  const T* weights;                ///< by group, then by tile of rows: [k, row] in each

  int64_t depth() const { return static_cast<int64_t>(offset.size()); }
};

/// The taps of every phase and part. Where weights are finite, an output row leaves out the taps that meet rows of
/// padding: such a product is a zero, and a sum that starts from +0 and ends in an addition to +0 is the same without
/// it. Chunks end where they ended with it.
template <class T> class PixelLayout {
 public:
  /// `leave_out_padding`: if weights allow it.
  PixelLayout(const Correlation<T>& conv, const WindowParts& parts, const RowTiles& rows, bool leave_out_padding);

  /// The taps that row t of a phase's outputs meets.
  const PixelTaps<T>& taps(size_t phase, size_t part, int64_t t) const {
    return *find(phase, part, taps_of_row(phase, part, t));
  }

 private:
  Range taps_of_row(size_t phase, size_t part, int64_t t) const;
  const PixelTaps<T>* find(size_t phase, size_t part, Range y) const;
  void add(size_t phase, size_t part, Range y);
  void list_terms(PixelTaps<T>& taps) const;
  void pack_weights(const PixelTaps<T>& taps);
  const TapPhase& y_of(size_t phase) const { return conv_.y[phase / conv_.x.size()]; }
  const TapPhase& x_of(size_t phase) const { return conv_.x[phase % conv_.x.size()]; }

  const Correlation<T>& conv_;
  const WindowParts& parts_;
  const RowTiles& rows_;
  const int lanes_ = pixel_tiles<T>().lanes;
  bool leave_out_padding_;
  std::vector<std::unique_ptr<PixelTaps<T>>> taps_;
  T* packed_ = nullptr;
};

}  // namespace stet::cpu_kernels
