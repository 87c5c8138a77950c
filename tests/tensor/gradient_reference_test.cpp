// Gradients, bit for bit, against the formulas that docs/numerics.md gives for them, one element after another.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "stet/tensor/autograd.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"
#include "tensor/machines.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using reference::Array;
using testing::all_same_bits;
using testing::awkward;
using testing::on_all_machines;

constexpr float kPi = 0x1.921fb54442d18p1, kErf = 0x1.20dd750429b6dp0, kRootHalf = 0x1.6a09e667f3bcdp-1,
                kRootTwoOverPi = 0x1.9884533d43651p-1;

float sign_of(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x; }

float gelu_tanh(float g, float x) {
  const float t = math::tanh((x + (x * x * x) * 0.044715f) * kRootTwoOverPi);
  const float a = ((g * (x * 0.5f)) * (1.0f - t * t)) * kRootTwoOverPi, b = a * 0.044715f;
  return ((((g * (t + 1.0f)) * 0.5f + a) + b * (x * x)) + (b * x) * x) + (b * x) * x;
}

struct UnaryCase {
  const char* name;
  std::function<Tensor(const Tensor&)> op;
  std::function<float(float g, float x)> gradient;
};

const std::vector<UnaryCase>& unary_cases() {
  using namespace math;
  static const std::vector<UnaryCase> cases = {
      {"neg", [](auto& x) { return -x; }, [](float g, float) { return -g; }},
      {"abs", [](auto& x) { return stet::abs(x); }, [](float g, float x) { return g * sign_of(x); }},
      {"relu", [](auto& x) { return relu(x); }, [](float g, float x) { return x > 0 ? g : 0.0f; }},
      {"square", [](auto& x) { return square(x); }, [](float g, float x) { return g * x + g * x; }},
      {"exp", [](auto& x) { return stet::exp(x); }, [](float g, float x) { return g * exp(x); }},
      {"expm1", [](auto& x) { return stet::expm1(x); }, [](float g, float x) { return g * (expm1(x) + 1.0f); }},
      {"log", [](auto& x) { return stet::log(x); }, [](float g, float x) { return g / x; }},
      {"log1p", [](auto& x) { return stet::log1p(x); }, [](float g, float x) { return g / (x + 1.0f); }},
      {"sqrt", [](auto& x) { return stet::sqrt(x); }, [](float g, float x) { return g / (sqrt(x) * 2.0f); }},
      {"rsqrt", [](auto& x) { return rsqrt(x); },
       [](float g, float x) {
         const float s = sqrt(x);
         return -((g / s) * (1.0f / s)) / (s * 2.0f);
       }},
      {"tanh", [](auto& x) { return stet::tanh(x); },
       [](float g, float x) {
         const float y = tanh(x);
         return g * (1.0f - y * y);
       }},
      {"sigmoid", [](auto& x) { return stet::sigmoid(x); },
       [](float g, float x) {
         const float y = sigmoid(x);
         return g * (y * (1.0f - y));
       }},
      {"erf", [](auto& x) { return stet::erf(x); }, [](float g, float x) { return g * (exp(-(x * x)) * kErf); }},
      {"sin", [](auto& x) { return stet::sin(x); }, [](float g, float x) { return g * cos(x); }},
      {"cos", [](auto& x) { return stet::cos(x); }, [](float g, float x) { return -(g * sin(x)); }},
      {"sinpi", [](auto& x) { return stet::sinpi(x); }, [](float g, float x) { return g * (cospi(x) * kPi); }},
      {"cospi", [](auto& x) { return stet::cospi(x); }, [](float g, float x) { return -(g * (sinpi(x) * kPi)); }},
      {"gelu", [](auto& x) { return gelu(x); },
       [](float g, float x) {
         const float u = x * kRootHalf;
         return ((g * (x * 0.5f)) * (exp(-(u * u)) * kErf)) * kRootHalf + (g * (erf(u) + 1.0f)) * 0.5f;
       }},
      {"gelu_tanh", [](auto& x) { return gelu(x, Gelu::tanh); }, gelu_tanh},
      {"silu", [](auto& x) { return silu(x); },
       [](float g, float x) {
         const float y = sigmoid(x);
         return g * y + (g * x) * (y * (1.0f - y));
       }},
      {"softplus", [](auto& x) { return softplus(x); }, [](float g, float x) { return g * sigmoid(x); }},
      {"clamp", [](auto& x) { return clamp(x, -0.5, 0.25); },
       [](float g, float x) {
         // minimum's, then maximum's: each gives all to its first operand where that is not the lesser choice.
         const float low = reference::maximum(x, -0.5f);
         const float inner = low <= 0.25f ? g : 0.0f;
         return x >= -0.5f ? inner : 0.0f;
       }},
      {"x + 2", [](auto& x) { return x + 2; }, [](float g, float) { return g; }},
      {"2 - x", [](auto& x) { return 2 - x; }, [](float g, float) { return -g; }},
      {"x * 0.1", [](auto& x) { return x * 0.1; }, [](float g, float) { return g * 0.1f; }},
      {"x / 3", [](auto& x) { return x / 3; }, [](float g, float) { return g / 3.0f; }},
      {"3 / x", [](auto& x) { return 3 / x; }, [](float g, float x) { return -((g / x) * (3.0f / x)); }},
  };
  return cases;
}

