#include "stet/tensor/cpu/conv/conv.h"

#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/conv/choice.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/dtype.h"

namespace stet::cpu_kernels {
namespace {

TapPhase forward_taps(int64_t outputs, int64_t count, int64_t dilation, int64_t pad) {
  TapPhase phase = {0, outputs, {}, {}};
  for (int64_t i = 0; i < count; ++i) {
    phase.tap.push_back(i);
    phase.at.push_back(i * dilation - pad);
  }
  return phase;
}

template <class T>
void forward(const Window& s, const T* x, const T* weight, T* y, const T* bias, Activation activation) {
  const int64_t channels = s.c / s.groups, rows = s.co / s.groups, taps = s.kh * s.kw;
  Correlation<T> conv;
  conv.images = s.n, conv.groups = s.groups, conv.channels = channels, conv.rows = rows;
  conv.source = x, conv.source_height = s.h, conv.source_width = s.w, conv.step_y = s.stride_h,
  conv.step_x = s.stride_w;
  conv.y = {forward_taps(s.out_h(), s.kh, s.dil_h, s.pad_h)};
  conv.x = {forward_taps(s.out_w(), s.kw, s.dil_w, s.pad_w)};
  conv.weight = weight, conv.kernel_width = s.kw, conv.weight_channel_stride = taps;
  conv.weight_row_stride = channels * taps, conv.weight_group_stride = rows * channels * taps,
  conv.weight_count = s.groups * rows * channels * taps;
  conv.out = y, conv.out_height = s.out_h(), conv.out_width = s.out_w();
  conv.bias = bias, conv.relu = activation == Activation::relu;
  correlate(conv);
}

std::vector<TapPhase> gradient_taps(int64_t size, int64_t stride, int64_t taps, int64_t dilation, int64_t pad) {
  std::vector<TapPhase> phases;
  for (int64_t first = 0; first < std::min(stride, size); ++first) {
    TapPhase phase = {first, pieces_of(size - first, stride), {}, {}};
    for (int64_t i = 0; i < taps; ++i) {
      const int64_t position = first + pad - i * dilation;
      if (position % stride != 0) continue;
      phase.tap.push_back(i);
      phase.at.push_back(position / stride);
    }
    phases.push_back(phase);
  }
  return phases;
}

template <class T> void input_gradient(const Window& s, const T* dy, const T* weight, T* dx) {
  if (s.h * s.w == 0) return;
  const int64_t channels = s.co / s.groups, rows = s.c / s.groups, taps = s.kh * s.kw;
  Correlation<T> conv;
  conv.images = s.n, conv.groups = s.groups, conv.channels = channels, conv.rows = rows;
  conv.source = dy, conv.source_height = s.out_h(), conv.source_width = s.out_w(), conv.step_y = 1, conv.step_x = 1;
  conv.y = gradient_taps(s.h, s.stride_h, s.kh, s.dil_h, s.pad_h);
  conv.x = gradient_taps(s.w, s.stride_w, s.kw, s.dil_w, s.pad_w);
  conv.weight = weight, conv.kernel_width = s.kw, conv.weight_channel_stride = rows * taps;
  conv.weight_row_stride = taps, conv.weight_group_stride = channels * rows * taps,
  conv.weight_count = s.groups * rows * channels * taps;
  conv.out = dx, conv.out_height = s.h, conv.out_width = s.w;
  correlate(conv);
}

}  // namespace

void conv2d(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
            const Tensor& y) {
  visit_floating(y.dtype(), [&]<class T>(T) {
    forward(s, x.data_as<T>(), weight.data_as<T>(), y.mutable_data_as<T>(),
            bias.defined() ? bias.data_as<T>() : nullptr, activation);
  });
}

void conv2d_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx) {
  visit_floating(dx.dtype(),
                 [&]<class T>(T) { input_gradient(s, dy.data_as<T>(), weight.data_as<T>(), dx.mutable_data_as<T>()); });
}

void conv2d_weight_gradient(const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw) {
  visit_floating(dw.dtype(),
                 [&]<class T>(T) { weight_gradient(s, dy.data_as<T>(), x.data_as<T>(), dw.mutable_data_as<T>()); });
}

}  // namespace stet::cpu_kernels
