// Element-by-element ops and their gradients.
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/work.h"

namespace stet {

void require_same_device(std::string_view op, const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) {
    raise("{}: one tensor is on {}, the other on {}; move one with to()", op, a.device().to_string(),
          b.device().to_string());
  }
}

void require_same_dtype(std::string_view op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) {
    raise("{}: {} and {} don't mix; convert one with to()", op, name_of(a.dtype()), name_of(b.dtype()));
  }
  require_same_device(op, a, b);
}

void require_floating(std::string_view op, const Tensor& x) {
  if (!is_floating(x.dtype())) raise("{}: takes float32 or float64, not {}; convert with to()", op, name_of(x.dtype()));
}

Tensor over_gradient(const Tensor& g) {
  if (g.is_unshared() && g.is_contiguous() && !g.has_gradient()) return g;
  return new_tensor("gradient", g.shape(), g.dtype(), g.device());
}

Tensor accumulate(Tensor a, Tensor b) {
  const bool alike = a.shape() == b.shape() && a.dtype() == b.dtype() && a.device() == b.device();
  if (!alike || a.has_gradient() || b.has_gradient()) return a + b;
  for (Tensor* over : {&a, &b}) {
    if (!over->is_unshared() || !over->is_contiguous()) continue;
    add_work(8 * over->elements());
    backend(over->device()).binary(Binary::add, a, b, *over);
    return std::move(*over);
  }
  return a + b;
}

Tensor apply(Binary op, const char* name, const Tensor& a, const Tensor& b, bool to_bool) {
  require_same_dtype(name, a, b);
  const Shape shape = a.shape() == b.shape() ? a.shape() : broadcast_shape(name, a.shape(), b.shape());
  Tensor y = new_tensor(name, shape, to_bool ? DType::boolean : a.dtype(), a.device());
  NoGrad no_grad;
  add_work(8 * y.elements());
  backend(a.device()).binary(op, broadcast_to(a, shape), broadcast_to(b, shape), y);
  return y;
}

Tensor apply(Unary op, const char* name, const Tensor& x) {
  Tensor y = new_tensor(name, x.shape(), op == Unary::logical_not ? DType::boolean : x.dtype(), x.device());
  add_work(8 * y.elements());
  backend(x.device()).unary(op, x, y);
  return y;
}

namespace {

// A number as a scalar of x's dtype.
Tensor number(double value, const Tensor& x) { return full({}, value, x.dtype(), x.device()); }

// An integer likewise: int64's kernel for numbers takes them as double.
Tensor integer(int64_t value, const Tensor& x) {
  constexpr int64_t kExact = int64_t{1} << 53;
  if (-kExact <= value && value <= kExact) return number(static_cast<double>(value), x);
  return Tensor(value).to(x.dtype()).to(x.device());
}

}  // namespace

Tensor number(const char* op, Number value, const Tensor& x) {
  if (is_floating(x.dtype())) {
    if (!value.integer()) return number(value.value(), x);
    // An integer past 2^53 is rounded once as well, to nearest whatever mode the caller is in.
    const ContractFloatEnv env;
    const int64_t integer = *value.integer();
    return number(x.dtype() == DType::float32 ? double{static_cast<float>(integer)} : static_cast<double>(integer), x);
  }
  const auto exact = value.integral();
  const auto [low, high] = integer_range(x.dtype());
  if (!exact || *exact < low || *exact > high) {
    raise("{}: {} is not a value of {}; convert the tensor with to(DType::float32)", op, value.to_string(),
          name_of(x.dtype()));
  }
  return integer(*exact, x);
}

namespace {

// Throws UsageError unless x / value, or value / x, divides what it seems to.
void require_divisible(const Tensor& x, Number value) {
  if (is_floating(x.dtype()) || value.integer()) return;
  raise(
      "div: an {} tensor and the floating number {} would divide as integers; convert the tensor with "
      "to(DType::float32)",
      name_of(x.dtype()), value.to_string());
}

void require_arithmetic(const char* name, const Tensor& x) {
  if (x.dtype() == DType::boolean) raise("{}: takes numbers, not bool; convert with to(), or use where()", name);
}

}  // namespace

Tensor operator+(const Tensor& a, const Tensor& b) {
  require_arithmetic("add", a);
  return record("add", apply(Binary::add, "add", a, b),
                {{a, [s = a.shape()](const Tensor& g) { return sum_to(g, s); }},
                 {b, [s = b.shape()](const Tensor& g) { return sum_to(g, s); }}});
}

Tensor operator-(const Tensor& a, const Tensor& b) {
  require_arithmetic("sub", a);
  return record("sub", apply(Binary::sub, "sub", a, b),
                {{a, [s = a.shape()](const Tensor& g) { return sum_to(g, s); }},
                 {b, [s = b.shape()](const Tensor& g) { return sum_to(-g, s); }}});
}

Tensor operator*(const Tensor& a, const Tensor& b) {
  require_arithmetic("mul", a);
  return record("mul", apply(Binary::mul, "mul", a, b),
                {{a, [s = a.shape(), b](const Tensor& g) { return sum_to(g * b, s); }},
                 {b, [s = b.shape(), a](const Tensor& g) { return sum_to(g * a, s); }}});
}

