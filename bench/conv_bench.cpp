// Convolution and its gradients in float32, beside oneDNN's where it is installed: GFLOP/s, and the share of the
// measured peak of fused multiply-adds.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "onednn_conv.h"
#include "peak.h"
#include "stet/tensor/cpu/conv/conv.h"
#include "stet/tensor/parallel.h"

namespace {

struct Layer {
  const char* name;
  stet::Window shape;
};

// Shapes: n, c, h, w; co, kh, kw; strides; padding.
const Layer kLayers[] = {
    {"cnn_1_32_28", {64, 1, 28, 28, 32, 3, 3, 1, 1, 0, 0}},
    {"cnn_32_64_26", {64, 32, 26, 26, 64, 3, 3, 1, 1, 0, 0}},
    {"resnet_3_16_32", {64, 3, 32, 32, 16, 3, 3, 1, 1, 1, 1}},
    {"resnet_16_16_32", {64, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1}},
    {"resnet_16_32_32_stride_2", {64, 16, 32, 32, 32, 3, 3, 2, 2, 1, 1}},
    {"resnet_16_32_32_1x1_stride_2", {64, 16, 32, 32, 32, 1, 1, 2, 2, 0, 0}},
    {"resnet_32_32_16", {64, 32, 16, 16, 32, 3, 3, 1, 1, 1, 1}},
    {"resnet_32_64_16_stride_2", {64, 32, 16, 16, 64, 3, 3, 2, 2, 1, 1}},
    {"resnet_32_64_16_1x1_stride_2", {64, 32, 16, 16, 64, 1, 1, 2, 2, 0, 0}},
    {"resnet_64_64_8", {64, 64, 8, 8, 64, 3, 3, 1, 1, 1, 1}},
};

double flops(const stet::Window& s) {
  return 2.0 * static_cast<double>(s.n * s.co * s.out_h() * s.out_w() * (s.c / s.groups) * s.kh * s.kw);
}

stet::Tensor filled(const stet::Shape& shape, int64_t period) {
  stet::Tensor t = stet::Tensor::uninitialized(shape, stet::DType::float32);
  auto* data = t.mutable_data_as<float>();
  for (int64_t i = 0; i < t.elements(); ++i)
    data[i] = static_cast<float>(i % period) / static_cast<float>(period) - 0.5f;
  return t;
}

void run(benchmark::State& state, const stet::Window& s, Pass pass, int threads) {
  namespace kernels = stet::cpu_kernels;
  stet::set_threads(threads);
  const stet::Tensor x = filled({s.n, s.c, s.h, s.w}, 17), weight = filled({s.co, s.c / s.groups, s.kh, s.kw}, 13),
                     y = filled({s.n, s.co, s.out_h(), s.out_w()}, 11);
  for (auto _ : state) {
    if (pass == Pass::forward) kernels::conv2d(s, x, weight, {}, stet::Activation::none, y);
    if (pass == Pass::input_gradient) kernels::conv2d_input_gradient(s, y, weight, x);
    if (pass == Pass::weight_gradient) kernels::conv2d_weight_gradient(s, y, x, weight);
    benchmark::ClobberMemory();
  }
  report_flops<float>(state, flops(s), threads);
}

void run_onednn(benchmark::State& state, const stet::Window& s, Pass pass, int threads) {
  const std::function<void()> call = onednn_conv(s, pass, threads);
  if (!call) return state.SkipWithError("built without oneDNN");
  for (auto _ : state) call();
  report_flops<float>(state, flops(s), threads);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Layer& layer : kLayers) {
    for (auto [pass, name] : {std::pair{Pass::forward, "forward"},
                              {Pass::input_gradient, "input_gradient"},
                              {Pass::weight_gradient, "weight_gradient"}}) {
      for (int threads : {1, 2}) {
        for (auto [who, function] : {std::pair{"stet", &run}, {"onednn", &run_onednn}}) {
          const std::string full =
              std::string(layer.name) + "/" + name + "/threads:" + std::to_string(threads) + "/" + who;
          auto* one = benchmark::RegisterBenchmark(full.c_str(), *function, layer.shape, pass, threads);
          if (threads > 1) one->UseRealTime();
        }
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
