// Element by element: odd sizes with special values, and sizes that several threads divide.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

std::vector<Inputs> unary_inputs() {
  return {{{{3, 5, 33}}}, {{{7, 2861}}, Values::wide}, {{{67}}, Values::special, DType::float64}};
}

std::vector<Inputs> binary_inputs() {
  return {{{{3, 5, 33}, {3, 5, 33}}},
          {{{3, 5, 33}, {5, 1}}},
          {{{301, 70}, {70}}, Values::wide},
          {{{}, {40}}},
          {{{67}, {67}}, Values::special, DType::float64}};
}

void add_unary(Cases& cases) {
  const auto add = [&](const char* name, Tensor (*op)(const Tensor&)) {
    add_op(cases, name, unary_inputs(), [op](In x) { return op(x[0]); });
  };
  add("neg", [](const Tensor& x) { return -x; });
  add("abs", abs);
  add("square", square);
  add("exp", exp);
  add("expm1", expm1);
  add("log", log);
  add("log1p", log1p);
  add("sqrt", sqrt);
  add("rsqrt", rsqrt);
  add("tanh", tanh);
  add("sigmoid", sigmoid);
  add("erf", erf);
  add("sin", sin);
  add("cos", cos);
  add("sinpi", sinpi);
  add("cospi", cospi);
  add("relu", relu);
  add("gelu", [](const Tensor& x) { return gelu(x); });
  add("gelu_tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); });
  add("silu", silu);
  add("softplus", softplus);
  add("clamp", [](const Tensor& x) { return clamp(x, -0.5, 0.25); });
  add("pow_7", [](const Tensor& x) { return pow(x, 7); });
  add("pow_minus_2", [](const Tensor& x) { return pow(x, -2); });
  add("pow_1.7", [](const Tensor& x) { return pow(x, 1.7); });
  add("numbers", [](const Tensor& x) { return 2 - (3 / (x + 4)) * 0.1 + (1.1 - x) / 3 - 0.7; });
  add_forward(cases, "sign", unary_inputs(), [](In x) { return sign(x[0]); });
}

void add_binary(Cases& cases) {
  const auto add = [&](const char* name, Tensor (*op)(const Tensor&, const Tensor&)) {
    add_op(cases, name, binary_inputs(), [op](In x) { return op(x[0], x[1]); });
  };
  add("add", [](const Tensor& a, const Tensor& b) { return a + b; });
  add("sub", [](const Tensor& a, const Tensor& b) { return a - b; });
  add("mul", [](const Tensor& a, const Tensor& b) { return a * b; });
  add("div", [](const Tensor& a, const Tensor& b) { return a / b; });
  add("maximum", maximum);
  add("minimum", minimum);
  add("pow", [](const Tensor& a, const Tensor& b) { return pow(a, b); });
  add("where", [](const Tensor& a, const Tensor& b) { return where(a > b, a, b); });
  add_forward(cases, "comparisons", binary_inputs(), [](In x) {
    const Tensor &a = x[0], &b = x[1];
    return stack({a == b, a != b, a<b, a <= b, a> b, a >= b});
  });
  add_forward(cases, "comparisons_with_numbers", unary_inputs(), [](In x) {
    const Tensor& a = x[0];
    return stack({a == 1.0, a != 1.0, a<0.1, a <= 0.1, a> - 0.1, a >= -0.1});
  });
  add_forward(cases, "logic", {{{{3, 5, 33}, {3, 5, 33}}}}, [](In x) {
    const Tensor a = x[0] > 0.0, b = x[1] > 0.0;
    return stack({a && b, a || b, !a});
  });
}

Tensor integers(DType dtype, uint64_t seed) {
  const Tensor words = indices({4111}, seed, 4294967296) - 2147483648.0;
  return dtype == DType::int64 ? words * words * words : words.to(dtype);
}

void add_dtypes(Cases& cases) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8}) {
    cases.push_back(
        {std::string(name_of(dtype)) + ".arithmetic", [dtype](Trace& trace) {
           const Tensor a = integers(dtype, 1), b = integers(dtype, 2);
           const Tensor divisor = where(b == 0.0, ones(b.shape(), dtype, device()), b);
           for (const Tensor& y : {a + b, a - b, a * b, a / divisor, -a, abs(a), maximum(a, b), minimum(a, b)})
             trace(y);
           for (const Tensor& y : {sum(a), max(a), min(a), argmax(a), argmin(b)}) trace(y);
         }});
  }
  const DType all[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};
  for (DType from : all) {
    cases.push_back({"from_" + std::string(name_of(from)), [from, all](Trace& trace) {
                       const Tensor x = from == DType::float32 || from == DType::float64
                                            ? pow(values({4111}, 3, Values::special, from), 3)
                                            : integers(from, 3);
                       for (DType to : all) trace(x.to(to));
                     }});
  }
}

}  // namespace

void add_elementwise(Cases& cases) {
  add_unary(cases);
  add_binary(cases);
  add_dtypes(cases);
}

}  // namespace stet::digests
