// What convolution's forward and its input's gradient have in common.
#pragma once

#include <cstdint>
#include <vector>

#include "stet/tensor/cpu/tiling.h"

namespace stet::cpu_kernels {

/// Output positions of one axis that meet the same taps: `first`, first + the number of phases, ... The forward has one
/// phase. In the input's gradient, positions that are equal modulo the stride are one.
struct TapPhase {
  int64_t first, count;
  std::vector<int64_t> tap, at;  // indices of the taps, and the source position that each meets at `first`
};

/// The forward and the input's gradient are both this, with other taps and weights: for each phase (v, h),
///   out[n, row, v.first + t * phases, h.first + u * phases] = sum over k = (channel, i, j) of
///       weight[channel, row, v.tap[i], h.tap[j]] * source[n, channel, t * step_y + v.at[i], u * step_x + h.at[j]]
template <class T> struct Correlation {
  int64_t images, groups;
  int64_t channels, rows;  // of a group: those of the source, and those of the output
  const T* source;
  int64_t source_height, source_width, step_y, step_x;
  std::vector<TapPhase> y, x;
  const T* weight;
  int64_t kernel_width, weight_channel_stride, weight_row_stride, weight_group_stride, weight_count;
  T* out;
  int64_t out_height, out_width;
  const T* bias = nullptr;
  bool relu = false;

  bool phased() const { return y.size() * x.size() > 1; }
};

/// Output positions of one axis that meet the same taps in the source, none in padding: of a phase those in `outputs`,
/// which are one step apart, and of its taps those in `taps`.
struct OutputRun {
  const TapPhase* phase;
  Range outputs, taps;
};

/// The runs of an axis of a source of `size` positions, phase by phase.
std::vector<OutputRun> runs_of(const std::vector<TapPhase>& phases, int64_t size, int64_t step);

}  // namespace stet::cpu_kernels
