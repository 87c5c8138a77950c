// Convolution and its two gradients on a GPU, on the layers of ResNet-20 and of ResNet-18.
#include "gpu_bench.h"
#include "stet/tensor/backend.h"

namespace gpu_bench {
namespace {

using stet::Window;

struct Layer {
  const char* name;
  Window window;
};

// n, c, h, w; co, kh, kw; strides; padding. torch_gpu.py has the same list.
const Layer kLayers[] = {
    {"resnet20_3_16_32", {128, 3, 32, 32, 16, 3, 3, 1, 1, 1, 1}},
    {"resnet20_16_16_32", {128, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1}},
    {"resnet20_16_32_32_stride_2", {128, 16, 32, 32, 32, 3, 3, 2, 2, 1, 1}},
    {"resnet20_16_32_32_1x1_stride_2", {128, 16, 32, 32, 32, 1, 1, 2, 2, 0, 0}},
    {"resnet20_32_32_16", {128, 32, 16, 16, 32, 3, 3, 1, 1, 1, 1}},
    {"resnet20_64_64_8", {128, 64, 8, 8, 64, 3, 3, 1, 1, 1, 1}},
    {"cnn_32_64_26", {64, 32, 26, 26, 64, 3, 3, 1, 1, 0, 0}},
    {"resnet18_3_64_224_7x7_stride_2", {32, 3, 224, 224, 64, 7, 7, 2, 2, 3, 3}},
    {"resnet18_64_64_56", {32, 64, 56, 56, 64, 3, 3, 1, 1, 1, 1}},
    {"resnet18_64_128_56_stride_2", {32, 64, 56, 56, 128, 3, 3, 2, 2, 1, 1}},
    {"resnet18_64_128_56_1x1_stride_2", {32, 64, 56, 56, 128, 1, 1, 2, 2, 0, 0}},
    {"resnet18_128_128_28", {32, 128, 28, 28, 128, 3, 3, 1, 1, 1, 1}},
    {"resnet18_256_256_14", {32, 256, 14, 14, 256, 3, 3, 1, 1, 1, 1}},
    {"resnet18_512_512_7", {32, 512, 7, 7, 512, 3, 3, 1, 1, 1, 1}},
};
const Layer kTinyLayers[] = {{"tiny", {2, 3, 6, 5, 4, 3, 3, 2, 1, 1, 1}}};

double flops_of(const Window& s) {
  return 2.0 * static_cast<double>(s.n * s.co * s.out_h() * s.out_w() * (s.c / s.groups) * s.kh * s.kw);
}

void add(Cases& to, const Setup& setup, const Layer& layer) {
  const Window s = layer.window;
  const auto add_pass = [&](const char* pass, const auto& run) {
    to.push_back({std::string("conv/") + layer.name + "/" + pass, "stet", flops(flops_of(s)), [=] {
                    const Tensor x = numbers(setup, {s.n, s.c, s.h, s.w});
                    const Tensor weight = numbers(setup, {s.co, s.c / s.groups, s.kh, s.kw});
                    const Tensor y = numbers(setup, {s.n, s.co, s.out_h(), s.out_w()});
                    return [=, &backend = stet::backend(setup.device)] { run(backend, s, x, weight, y); };
                  }});
  };
  using stet::Backend;
  add_pass("forward", [](Backend& b, const Window& s, const Tensor& x, const Tensor& weight, const Tensor& y) {
    b.conv2d(s, x, weight, {}, stet::Activation::none, y);
  });
  add_pass("input_gradient", [](Backend& b, const Window& s, const Tensor& x, const Tensor& weight, const Tensor& y) {
    b.conv2d_input_gradient(s, y, weight, x);
  });
  add_pass("weight_gradient", [](Backend& b, const Window& s, const Tensor& x, const Tensor& weight, const Tensor& y) {
    b.conv2d_weight_gradient(s, y, x, weight);
  });
}

}  // namespace

void add_convolutions(Cases& to, const Setup& setup) {
  if (setup.tiny) {
    for (const Layer& layer : kTinyLayers) add(to, setup, layer);
  } else {
    for (const Layer& layer : kLayers) add(to, setup, layer);
  }
}

}  // namespace gpu_bench