struct BinaryCase {
  const char* name;
  std::function<Tensor(const Tensor&, const Tensor&)> op;
  std::function<float(float g, float a, float b)> first, second;
};

const std::vector<BinaryCase>& binary_cases() {
  static const std::vector<BinaryCase> cases = {
      {"add", [](auto& a, auto& b) { return a + b; }, [](float g, float, float) { return g; },
       [](float g, float, float) { return g; }},
      {"sub", [](auto& a, auto& b) { return a - b; }, [](float g, float, float) { return g; },
       [](float g, float, float) { return -g; }},
      {"mul", [](auto& a, auto& b) { return a * b; }, [](float g, float, float b) { return g * b; },
       [](float g, float a, float) { return g * a; }},
      {"div", [](auto& a, auto& b) { return a / b; }, [](float g, float, float b) { return g / b; },
       [](float g, float a, float b) { return -((g / b) * (a / b)); }},
      {"maximum", [](auto& a, auto& b) { return maximum(a, b); },
       [](float g, float a, float b) { return a >= b ? g : 0.0f; },
       [](float g, float a, float b) { return a >= b ? 0.0f : g; }},
      {"minimum", [](auto& a, auto& b) { return minimum(a, b); },
       [](float g, float a, float b) { return a <= b ? g : 0.0f; },
       [](float g, float a, float b) { return a <= b ? 0.0f : g; }},
      {"where", [](auto& a, auto& b) { return where(a > b, a, b); },
       [](float g, float a, float b) { return a > b ? g : 0.0f; },
       [](float g, float a, float b) { return a > b ? 0.0f : g; }},
      {"pow", [](auto& a, auto& b) { return pow(a, b); },
       [](float g, float a, float b) { return g * (b * math::pow(a, b - 1.0f)); },
       [](float g, float a, float b) { return g * (math::pow(a, b) * (a == 0 ? 0.0f : math::log(a))); }},
  };
  return cases;
}

const Shape kShapes[] = {{0},   {1},   {31},   {32},   {33},   {63},    {64},    {65},     {511},
                         {512}, {513}, {1023}, {1024}, {1025}, {40009}, {5, 33}, {3, 1, 7}};

TEST(GradientReference, ElementByElement) {
  struct Given {
    const UnaryCase& c;
    Tensor x, g;
    std::vector<float> want;
  };
  std::vector<Given> all;
  for (const Shape& shape : kShapes) {
    for (bool specials : {false, true}) {
      const Tensor x = awkward(shape, 1, specials), g = awkward(shape, 2, specials);
      for (const UnaryCase& c : unary_cases()) {
        const auto want = reference::zip<float>(reference::array<float>(g), reference::array<float>(x), c.gradient);
        all.push_back({c, x, g, want.values});
      }
    }
  }
  on_all_machines([&] {
    for (const auto& [c, x, g, want] : all) {
      SCOPED_TRACE(std::string(c.name) + " " + x.shape().to_string());
      const Tensor watched = watch(x);
      EXPECT_TRUE(all_same_bits(backward(sum(c.op(watched) * g))[watched].to_vector<float>(), want));
    }
  });
}

