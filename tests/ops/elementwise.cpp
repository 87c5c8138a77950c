// Element by element.
#include <cmath>

#include "ops/case.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops/composed.h"

namespace stet::testing {
namespace {

constexpr float kPi = 0x1.921fb54442d18p1, kErf = 0x1.20dd750429b6dp0, kRootHalf = 0x1.6a09e667f3bcdp-1,
                kRootTwoOverPi = 0x1.9884533d43651p-1;

// What a row names, for tensors and for numbers.
constexpr auto kNegated = [](const auto& x) { return -x; };
constexpr auto kSum = [](const auto& a, const auto& b) { return a + b; };
constexpr auto kDifference = [](const auto& a, const auto& b) { return a - b; };
constexpr auto kProduct = [](const auto& a, const auto& b) { return a * b; };
constexpr auto kQuotient = [](const auto& a, const auto& b) { return a / b; };
constexpr auto kEqual = [](const auto& a, const auto& b) { return a == b; };
constexpr auto kNotEqual = [](const auto& a, const auto& b) { return a != b; };
constexpr auto kLess = [](const auto& a, const auto& b) { return a < b; };
constexpr auto kLessOrEqual = [](const auto& a, const auto& b) { return a <= b; };
constexpr auto kGreater = [](const auto& a, const auto& b) { return a > b; };
constexpr auto kGreaterOrEqual = [](const auto& a, const auto& b) { return a >= b; };
constexpr auto kBoth = [](const auto& a, const auto& b) { return a > 0 && b > 0; };
constexpr auto kEither = [](const auto& a, const auto& b) { return a > 0 || b > 0; };
constexpr auto kNot = [](const auto& x) { return !(x > 0); };
constexpr auto kCube = [](const auto& x) { return (x * x) * x; };
constexpr auto kPlus2 = [](const auto& x) { return x + 2; };
constexpr auto k2Minus = [](const auto& x) { return 2 - x; };
constexpr auto kOver3 = [](const auto& x) { return x / 3; };
constexpr auto k3Over = [](const auto& x) { return 3 / x; };
template <int n> Tensor raised(const Tensor& x) { return pow(x, n); }
Tensor raised_to_1_7(const Tensor& x) { return pow(x, 1.7); }
Tensor times_tenth(const Tensor& x) { return x * 0.1; }
Tensor with_numbers(const Tensor& x) { return 2 - (3 / (x + 4)) * 0.1 + (1.1 - x) / 3 - 0.7; }
Tensor gelu_by_erf(const Tensor& x) { return gelu(x); }
Tensor gelu_by_tanh(const Tensor& x) { return gelu(x, Gelu::tanh); }
Tensor clamp_to_part(const Tensor& x) { return clamp(x, -0.5, 0.25); }
Tensor power(const Tensor& a, const Tensor& b) { return pow(a, b); }
Tensor larger(const Tensor& a, const Tensor& b) { return where(a > b, a, b); }
Tensor all_comparisons(const Tensor& a, const Tensor& b) { return stack({a == b, a != b, a<b, a <= b, a> b, a >= b}); }
Tensor all_logic(const Tensor& x, const Tensor& y) {
  const Tensor a = x > 0.0, b = y > 0.0;
  return stack({a && b, a || b, !a});
}
Tensor all_comparisons_with_numbers(const Tensor& a) {
  return stack({a == 1.0, a != 1.0, a<0.1, a <= 0.1, a> - 0.1, a >= -0.1});
}

// References of single elements, with the orders of docs/numerics.md; and their gradients for an upstream g.
float magnitude(float x) { return std::fabs(x); }
float sign_of(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x; }
float square_of(float x) { return x * x; }
float rsqrt_of(float x) { return 1.0f / std::sqrt(x); }
float rectified(float x) { return x < 0 ? 0.0f : x; }
float gelu_erf(float x) { return (x * 0.5f) * (math::erf(x * kRootHalf) + 1.0f); }
float gelu_tanh(float x) {
  const float cube = x * x * x;
  return (x * 0.5f) * (math::tanh((x + cube * 0.044715f) * kRootTwoOverPi) + 1.0f);
}
float silu_of(float x) { return x * math::sigmoid(x); }
float softplus_of(float x) { return reference::maximum(x, 0.0f) + math::log1p(math::exp(-std::fabs(x))); }
float clamped(float x) { return reference::minimum(reference::maximum(x, -0.5f), 0.25f); }
float power_7(float x) { return (kCube(x) * kCube(x)) * x; }
float power_11(float x) {
  const float x2 = x * x, x4 = x2 * x2, x5 = x4 * x, x10 = x5 * x5;
  return x10 * x;
}
float power_minus_2(float x) { return 1.0f / (x * x); }
float power_1_7(float x) { return math::pow(x, 1.7f); }
float tenth(float x) { return x * 0.1f; }
float of_numbers(float x) { return ((2.0f - (3.0f / (x + 4.0f)) * 0.1f) + (1.1f - x) / 3.0f) - 0.7f; }
float max_of(float a, float b) { return reference::maximum(a, b); }
float min_of(float a, float b) { return reference::minimum(a, b); }
float larger_of(float a, float b) { return a > b ? a : b; }

float same(float g, float) { return g; }
float negated(float g, float) { return -g; }
float gelu_erf_gradient(float g, float x) {
  const float u = x * kRootHalf;
  return ((g * (x * 0.5f)) * (math::exp(-(u * u)) * kErf)) * kRootHalf + (g * (math::erf(u) + 1.0f)) * 0.5f;
}
float gelu_tanh_gradient(float g, float x) {
  const float t = math::tanh((x + (x * x * x) * 0.044715f) * kRootTwoOverPi);
  const float a = ((g * (x * 0.5f)) * (1.0f - t * t)) * kRootTwoOverPi, b = a * 0.044715f;
  return ((((g * (t + 1.0f)) * 0.5f + a) + b * (x * x)) + (b * x) * x) + (b * x) * x;
}
float tanh_gradient(float g, float x) {
  const float y = math::tanh(x);
  return g * (1.0f - y * y);
}
float sigmoid_gradient(float g, float x) {
  const float y = math::sigmoid(x);
  return g * (y * (1.0f - y));
}
float silu_gradient(float g, float x) {
  const float y = math::sigmoid(x);
  return g * y + (g * x) * (y * (1.0f - y));
}
float expm1_gradient(float g, float x) { return g * (math::expm1(x) + 1.0f); }
float log1p_gradient(float g, float x) { return g / (x + 1.0f); }
float erf_gradient(float g, float x) { return g * (math::exp(-(x * x)) * kErf); }
float sinpi_gradient(float g, float x) { return g * (math::cospi(x) * kPi); }
float cospi_gradient(float g, float x) { return -(g * (math::sinpi(x) * kPi)); }
float tan_gradient(float g, float x) {
  const float y = math::tan(x);
  return g * (y * y + 1.0f);
}
float asin_gradient(float g, float x) { return g / std::sqrt((1.0f - x) * (x + 1.0f)); }
float acos_gradient(float g, float x) { return -asin_gradient(g, x); }
float atan_gradient(float g, float x) { return g / (x * x + 1.0f); }
float log2_gradient(float g, float x) { return g / (x * static_cast<float>(contract::kLog2)); }
float log10_gradient(float g, float x) { return g / (x * static_cast<float>(contract::kLog10)); }
float softplus_gradient(float g, float x) { return g * math::sigmoid(x); }
float rsqrt_gradient(float g, float x) {
  const float s = std::sqrt(x);
  return -((g / s) * (1.0f / s)) / (s * 2.0f);
}
// minimum's, then maximum's: each gives all to its first operand where that is not the lesser choice.
float clamp_gradient(float g, float x) {
  const float inner = reference::maximum(x, -0.5f) <= 0.25f ? g : 0.0f;
  return x >= -0.5f ? inner : 0.0f;
}

// The gradients of a and of b.
float same_of_two(float g, float, float) { return g; }
float negated_of_two(float g, float, float) { return -g; }
float times_b(float g, float, float b) { return g * b; }
float times_a(float g, float a, float) { return g * a; }
float over_b(float g, float, float b) { return g / b; }
float quotient_for_b(float g, float a, float b) { return -((g / b) * (a / b)); }
float power_for_base(float g, float a, float b) { return g * (b * math::pow(a, (a == 0 && b == 0 ? 1 : b) - 1.0f)); }
float power_for_exponent(float g, float a, float b) {
  return g * (math::pow(a, b) * math::log(a == 0 && b >= 0 ? 1 : a));
}
float where_least(float g, float a, float b) { return a <= b ? g : 0.0f; }
float unless_least(float g, float a, float b) { return a <= b ? 0.0f : g; }
float where_most(float g, float a, float b) { return a >= b ? g : 0.0f; }
float unless_most(float g, float a, float b) { return a >= b ? 0.0f : g; }
float where_larger(float g, float a, float b) { return a > b ? g : 0.0f; }
float unless_larger(float g, float a, float b) { return a > b ? 0.0f : g; }

// Fused forward and back.
std::vector<Shapes> vectors() {
  std::vector<Shapes> all;
  for (int64_t n : {1, 7, 15, 16, 17, 31, 33, 1025, 4099, 20011}) all.push_back({{n}});
  return all;
}
Tensor rectified_as_composed(const Tensors& x) { return where(x[0] < 0, zeros({}, x[0].dtype()), x[0]); }
Tensors relu_gradient_as_composed(const Tensor& g, const Tensors& x) {
  return {where(x[0] > 0, g, zeros({}, g.dtype()))};
}
Tensor gelu_as_composed(const Tensors& x) { return composed::gelu(x[0]); }
Tensors gelu_gradient_as_composed(const Tensor& g, const Tensors& x) { return {composed::gelu_gradient(g, x[0])}; }

void add_functions(Table& t) {
  t.unary("neg", kNegated, kNegated, negated).of({"operator-"});
  t.unary("abs", abs, magnitude, [](float g, float x) { return g * sign_of(x); });
  t.unary("square", square, square_of, [](float g, float x) { return g * x + g * x; });
  t.unary("exp", exp, math::exp, [](float g, float x) { return g * math::exp(x); }).not_on_gpu_in_float64();
  t.unary("expm1", expm1, math::expm1, expm1_gradient).not_on_gpu_in_float64();
  t.unary("log", log, math::log, [](float g, float x) { return g / x; }).smooth_in(0.2, 3).not_on_gpu_in_float64();
  t.unary("log1p", log1p, math::log1p, log1p_gradient).smooth_in(-0.7, 3).not_on_gpu_in_float64();
  t.unary("sqrt", sqrt, math::sqrt, [](float g, float x) { return g / (math::sqrt(x) * 2.0f); }).smooth_in(0.3, 3);
  t.unary("rsqrt", rsqrt, rsqrt_of, rsqrt_gradient).smooth_in(0.5, 3);
  t.unary("tanh", tanh, math::tanh, tanh_gradient).not_on_gpu_in_float64();
  t.unary("sigmoid", sigmoid, math::sigmoid, sigmoid_gradient).not_on_gpu_in_float64();
  t.unary("erf", erf, math::erf, erf_gradient).not_on_gpu_in_float64();
  t.unary("sin", sin, math::sin, [](float g, float x) { return g * math::cos(x); }).not_on_gpu_in_float64();
  t.unary("cos", cos, math::cos, [](float g, float x) { return -(g * math::sin(x)); }).not_on_gpu_in_float64();
  t.unary("sinpi", sinpi, math::sinpi, sinpi_gradient).smooth_in(-0.6, 0.6).not_on_gpu_in_float64();
  t.unary("cospi", cospi, math::cospi, cospi_gradient).smooth_in(-0.6, 0.6).not_on_gpu_in_float64();
  t.unary("tan", tan, math::tan, tan_gradient).smooth_in(-1.2, 1.2).not_on_gpu_in_float64();
  t.unary("asin", asin, math::asin, asin_gradient).smooth_in(-0.9, 0.9).not_on_gpu_in_float64();
  t.unary("acos", acos, math::acos, acos_gradient).smooth_in(-0.9, 0.9).not_on_gpu_in_float64();
  t.unary("atan", atan, math::atan, atan_gradient).not_on_gpu_in_float64();
  t.unary("sinh", sinh, math::sinh, [](float g, float x) { return g * math::cosh(x); }).not_on_gpu_in_float64();
  t.unary("cosh", cosh, math::cosh, [](float g, float x) { return g * math::sinh(x); }).not_on_gpu_in_float64();
  t.unary("log2", log2, math::log2, log2_gradient).smooth_in(0.2, 3).not_on_gpu_in_float64();
  t.unary("log10", log10, math::log10, log10_gradient).smooth_in(0.2, 3).not_on_gpu_in_float64();
  t.unary("sign", sign, sign_of, nullptr).without_gradient();
}

void add_smooth_steps(Table& t) {
  t.unary("relu", relu, rectified, [](float g, float x) { return x > 0 ? g : 0.0f; })
      .composed_as(rectified_as_composed, vectors())
      .with_gradient(relu_gradient_as_composed);
  t.unary("gelu", gelu_by_erf, gelu_erf, gelu_erf_gradient)
      .composed_as(gelu_as_composed, vectors())
      .with_gradient(gelu_gradient_as_composed)
      .not_on_gpu_in_float64();
  t.unary("gelu_tanh", gelu_by_tanh, gelu_tanh, gelu_tanh_gradient).of({"gelu"}).not_on_gpu_in_float64();
  t.unary("silu", silu, silu_of, silu_gradient).not_on_gpu_in_float64();
  t.unary("softplus", softplus, softplus_of, softplus_gradient).not_on_gpu_in_float64();
  t.unary("clamp", clamp_to_part, clamped, clamp_gradient);
}

// Of the first some have no reference for their gradients.
void add_powers_and_numbers(Table& t) {
  t.unary("cube", raised<3>, kCube, nullptr).of({"pow"}).undigested();
  t.unary("pow_7", raised<7>, power_7, nullptr).of({"pow"}).equal_at(few_sizes());
  t.unary("pow_11", raised<11>, power_11, nullptr).of({"pow"}).smooth_in(-1.2, 1.2).undigested();
  t.unary("pow_minus_2", raised<-2>, power_minus_2, nullptr).of({"pow"}).equal_at(few_sizes()).smooth_in(1, 5);
  t.unary("pow_1.7", raised_to_1_7, power_1_7, nullptr)
      .of({"pow"})
      .equal_at(few_sizes())
      .smooth_in(0.5, 4.5)
      .not_on_gpu_in_float64();
  t.unary("numbers", with_numbers, of_numbers, nullptr)
      .of({"operator+", "operator-", "operator*", "operator/"})
      .equal_at(few_sizes());
  t.unary("x + 2", kPlus2, kPlus2, same).of({}).equal_at(few_sizes()).undigested();
  t.unary("2 - x", k2Minus, k2Minus, negated).of({}).equal_at(few_sizes()).undigested();
  t.unary("x * 0.1", times_tenth, tenth, [](float g, float) { return tenth(g); })
      .of({})
      .equal_at(few_sizes())
      .undigested();
  t.unary("x / 3", kOver3, kOver3, [](float g, float) { return g / 3; }).of({}).equal_at(few_sizes()).undigested();
  t.unary("3 / x", k3Over, k3Over, [](float g, float x) { return -((g / x) * (3.0f / x)); })
      .of({})
      .equal_at(few_sizes())
      .undigested();
}

void add_arithmetic(Table& t) {
  t.binary("add", kSum, kSum, same_of_two, same_of_two).of({"operator+"});
  t.binary("sub", kDifference, kDifference, same_of_two, negated_of_two).of({"operator-"}).smooth_at({{3, 4}, {3, 1}});
  t.binary("mul", kProduct, kProduct, times_b, times_a).of({"operator*"});
  t.binary("div", kQuotient, kQuotient, over_b, quotient_for_b)
      .of({"operator/"})
      .smooth_at({{3, 4}, {3, 1}}, {{-2, 2}, {1, 5}});
  t.binary("pow", power, math::pow, power_for_base, power_for_exponent)
      .smooth_at({{3, 4}, {4}}, {{0.5, 4.5}, {-2, 2}})
      .not_on_gpu_in_float64();
  t.add("one tensor in both places", [](auto& x) { return x[0] * x[0] - x[0] / (x[0] + 3); })
      .of({})
      .smooth_at({{3, 4}});
}

void add_choices(Table& t) {
  t.binary("maximum", maximum, max_of, where_most, unless_most);
  t.binary("minimum", minimum, min_of, where_least, unless_least).smooth_at({{4}, {3, 4}});
  t.binary("where", larger, larger_of, where_larger, unless_larger);
  t.add("where.square", [](auto& x) { return where(x[0] > 0.3, x[0] * x[0], x[1]); }).smooth_at({{3, 4}, {4}});
}

// Each by itself against the reference; the digest is that of all.
void add_comparisons(Table& t) {
  t.binary("operator==", kEqual, kEqual, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator!=", kNotEqual, kNotEqual, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator<", kLess, kLess, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator<=", kLessOrEqual, kLessOrEqual, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator>", kGreater, kGreater, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator>=", kGreaterOrEqual, kGreaterOrEqual, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator&&", kBoth, kBoth, nullptr, nullptr).without_gradient().undigested();
  t.binary("operator||", kEither, kEither, nullptr, nullptr).without_gradient().undigested();
  t.unary("operator!", kNot, kNot, nullptr).equal_at(few_sizes()).without_gradient().undigested();

  const std::vector<std::string> names = {"operator==", "operator!=", "operator<",
                                          "operator<=", "operator>",  "operator>="};
  t.binary("comparisons", all_comparisons, nullptr, nullptr, nullptr).of(names).without_gradient();
  t.unary("comparisons_with_numbers", all_comparisons_with_numbers, nullptr, nullptr).of(names).without_gradient();
  t.binary("logic", all_logic, nullptr, nullptr, nullptr)
      .of({"operator&&", "operator||", "operator!"})
      .edges_at({})
      .without_gradient()
      .digest({{{{3, 5, 33}, {3, 5, 33}}}});
}

}  // namespace

void add_elementwise(Table& t) {
  add_functions(t);
  add_smooth_steps(t);
  add_powers_and_numbers(t);
  add_arithmetic(t);
  add_choices(t);
  add_comparisons(t);
}

}  // namespace stet::testing
