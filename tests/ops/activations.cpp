// Activation functions.
#include <cmath>

#include "ops/case.h"
#include "stet/tensor/math/elementary.h"

namespace stet::testing {
namespace {

constexpr float kAlpha = 1.3f, kSeluScale = 0x1.0cfabd6a91132p0, kSeluBelow = 0x1.c212cc640f03p0;

float sigmoid_of(float x) { return math::sigmoid(x); }
float softplus_of(float x) { return reference::maximum(x, 0.0f) + math::log1p(math::exp(-std::fabs(x))); }
float clamped(float x, float low, float high) { return reference::minimum(reference::maximum(x, low), high); }

// The forward functions, as docs/numerics.md has them; and the gradients for an upstream g.
float hardtanh_of(float x) { return clamped(x, -0.5f, 1.25f); }
float hardtanh_gradient(float g, float x) { return -0.5f < x && x < 1.25f ? g : 0.0f; }
float relu6_of(float x) { return clamped(x, 0, 6); }
float relu6_gradient(float g, float x) { return 0 < x && x < 6 ? g : 0.0f; }
float hardsigmoid_of(float x) { return clamped(x + 3, 0, 6) / 6; }
float hardsigmoid_gradient(float g, float x) { return relu6_gradient(g / 6, x + 3); }
float hardswish_of(float x) { return x * hardsigmoid_of(x); }
float hardswish_gradient(float g, float x) { return g * hardsigmoid_of(x) + hardsigmoid_gradient(g * x, x); }
float leaky_of(float x) { return x > 0 ? x : x * 0.3f; }
float leaky_gradient(float g, float x) { return x > 0 ? g : g * 0.3f; }
float elu_of(float x) { return x > 0 ? x : math::expm1(x) * kAlpha; }
float elu_gradient(float g, float x) { return x > 0 ? g : g * (math::exp(x) * kAlpha); }
float celu_of(float x) { return x > 0 ? x : math::expm1(x / kAlpha) * kAlpha; }
float celu_gradient(float g, float x) { return x > 0 ? g : g * (math::exp(x / kAlpha) * 1.0f); }
float selu_of(float x) { return x > 0 ? x * kSeluScale : math::expm1(x) * kSeluBelow; }
float selu_gradient(float g, float x) { return x > 0 ? g * kSeluScale : g * (math::exp(x) * kSeluBelow); }
float mish_of(float x) { return x * math::tanh(softplus_of(x)); }
float mish_gradient(float g, float x) {
  const float y = math::tanh(softplus_of(x));
  return g * y + ((g * x) * (1.0f - y * y)) * sigmoid_of(x);
}
float log_sigmoid_of(float x) { return -softplus_of(-x); }
float log_sigmoid_gradient(float g, float x) { return -(-g * sigmoid_of(-x)); }
float softsign_of(float x) { return x / (std::fabs(x) + 1); }
float softsign_gradient(float g, float x) {
  const float d = std::fabs(x) + 1;
  return (g / d) / d;
}

Tensor hardtanh_to_part(const Tensor& x) { return hardtanh(x, -0.5, 1.25); }
Tensor leaky(const Tensor& x) { return leaky_relu(x, 0.3); }
Tensor elu_by_alpha(const Tensor& x) { return elu(x, 1.3); }
Tensor celu_by_alpha(const Tensor& x) { return celu(x, 1.3); }

// The gradients of a function of halves a and b, as ops that stand for it have them.
OpCase& halves_row(Table& t, const char* name, Tensor (*op)(const Tensor&, int),
                   Tensor (*of_parts)(const Tensor& a, const Tensor& b)) {
  return t.add(name, [=](auto& x) { return op(x[0], 1); })
      .composed_as(
          [=](auto& x) {
            const int64_t n = x[0].size(1) / 2;
            return of_parts(x[0].slice(1, 0, n), x[0].slice(1, n, 2 * n));
          },
          {{{3, 2}}, {{2, 34, 5}}, {{0, 4}}})
      .smooth_at({{2, 4, 2}})
      .edges_at({{{0, 2}}, {{1, 0}}, {{1, 2}}})
      .digest({{{{3, 6, 33}}}, {{{7, 2862}}, Numbers::wide}})
      .not_on_gpu_in_float64();
}

Tensor with_slopes(const Tensors& x) { return prelu(x[0], x[1]); }

}  // namespace

void add_activations(Table& t) {
  t.unary("hardtanh", hardtanh_to_part, hardtanh_of, hardtanh_gradient);
  t.unary("relu6", relu6, relu6_of, relu6_gradient).smooth_in(-2, 8);
  t.unary("hardsigmoid", hardsigmoid, hardsigmoid_of, hardsigmoid_gradient).smooth_in(-4, 4);
  t.unary("hardswish", hardswish, hardswish_of, hardswish_gradient).smooth_in(-4, 4);
  t.unary("leaky_relu", leaky, leaky_of, leaky_gradient);
  t.unary("elu", elu_by_alpha, elu_of, elu_gradient).not_on_gpu_in_float64();
  t.unary("celu", celu_by_alpha, celu_of, celu_gradient).not_on_gpu_in_float64();
  t.unary("selu", selu, selu_of, selu_gradient).not_on_gpu_in_float64();
  t.unary("mish", mish, mish_of, mish_gradient).not_on_gpu_in_float64();
  t.unary("log_sigmoid", log_sigmoid, log_sigmoid_of, log_sigmoid_gradient).not_on_gpu_in_float64();
  t.unary("softsign", softsign, softsign_of, softsign_gradient);
  halves_row(t, "glu", glu, [](const Tensor& a, const Tensor& b) { return a * sigmoid(b); });
  halves_row(t, "swiglu", swiglu, [](const Tensor& a, const Tensor& b) { return silu(a) * b; });
  t.add("prelu", with_slopes)
      .composed_as(
          [](auto& x) {
            return where(x[0] > 0, x[0], x[0] * x[1].reshape({-1, 1}));
          },
          {{{3, 5, 7}, {5}}})
      .with_gradient([](auto& g, auto& x) {
        const Tensor slope = x[1].reshape({-1, 1});
        const Tensor below = where(x[0] > 0, zeros({}, g.dtype()), g * x[0]);
        return Tensors{where(x[0] > 0, g, g * slope), sum(below, {0, 2})};
      })
      .smooth_at({{2, 3, 2}, {3}})
      .edges_at({{{0, 3}, {3}}, {{2, 1, 0}, {1}}, {{1, 1}, {1}}})
      .digest({{{{3, 5, 33}, {5}}}, {{{70, 9}, {1}}, Numbers::wide}, {{{67}, {1}}, Numbers::special, DType::float64}});
}

}  // namespace stet::testing