Tensor operator/(const Tensor& a, const Tensor& b) {
  require_arithmetic("div", a);
  return record("div", apply(Binary::div, "div", a, b),
                {{a, [s = a.shape(), b](const Tensor& g) { return sum_to(g / b, s); }},
                 {b, [s = b.shape(), a, b](const Tensor& g) {
                    const Tensor ratio = a / b;  // before g / b, whose operand is b too
                    return sum_to(-((g / b) * ratio), s);
                  }}});
}

Tensor operator-(const Tensor& x) {
  require_arithmetic("neg", x);
  return record("neg", apply(Unary::neg, "neg", x), {{x, [](const Tensor& g) { return -g; }}});
}

Tensor operator+(const Tensor& a, Number b) {
  require_arithmetic("add", a);
  return a + number("add", b, a);
}
Tensor operator-(const Tensor& a, Number b) {
  require_arithmetic("sub", a);
  return a - number("sub", b, a);
}
Tensor operator*(const Tensor& a, Number b) {
  require_arithmetic("mul", a);
  return a * number("mul", b, a);
}
Tensor operator/(const Tensor& a, Number b) {
  require_arithmetic("div", a);
  require_divisible(a, b);
  return a / number("div", b, a);
}
Tensor operator+(Number a, const Tensor& b) {
  require_arithmetic("add", b);
  return number("add", a, b) + b;
}
Tensor operator-(Number a, const Tensor& b) {
  require_arithmetic("sub", b);
  return number("sub", a, b) - b;
}
Tensor operator*(Number a, const Tensor& b) {
  require_arithmetic("mul", b);
  return number("mul", a, b) * b;
}
Tensor operator/(Number a, const Tensor& b) {
  require_arithmetic("div", b);
  require_divisible(b, a);
  return number("div", a, b) / b;
}

Tensor operator==(const Tensor& a, const Tensor& b) { return apply(Binary::equal, "==", a, b, true); }
Tensor operator!=(const Tensor& a, const Tensor& b) { return apply(Binary::not_equal, "!=", a, b, true); }
Tensor operator<(const Tensor& a, const Tensor& b) { return apply(Binary::less, "<", a, b, true); }
Tensor operator<=(const Tensor& a, const Tensor& b) { return apply(Binary::less_equal, "<=", a, b, true); }
Tensor operator>(const Tensor& a, const Tensor& b) { return apply(Binary::greater, ">", a, b, true); }
Tensor operator>=(const Tensor& a, const Tensor& b) { return apply(Binary::greater_equal, ">=", a, b, true); }
namespace {

// x op value for integers x (or bool, as 0 and 1) and any number, as mathematics has it.
Tensor compare_integers(Binary op, const char* name, const Tensor& x, Number value) {
  const auto always = [&](bool truth) { return filled(name, x.shape(), truth, DType::boolean, x.device()); };
  const auto [low, high] = integer_range(x.dtype());
  if (std::isnan(value.value())) return always(op == Binary::not_equal);
  if (op == Binary::equal || op == Binary::not_equal) {
    const auto exact = value.integral();
    if (!exact || *exact < low || *exact > high) return always(op == Binary::not_equal);
    return apply(op, name, x, integer(*exact, x), true);
  }
  // x < 2.5 is x < 3, and x <= 2.5 is x <= 2.
  const bool below = op == Binary::less || op == Binary::less_equal;
  if (!value.integer() && value.value() >= 0x1p63) return always(below);
  if (!value.integer() && value.value() < -0x1p63) return always(!below);
  const int64_t bound = op == Binary::less || op == Binary::greater_equal ? value.ceil() : value.floor();
  if (bound > high) return always(below);
  if (bound < low) return always(!below);
  return apply(op, name, x, integer(bound, x), true);
}

Tensor compare(Binary op, const char* name, const Tensor& a, Number b) {
  if (!is_floating(a.dtype())) return compare_integers(op, name, a, b);
  return apply(op, name, a, number(name, b, a), true);
}

}  // namespace

Tensor operator==(const Tensor& a, Number b) { return compare(Binary::equal, "==", a, b); }
Tensor operator!=(const Tensor& a, Number b) { return compare(Binary::not_equal, "!=", a, b); }
Tensor operator<(const Tensor& a, Number b) { return compare(Binary::less, "<", a, b); }
Tensor operator<=(const Tensor& a, Number b) { return compare(Binary::less_equal, "<=", a, b); }
Tensor operator>(const Tensor& a, Number b) { return compare(Binary::greater, ">", a, b); }
Tensor operator>=(const Tensor& a, Number b) { return compare(Binary::greater_equal, ">=", a, b); }

namespace {
void require_bool(const char* name, const Tensor& x) {
  if (x.dtype() != DType::boolean) raise("{}: takes bool, not {}; compare with != 0 first", name, name_of(x.dtype()));
}
}  // namespace

