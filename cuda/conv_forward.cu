#include "stet/cuda/correlation_launch.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Correlation, cuda::CorrelationAxis, cuda::Queue;

namespace {

template <class T, class I>
void forward(Queue& queue, const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias,
             Activation activation, const Tensor& y) {
  const auto to = [](int64_t n) { return static_cast<I>(n); };
  const int64_t oh = s.out_h(), ow = s.out_w(), channels = s.c / s.groups, terms = channels * s.kh * s.kw;
  const Correlation<T, I> c = {.source = x.data_as<T>(),
                               .weight = weight.data_as<T>(),
                               .bias = bias.defined() ? bias.data_as<T>() : nullptr,
                               .out = y.mutable_data_as<T>(),
                               .activation = activation,
                               .channels = to(channels),
                               .rows = to(s.co / s.groups),
                               .groups = to(s.groups),
                               .plane = to(s.h * s.w),
                               .width = to(s.w),
                               .out_plane = to(oh * ow),
                               .out_width = to(ow),
                               .row_stride = to(terms),
                               .channel_stride = to(s.kh * s.kw),
                               .kernel_width = to(s.kw)};
  const CorrelationAxis<I> down = {to(oh), to(s.stride_h), to(-s.pad_h), to(s.dil_h), to(s.kh), 0, 1, to(s.h), 0, 1};
  const CorrelationAxis<I> along = {to(ow), to(s.stride_w), to(-s.pad_w), to(s.dil_w), to(s.kw), 0, 1, to(s.w), 0, 1};
  const cuda::CorrelationPhases<I, 1> only = {1, {cuda::make_phase(down, along, s.n, channels)}};
  cuda::correlate_tiles<cuda::WeightRowLoader>(queue, c, only);
}

}  // namespace

void conv2d(Queue& queue, const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias,
            Activation activation, const Tensor& y) {
  if (y.elements() == 0) return;
  visit_floating(y.dtype(), [&]<class T>(T) {
    if (cuda::is_small<T>(s) && s.kh * s.kw <= cuda::kMostTaps)
      forward<T, int32_t>(queue, s, x, weight, bias, activation, y);
    else forward<T, int64_t>(queue, s, x, weight, bias, activation, y);
  });
}

}  // namespace stet::cuda_kernels