TEST(GradientReference, OfTwoOperands) {
  for (const Shape& shape : kShapes) {
    for (bool specials : {false, true}) {
      const Tensor a = awkward(shape, 1, specials), b = awkward(shape, 2, specials), g = awkward(shape, 3, specials);
      const auto va = a.to_vector<float>(), vb = b.to_vector<float>(), vg = g.to_vector<float>();
      for (const BinaryCase& c : binary_cases()) {
        SCOPED_TRACE(std::string(c.name) + " " + shape.to_string());
        std::vector<float> first, second;
        for (size_t i = 0; i < vg.size(); ++i) {
          first.push_back(c.first(vg[i], va[i], vb[i]));
          second.push_back(c.second(vg[i], va[i], vb[i]));
        }
        on_all_machines([&] {
          const Tensor left = watch(a), right = watch(b);
          const Gradients got = backward(sum(c.op(left, right) * g));
          EXPECT_TRUE(all_same_bits(got[left].to_vector<float>(), first)) << "first";
          EXPECT_TRUE(all_same_bits(got[right].to_vector<float>(), second)) << "second";
        });
      }
    }
  }
}

// A stretched operand's gradient is summed over all stretched axes in one reduction.
TEST(GradientReference, SumsOverWhatWasStretched) {
  const Shape whole{3, 70, 33};
  const Tensor g = awkward(whole, 3, false), x = awkward(whole, 4, false);
  const auto products = reference::zip<float>(reference::array<float>(g), reference::array<float>(x),
                                              [](float a, float b) { return a * b; });
  const std::pair<Shape, std::vector<int>> cases[] = {
      {{33}, {0, 1}}, {{70, 1}, {0, 2}}, {{3, 1, 33}, {1}}, {{1, 1, 1}, {0, 1, 2}}, {{70, 33}, {0}}};
  for (const auto& [shape, axes] : cases) {
    SCOPED_TRACE(shape.to_string());
    const auto want = reference::sum(products, axes).values;
    const Tensor y = awkward(shape, 5, false);
    on_all_machines([&] {
      const Tensor watched = watch(y);
      EXPECT_TRUE(all_same_bits(backward(sum((x * watched) * g))[watched].to_vector<float>(), want));
    });
  }
}

TEST(GradientReference, Reductions) {
  for (const Shape& shape : {Shape{3, 5, 33}, Shape{2, 130, 7}, Shape{4, 1, 1025}}) {
    for (int axis : {0, 1, 2}) {
      SCOPED_TRACE(shape.to_string() + " axis " + std::to_string(axis));
      const Tensor x = testing::awkward(shape, 1) + 0.0;
      std::vector<int64_t> dims = shape.dims();
      const auto n = static_cast<float>(dims[static_cast<size_t>(axis)]);
      dims[static_cast<size_t>(axis)] = 1;
      const Tensor g = awkward(Shape(dims), 2, false);
      const auto ag = reference::array<float>(g), ax = reference::array<float>(x);
      const auto blank = reference::map(ax, [](float) { return 0.0f; });
      const auto spread = [](const Array<float>& to, const Array<float>& from) {
        return reference::zip<float>(to, from, [](float, float v) { return v; });
      };
      const auto extreme = reference::max(ax, {axis});
      const auto winner = reference::zip<float>(ax, extreme, [](float v, float m) { return v == m ? 1.0f : 0.0f; });
      const auto share =
          reference::zip<float>(ag, reference::sum(winner, {axis}), [](float v, float count) { return v / count; });
      const auto want_max = reference::zip<float>(share, winner, [](float s, float w) { return s * w; });
      on_all_machines([&] {
        const auto gradient = [&](Tensor (*op)(const Tensor&, const Axes&, bool)) {
          const Tensor watched = watch(x);
          return backward(sum(op(watched, {axis}, true) * g))[watched].to_vector<float>();
        };
        EXPECT_TRUE(all_same_bits(gradient(sum), spread(blank, ag).values)) << "sum";
        EXPECT_TRUE(
            all_same_bits(gradient(mean), spread(blank, reference::map(ag, [n](float v) { return v / n; })).values))
            << "mean";
        EXPECT_TRUE(all_same_bits(gradient(max), want_max.values)) << "max";
      });
    }
  }
}

}  // namespace
}  // namespace stet
