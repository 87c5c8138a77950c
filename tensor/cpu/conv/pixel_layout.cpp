#include "stet/tensor/cpu/conv/pixel_layout.h"

#include <algorithm>

#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/finite.h"

namespace stet::cpu_kernels {

WindowAxis WindowParts::axis_of(const std::vector<TapPhase>& phases, int64_t size, int64_t step) {
  WindowAxis axis = {size, step, phases[0].count, {}};
  for (const TapPhase& phase : phases) axis.tap.insert(axis.tap.end(), phase.at.begin(), phase.at.end());
  std::sort(axis.tap.begin(), axis.tap.end());
  axis.tap.erase(std::unique(axis.tap.begin(), axis.tap.end()), axis.tap.end());
  // An input that no output sees meets no tap at all.
  if (axis.tap.empty()) axis.tap.push_back(0);
  return axis;
}

template <class T>
PixelLayout<T>::PixelLayout(const Correlation<T>& conv, const WindowParts& parts, const RowTiles& rows,
                            bool leave_out_padding)
    : conv_(conv), parts_(parts), rows_(rows) {
  leave_out_padding_ = leave_out_padding && all_finite(conv.weight, conv.weight_count);
  for (size_t phase = 0; phase < conv.y.size() * conv.x.size(); ++phase) {
    for (size_t part = 0; part < parts.parts().size(); ++part) {
      for (int64_t t = 0; t < conv.y[0].count; ++t) {
        const Range y = taps_of_row(phase, part, t);
        if (find(phase, part, y) == nullptr) add(phase, part, y);
      }
    }
  }
  static thread_local Workspace space;
  int64_t size = 0;
  for (const auto& taps : taps_) size += conv.groups * conv.rows * taps->depth();
  packed_ = space.get<T>(size + 1);
  for (const auto& taps : taps_) {
    taps->weights = packed_;
    pack_weights(*taps);
  }
}

// Only where vectors end with rows can rows differ.
template <class T> Range PixelLayout<T>::taps_of_row(size_t phase, size_t part, int64_t t) const {
  const TapPhase& y = y_of(phase);
  const int64_t count = static_cast<int64_t>(y.at.size());
  if (!leave_out_padding_ || parts_.parts()[part].columns.size() % lanes_ != 0) return {0, count};
  const auto padding = [&](int64_t i) {
    const int64_t at = t * conv_.step_y + y.at[static_cast<size_t>(i)];
    return at < 0 || at >= conv_.source_height;
  };
  Range range = {0, count};
  while (range.begin < count && padding(range.begin)) ++range.begin;
  while (range.end > range.begin && padding(range.end - 1)) --range.end;
  return range;
}

template <class T> const PixelTaps<T>* PixelLayout<T>::find(size_t phase, size_t part, Range y) const {
  for (const auto& taps : taps_) {
    if (taps->phase == phase && taps->part == part && taps->y.begin == y.begin && taps->y.end == y.end)
      return taps.get();
  }
  return nullptr;
}

template <class T> void PixelLayout<T>::add(size_t phase, size_t part, Range y) {
  taps_.push_back(std::make_unique<PixelTaps<T>>(PixelTaps<T>{phase, part, y, {}, {}, nullptr}));
  list_terms(*taps_.back());
}

template <class T> void PixelLayout<T>::list_terms(PixelTaps<T>& taps) const {
  const TapPhase &y = y_of(taps.phase), &x = x_of(taps.phase);
  const WindowPart& part = parts_.parts()[taps.part];
  int64_t k = 0;
  for (int64_t c = 0; c < conv_.channels; ++c) {
    for (int64_t i = 0; i < static_cast<int64_t>(y.at.size()); ++i) {
      for (int64_t at_x : x.at) {
        if (k > 0 && k % kProductChunk == 0) taps.chunk_end.push_back(taps.depth());
        ++k;
        if (i < taps.y.begin || i >= taps.y.end) continue;
        taps.offset.push_back(part.base + part.window.offset_of_tap(c, y.at[static_cast<size_t>(i)],
                                                                    at_x + part.columns.begin * conv_.step_x));
      }
    }
  }
  taps.chunk_end.push_back(taps.depth());
}

template <class T> void PixelLayout<T>::pack_weights(const PixelTaps<T>& taps) {
  std::vector<int64_t> places;
  for (int64_t i = taps.y.begin; i < taps.y.end; ++i) {
    for (int64_t j : x_of(taps.phase).tap)
      places.push_back(y_of(taps.phase).tap[static_cast<size_t>(i)] * conv_.kernel_width + j);
  }
  for (int64_t group = 0; group < conv_.groups; ++group) {
    for (int64_t tile = 0; tile < rows_.count; ++tile) {
      const int height = rows_.height(tile);
      for (int row = 0; row < height; ++row) {
        const T* from =
            conv_.weight + group * conv_.weight_group_stride + (rows_.begin(tile) + row) * conv_.weight_row_stride;
        T* to = packed_ + row;
        for (int64_t c = 0; c < conv_.channels; ++c, from += conv_.weight_channel_stride) {
          for (int64_t place : places) *to = from[place], to += height;
        }
      }
      packed_ += taps.depth() * height;
    }
  }
}

template class PixelLayout<float>;
template class PixelLayout<double>;

}  // namespace stet::cpu_kernels
