// Rounding, division with a remainder, kinds of numbers; bits of integers.
#include <cmath>
#include <limits>

#include "ops/case.h"

namespace stet::testing {
namespace {

constexpr auto kRemainder = [](const Tensor& a, const Tensor& b) { return remainder(a, b); };
constexpr auto kFloorDivide = [](const Tensor& a, const Tensor& b) { return floor_divide(a, b); };
constexpr auto kFmod = [](const Tensor& a, const Tensor& b) { return fmod(a, b); };

bool differ_in_sign(float a, float b) { return (a < 0) != (b < 0); }
float remainder_of(float a, float b) {
  const float rest = std::fmod(a, b);
  return rest != 0 && differ_in_sign(rest, b) ? rest + b : rest;
}
float floor_quotient(float a, float b) {
  if (b == 0) return a / b;
  const float rest = std::fmod(a, b);
  float quotient = (a - rest) / b;
  if (rest != 0 && differ_in_sign(rest, b)) quotient = quotient - 1;
  if (quotient == 0) return std::copysign(0.0f, a / b);
  const float whole = std::floor(quotient);
  return quotient - whole > 0.5f ? whole + 1 : whole;
}
float fmod_of(float a, float b) { return std::fmod(a, b); }
float same(float g, float, float) { return g; }

void add_rounding(Table& t) {
  t.unary(
       "floor", floor, [](float x) { return std::floor(x); }, nullptr)
      .without_gradient();
  t.unary(
       "ceil", ceil, [](float x) { return std::ceil(x); }, nullptr)
      .without_gradient();
  t.unary(
       "round", round, [](float x) { return std::nearbyint(x); }, nullptr)
      .without_gradient();
  t.unary(
       "trunc", trunc, [](float x) { return std::trunc(x); }, nullptr)
      .without_gradient();
  t.binary("floor_divide", kFloorDivide, floor_quotient, nullptr, nullptr).without_gradient();
  t.binary("remainder", kRemainder, remainder_of, same, [](float g, float a, float b) {
     return -(g * floor_quotient(a, b));
   }).smooth_at({{3, 4}, {3, 1}}, {{-2, 2}, {1, 5}});
  t.binary("fmod", kFmod, fmod_of, same, [](float g, float a, float b) {
     return -(g * std::trunc(a / b));
   }).smooth_at({{3, 4}, {3, 1}}, {{-2, 2}, {1, 5}});
  t.add("remainder.number", [](auto& x) { return remainder(x[0], 0.7) * fmod(x[0], 0.9); }).smooth_at({{3, 4}});
}

void add_kinds(Table& t) {
  t.unary(
       "isnan", isnan, [](float x) { return std::isnan(x) ? 1.0f : 0.0f; }, nullptr)
      .without_gradient();
  t.unary(
       "isinf", isinf, [](float x) { return std::isinf(x) ? 1.0f : 0.0f; }, nullptr)
      .without_gradient();
  t.unary(
       "isfinite", isfinite, [](float x) { return std::isfinite(x) ? 1.0f : 0.0f; }, nullptr)
      .without_gradient();
}

// The int32 that a floating number is converted to, and back.
int32_t whole(float x) {
  constexpr float kEnd = 0x1p31f;
  if (std::isnan(x)) return 0;
  return x >= kEnd   ? std::numeric_limits<int32_t>::max()
         : x < -kEnd ? std::numeric_limits<int32_t>::min()
                     : static_cast<int32_t>(x);
}

// An op of int32, with the amounts of shifts in -5 to 40.
OpCase& of_integers(Table& t, const char* name, Tensor (*op)(const Tensor&, const Tensor&),
                    int64_t (*f)(int64_t, int64_t)) {
  const auto on_integers = [op](const Tensor& a, const Tensor& b) {
    return op(a.to(DType::int32), clamp(b.to(DType::int32), -5, 40)).to(a.dtype());
  };
  const auto reference = [f](float a, float b) {
    return static_cast<float>(static_cast<int32_t>(f(whole(a), std::min(std::max(whole(b), -5), 40))));
  };
  return t.binary(name, on_integers, reference, nullptr, nullptr).without_gradient();
}

void add_bits(Table& t) {
  of_integers(t, "operator&", operator&, [](int64_t a, int64_t b) { return a & b; });
  of_integers(t, "operator|", operator|, [](int64_t a, int64_t b) { return a | b; });
  of_integers(t, "operator^", operator^, [](int64_t a, int64_t b) { return a ^ b; });
  of_integers(t, "operator<<", operator<<,
              [](int64_t a, int64_t b) { return b < 0 || b >= 32 ? 0 : a * (int64_t{1} << b); });
  of_integers(t, "operator>>", operator>>, [](int64_t a, int64_t b) { return a >> (b < 0 || b > 31 ? 31 : b); });
  t.unary(
       "operator~", [](const Tensor& x) { return (~x.to(DType::int32)).to(x.dtype()); },
       [](float x) { return static_cast<float>(-1 - whole(x)); }, nullptr)
      .without_gradient();
}

}  // namespace

void add_whole_numbers(Table& t) {
  add_rounding(t);
  add_kinds(t);
  add_bits(t);
}

}  // namespace stet::testing
