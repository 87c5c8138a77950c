#include <numeric>

#include "stet/cuda/correlation_launch.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Correlation, cuda::CorrelationAxis, cuda::Queue;

namespace {

constexpr int kMostPhases = 16;  // of a launch

// The positions first, first + stride, … of one axis. Tap i is there where (first + pad - i * dilation) / stride is
// whole: every so many taps from the first such one on.
template <class I>
CorrelationAxis<I> axis_of(int64_t first, int64_t size, int64_t stride, int64_t taps, int64_t dilation, int64_t pad,
                           int64_t outputs) {
  const int64_t tap_step = stride / std::gcd(stride, dilation);
  const auto position = [&](int64_t tap) { return first + pad - tap * dilation; };
  int64_t tap = 0;
  while (tap < taps && tap < tap_step && position(tap) % stride != 0) ++tap;
  const bool any = tap < taps && tap < tap_step;
  const auto to = [](int64_t n) { return static_cast<I>(n); };
  return {.outputs = to(cuda::pieces_of(size - first, stride)),
          .step = 1,
          .at = to(any ? position(tap) / stride : 0),
          .at_step = to(-(tap_step * dilation / stride)),
          .taps = to(any ? cuda::pieces_of(taps - tap, tap_step) : 0),
          .tap = to(tap),
          .tap_step = to(tap_step),
          .size = to(outputs),
          .first = to(first),
          .apart = to(stride)};
}

template <class T, class I>
void input_gradient(Queue& queue, const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
  const auto to = [](int64_t n) { return static_cast<I>(n); };
  const int64_t oh = s.out_h(), ow = s.out_w(), channels = s.co / s.groups, rows = s.c / s.groups;
  const Correlation<T, I> c = {.source = dy.data_as<T>(),
                               .weight = weight.data_as<T>(),
                               .bias = nullptr,
                               .out = dx.mutable_data_as<T>(),
                               .activation = Activation::none,
                               .channels = to(channels),
                               .rows = to(rows),
                               .groups = to(s.groups),
                               .plane = to(oh * ow),
                               .width = to(ow),
                               .out_plane = to(s.h * s.w),
                               .out_width = to(s.w),
                               .row_stride = to(s.kh * s.kw),
                               .channel_stride = to(rows * s.kh * s.kw),
                               .kernel_width = to(s.kw)};
  const auto phase = [&](int64_t i, int64_t j) {
    return cuda::make_phase(axis_of<I>(i, s.h, s.stride_h, s.kh, s.dil_h, s.pad_h, oh),
                            axis_of<I>(j, s.w, s.stride_w, s.kw, s.dil_w, s.pad_w, ow), s.n, channels);
  };
  if (s.stride_h == 1 && s.stride_w == 1)
    return cuda::correlate_tiles<cuda::WeightLoader>(queue, c, cuda::CorrelationPhases<I, 1>{1, {phase(0, 0)}});
  cuda::CorrelationPhases<I, kMostPhases> some;
  some.count = 0;
  const auto launch = [&] {
    cuda::correlate_tiles<cuda::WeightLoader>(queue, c, some);
    some.count = 0;
  };
  for (int64_t i = 0; i < std::min(s.stride_h, s.h); ++i) {
    for (int64_t j = 0; j < std::min(s.stride_w, s.w); ++j) {
      some.of[some.count++] = phase(i, j);
      if (some.count == some.kMost) launch();
    }
  }
  if (some.count > 0) launch();
}

}  // namespace

void conv2d_input_gradient(Queue& queue, const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
  if (dx.elements() == 0) return;
  visit_floating(dx.dtype(), [&]<class T>(T) {
    if (cuda::is_small<T>(s) && s.kh * s.kw <= cuda::kMostTaps) input_gradient<T, int32_t>(queue, s, dy, weight, dx);
    else input_gradient<T, int64_t>(queue, s, dy, weight, dx);
  });
}

}  // namespace stet::cuda_kernels