Tensor operator&&(const Tensor& a, const Tensor& b) {
  require_bool("&&", a);
  return apply(Binary::logical_and, "&&", a, b, true);
}
Tensor operator||(const Tensor& a, const Tensor& b) {
  require_bool("||", a);
  return apply(Binary::logical_or, "||", a, b, true);
}
Tensor operator!(const Tensor& x) {
  require_bool("!", x);
  return apply(Unary::logical_not, "!", x);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  require_bool("where", condition);
  require_same_dtype("where", a, b);
  require_same_device("where", condition, a);
  const Shape shape = broadcast_shape("where", condition.shape(), broadcast_shape("where", a.shape(), b.shape()));
  Tensor y = new_tensor("where", shape, a.dtype(), a.device());
  {
    NoGrad no_grad;
    add_work(8 * y.elements());
    backend(a.device()).where(broadcast_to(condition, shape), broadcast_to(a, shape), broadcast_to(b, shape), y);
  }
  const auto pass = [condition](const Tensor& g, bool taken) {
    const Tensor zero = number(0, g);
    return taken ? where(condition, g, zero) : where(condition, zero, g);
  };
  return record("where", y,
                {{a, [s = a.shape(), pass](const Tensor& g) { return sum_to(pass(g, true), s); }},
                 {b, [s = b.shape(), pass](const Tensor& g) { return sum_to(pass(g, false), s); }}});
}

namespace {

// `a` takes the gradient where a_wins(a, b), `b` elsewhere.
Tensor extreme(Binary op, const char* name, const Tensor& a, const Tensor& b,
               Tensor (*a_wins)(const Tensor&, const Tensor&)) {
  require_arithmetic(name, a);
  const auto pass = [a, b, a_wins](const Tensor& g, bool to_a) {
    const Tensor zero = number(0, g);
    const Tensor wins = a_wins(a, b);
    return to_a ? where(wins, g, zero) : where(wins, zero, g);
  };
  return record(name, apply(op, name, a, b),
                {{a, [s = a.shape(), pass](const Tensor& g) { return sum_to(pass(g, true), s); }},
                 {b, [s = b.shape(), pass](const Tensor& g) { return sum_to(pass(g, false), s); }}});
}

}  // namespace

Tensor maximum(const Tensor& a, const Tensor& b) { return extreme(Binary::maximum, "maximum", a, b, operator>=); }
Tensor minimum(const Tensor& a, const Tensor& b) { return extreme(Binary::minimum, "minimum", a, b, operator<=); }

namespace {

// clamp's bounds for integers: those beyond the dtype's range bound nothing.
std::pair<Tensor, Tensor> integer_bounds(const Tensor& x, double low, double high) {
  const auto [least, greatest] = integer_range(x.dtype());
  for (const double bound : {low, high}) {
    if (bound == std::floor(bound)) continue;
    raise("clamp: {} is not a value of {}; convert the tensor with to(DType::float32)", bound, name_of(x.dtype()));
  }
  if (low >= 0x1p63 || high < -0x1p63 || Number(low).ceil() > greatest || Number(high).floor() < least) {
    raise("clamp: no value of {} lies between {} and {}", name_of(x.dtype()), low, high);
  }
  return {integer(std::max(Number(low).ceil(), least), x), integer(std::min(Number(high).floor(), greatest), x)};
}

}  // namespace

Tensor clamp(const Tensor& x, double low, double high) {
  require_arithmetic("clamp", x);
  if (!(low <= high)) raise("clamp: the bounds {} and {} are not in order", low, high);
  if (!is_floating(x.dtype())) {
    const auto [least, greatest] = integer_bounds(x, low, high);
    return minimum(maximum(x, least), greatest);
  }
  return minimum(maximum(x, number(low, x)), number(high, x));
}

Tensor abs(const Tensor& x) {
  require_arithmetic("abs", x);
  return record("abs", apply(Unary::abs, "abs", x), {{x, [x](const Tensor& g) { return g * sign(x); }}});
}

Tensor sign(const Tensor& x) {
  require_arithmetic("sign", x);
  return apply(Unary::sign, "sign", x);
}

Tensor square(const Tensor& x) { return x * x; }

Tensor relu_gradient(const Tensor& g, const Tensor& y) {
  const Tensor dx = over_gradient(g);
  add_work(8 * dx.elements());
  backend(g.device()).binary(Binary::relu_gradient, g, y, dx);
  return record("relu_gradient", dx, {{g, [y = y.detach()](const Tensor& gg) { return relu_gradient(gg, y); }}});
}

Tensor relu(const Tensor& x) {
  require_arithmetic("relu", x);
  // The result is above 0 just where x is, so x need not be kept.
  return record_with_output("relu", apply(Unary::relu, "relu", x), x, relu_gradient);
}

Tensor silu(const Tensor& x) { return x * sigmoid(x); }

Tensor softplus(const Tensor& x) {
  // The parts' own gradients would double at 0, where maximum and abs have a kink that softplus has not.
  const auto value = [&] {
    NoGrad no_grad;
    return maximum(x, number(0, x)) + log1p(exp(-abs(x)));
  }();
  return record("softplus", value, {{x, [x](const Tensor& g) { return g * sigmoid(x); }}});
}

}  // namespace stet
