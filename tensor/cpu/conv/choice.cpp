#include "stet/tensor/cpu/conv/choice.h"

#include <vector>

#include "stet/tensor/cpu/conv/channel_lanes.h"
#include "stet/tensor/cpu/conv/channel_tiles.h"
#include "stet/tensor/cpu/conv/pixel_lanes.h"
#include "stet/tensor/cpu/conv/weight_gradient.h"
#include "stet/tensor/cpu/conv/weight_lanes.h"
#include "stet/tensor/cpu/conv/weight_tiles.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/finite.h"

namespace stet::cpu_kernels {
namespace {

// Pixels that meet the same taps are a class. More classes of a phase's pixels would each have few, to share the
// weights that they fetch into the first-level cache.
constexpr size_t kMaxClasses = 64;

// With channels as lanes, a sum is transposed, which costs as much as so many of its terms. With pixels as lanes, a
// step or phases make the windows dearer, so that less of it counts.
constexpr int64_t kTransposition = 12, kTranspositionLessWindows = 4;

// How many taps an axis' outputs meet, each run's outputs rounded up to whole units.
int64_t terms_met(const std::vector<OutputRun>& runs, int64_t unit) {
  int64_t sum = 0;
  for (const OutputRun& run : runs) sum += pieces_of(run.outputs.size(), unit) * unit * run.taps.size();
  return sum;
}

// The same with those in padding.
int64_t terms_met(const std::vector<TapPhase>& phases) {
  int64_t sum = 0;
  for (const TapPhase& phase : phases) sum += phase.count * static_cast<int64_t>(phase.at.size());
  return sum;
}

// Whether lanes are better output channels than output pixels: where the terms that meet padding, which pixels as lanes
// mostly multiply, are more than the last vector of channels wastes and transposing the sums costs.
template <class T> bool channels_are_better_lanes(const Correlation<T>& conv) {
  const int64_t lanes = channel_tiles<T>().lanes, pixels = conv.out_height * conv.out_width;
  // A tile of a single vector is slow, and sums are written in vectors of pixels.
  if (lanes == 1 || conv.rows <= lanes || pixels < lanes || conv.channels == 0) return false;
  const std::vector<OutputRun> rows = runs_of(conv.y, conv.source_height, conv.step_y),
                               columns = runs_of(conv.x, conv.source_width, conv.step_x);
  if (rows.size() * columns.size() > kMaxClasses * conv.y.size() * conv.x.size()) return false;
  // Pixels come in pairs, and only a single image leaves some without a partner.
  const int64_t unit = conv.images == 1 ? 2 : 1, terms = conv.channels * terms_met(rows, 1) * terms_met(columns, unit);
  const int64_t with_padding = conv.channels * terms_met(conv.y) * terms_met(conv.x);
  const int64_t transposition = conv.step_x > 1 || conv.phased() ? kTranspositionLessWindows : kTransposition;
  if (pieces_of(conv.rows, lanes) * lanes * (terms + transposition * pixels) > conv.rows * with_padding) return false;
  return all_finite(conv.weight, conv.weight_count);
}

// Whether a weight gradient's lanes are better input channels than output channels: the side that fills vectors better.
// If both do, it is the input's, as its tiles need fewer loads; or the output's where much of x meets no tap.
template <class T> bool inputs_are_better_lanes(const Window& s) {
  const int64_t in = s.c / s.groups, out = s.co / s.groups, lanes = weight_tiles<T>().lanes;
  const int64_t input_cost = pieces_of(in, lanes) * out, output_cost = pieces_of(out, lanes) * in;
  if (input_cost != output_cost) return input_cost < output_cost;
  return s.kh * s.kw > 1 || s.stride_h * s.stride_w == 1;
}

}  // namespace

template <class T> void correlate(const Correlation<T>& conv) {
  if (conv.images * conv.groups * conv.rows * conv.out_height * conv.out_width == 0) return;
  channels_are_better_lanes(conv) ? correlate_channel_lanes(conv) : correlate_pixel_lanes(conv);
}

template <class T> void weight_gradient(const Window& s, const T* dy, const T* x, T* dw) {
  if (s.groups * (s.c / s.groups) * (s.co / s.groups) == 0) return;
  inputs_are_better_lanes<T>(s) ? weight_gradient_by<InputChannelLanes<T>>(s, dy, x, dw)
                                : weight_gradient_by<OutputChannelLanes<T>>(s, dy, x, dw);
}

template void correlate(const Correlation<float>& conv);
template void correlate(const Correlation<double>& conv);
template void weight_gradient(const Window& s, const float* dy, const float* x, float* dw);
template void weight_gradient(const Window& s, const double* dy, const double* x, double* dw);

}  // namespace stet::cpu_kernels
