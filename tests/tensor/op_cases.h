// The table of op cases: each an op and its scalar reference. Tests run it over shapes, layouts and machines.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"
#include "tensor/reference.h"

namespace stet::testing {

using reference::Array;

/// Of one tensor with three axes, whose result keeps them.
struct UnaryCase {
  const char* name;
  std::function<Tensor(const Tensor&)> op;
  std::function<Array<float>(const Array<float>&)> reference;
};

namespace op_cases {

template <class F> std::function<Array<float>(const Array<float>&)> each(F f) {
  return [f](const Array<float>& x) { return reference::map(x, f); };
}

inline Array<float> sub_max(const Array<float>& x) {
  return reference::zip<float>(x, reference::max(x, {-1}), [](float a, float m) { return a - m; });
}
inline Array<float> exps(const Array<float>& x) {
  return reference::map(x, [](float v) { return math::exp(v); });
}

inline Array<float> softmax_reference(const Array<float>& x) {
  const auto e = exps(sub_max(x));
  return reference::zip<float>(e, reference::sum(e, {-1}), [](float a, float s) { return a / s; });
}

inline Array<float> log_softmax_reference(const Array<float>& x) {
  const auto centred = sub_max(x);
  return reference::zip<float>(centred, reference::sum(exps(centred), {-1}),
                               [](float a, float s) { return a - math::log(s); });
}

inline float gelu_erf(float x) { return (x * 0.5f) * (math::erf(x * 0x1.6a09e667f3bcdp-1f) + 1.0f); }
inline float gelu_tanh(float x) {
  const float cube = x * x * x;
  return (x * 0.5f) * (math::tanh((x + cube * 0.044715f) * 0x1.9884533d43651p-1f) + 1.0f);
}

}  // namespace op_cases

inline const std::vector<UnaryCase>& unary_cases() {
  using namespace op_cases;
  static const std::vector<UnaryCase> cases = {
      {"neg", [](auto& x) { return -x; }, each([](float v) { return -v; })},
      {"abs", [](auto& x) { return abs(x); }, each([](float v) { return std::fabs(v); })},
      {"sign", [](auto& x) { return sign(x); }, each([](float v) { return v > 0   ? 1.0f
                                                                          : v < 0 ? -1.0f
                                                                                  : v; })},
      {"relu", [](auto& x) { return relu(x); }, each([](float v) { return v < 0 ? 0.0f : v; })},
      {"exp", [](auto& x) { return exp(x); }, each([](float v) { return math::exp(v); })},
      {"expm1", [](auto& x) { return expm1(x); }, each([](float v) { return math::expm1(v); })},
      {"log", [](auto& x) { return log(x); }, each([](float v) { return math::log(v); })},
      {"log1p", [](auto& x) { return log1p(x); }, each([](float v) { return math::log1p(v); })},
      {"sqrt", [](auto& x) { return sqrt(x); }, each([](float v) { return std::sqrt(v); })},
      {"rsqrt", [](auto& x) { return rsqrt(x); }, each([](float v) { return 1.0f / std::sqrt(v); })},
      {"tanh", [](auto& x) { return tanh(x); }, each([](float v) { return math::tanh(v); })},
      {"sigmoid", [](auto& x) { return sigmoid(x); }, each([](float v) { return math::sigmoid(v); })},
      {"erf", [](auto& x) { return erf(x); }, each([](float v) { return math::erf(v); })},
      {"sin", [](auto& x) { return sin(x); }, each([](float v) { return math::sin(v); })},
      {"cos", [](auto& x) { return cos(x); }, each([](float v) { return math::cos(v); })},
      {"sinpi", [](auto& x) { return sinpi(x); }, each([](float v) { return math::sinpi(v); })},
      {"cospi", [](auto& x) { return cospi(x); }, each([](float v) { return math::cospi(v); })},
      {"gelu_erf", [](auto& x) { return gelu(x); }, each(gelu_erf)},
      {"gelu_tanh", [](auto& x) { return gelu(x, Gelu::tanh); }, each(gelu_tanh)},
      {"silu", [](auto& x) { return silu(x); }, each([](float v) { return v * math::sigmoid(v); })},
      {"softplus", [](auto& x) { return softplus(x); },
       each([](float v) { return reference::maximum(v, 0.0f) + math::log1p(math::exp(-std::fabs(v))); })},
      {"clamp", [](auto& x) { return clamp(x, -0.5, 0.25); },
       each([](float v) { return reference::minimum(reference::maximum(v, -0.5f), 0.25f); })},
      {"cube", [](auto& x) { return pow(x, 3); }, each([](float v) { return (v * v) * v; })},
      {"pow_11", [](auto& x) { return pow(x, 11); }, each([](float v) {
         const float v2 = v * v, v4 = v2 * v2, v5 = v4 * v, v10 = v5 * v5;
         return v10 * v;
       })},
      {"softmax", [](auto& x) { return softmax(x); }, softmax_reference},
      {"log_softmax", [](auto& x) { return log_softmax(x); }, log_softmax_reference},
      {"sum_all", [](auto& x) { return sum(x, {}, true); }, [](auto& x) { return reference::sum(x, {}); }},
      {"sum_last", [](auto& x) { return sum(x, {-1}, true); }, [](auto& x) { return reference::sum(x, {-1}); }},
      {"sum_first", [](auto& x) { return sum(x, {0}, true); }, [](auto& x) { return reference::sum(x, {0}); }},
      {"sum_middle", [](auto& x) { return sum(x, {1}, true); }, [](auto& x) { return reference::sum(x, {1}); }},
      {"sum_ends",
       [](auto& x) {
         return sum(x, {0, 2}, true);
       },
       [](auto& x) {
         return reference::sum(x, {0, 2});
       }},
      {"mean_first_two",
       [](auto& x) {
         return mean(x, {0, 1}, true);
       },
       [](auto& x) {
         const float n = static_cast<float>(x.shape[0] * x.shape[1]);
         return reference::map(reference::sum(x, {0, 1}), [n](float s) { return s / n; });
       }},
      {"max_last", [](auto& x) { return x.elements() ? max(x, {-1}, true) : x; },
       [](auto& x) { return x.values.empty() ? x : reference::max(x, {-1}); }},
      {"max_first", [](auto& x) { return x.elements() ? max(x, {0}, true) : x; },
       [](auto& x) { return x.values.empty() ? x : reference::max(x, {0}); }},
  };
  return cases;
}

/// Of two tensors that meet element by element.
struct BinaryCase {
  const char* name;
  std::function<Tensor(const Tensor&, const Tensor&)> op;
  float (*reference)(float, float);
};

inline const std::vector<BinaryCase>& binary_cases() {
  static const std::vector<BinaryCase> cases = {
      {"add", [](auto& a, auto& b) { return a + b; }, [](float a, float b) { return a + b; }},
      {"sub", [](auto& a, auto& b) { return a - b; }, [](float a, float b) { return a - b; }},
      {"mul", [](auto& a, auto& b) { return a * b; }, [](float a, float b) { return a * b; }},
      {"div", [](auto& a, auto& b) { return a / b; }, [](float a, float b) { return a / b; }},
      {"maximum", [](auto& a, auto& b) { return maximum(a, b); }, reference::maximum<float>},
      {"minimum", [](auto& a, auto& b) { return minimum(a, b); }, reference::minimum<float>},
      {"pow", [](auto& a, auto& b) { return pow(a, b); }, [](float a, float b) { return math::pow(a, b); }},
      {"less", [](auto& a, auto& b) { return (a < b).to(DType::float32); },
       [](float a, float b) { return a < b ? 1.0f : 0.0f; }},
      {"equal", [](auto& a, auto& b) { return (a == b).to(DType::float32); },
       [](float a, float b) { return a == b ? 1.0f : 0.0f; }},
      {"where", [](auto& a, auto& b) { return where(a > b, a, b); }, [](float a, float b) { return a > b ? a : b; }},
  };
  return cases;
}

/// Lengths about the sizes of vectors, chains and blocks, in each place.
inline const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {{1, 1, 0},    {1, 1, 1},    {2, 3, 31},   {1, 5, 32},   {3, 2, 33},
                                         {5, 63, 4},   {2, 65, 64},  {130, 1, 7},  {1, 2, 511},  {3, 1, 512},
                                         {2, 1, 513},  {1, 3, 1023}, {1, 1, 1024}, {2, 1, 1025}, {1, 1, 70001},
                                         {4097, 1, 3}, {7, 300, 9},  {64, 1, 520}, {129, 1, 700}};
  return all;
}

/// The same values behind other strides.
inline Tensor transposed_layout(const Tensor& x) { return contiguous(x.permute({2, 0, 1})).permute({1, 2, 0}); }
inline Tensor gapped_layout(const Tensor& x) {
  return pad(x, {{1, 0}, {2, 1}, {0, 3}}, 7.0)
      .slice(0, 1, 1 + x.size(0))
      .slice(1, 2, 2 + x.size(1))
      .slice(2, 0, x.size(2));
}

}  // namespace stet::testing
