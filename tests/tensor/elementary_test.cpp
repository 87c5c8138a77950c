// The elementary functions against GNU MPFR, on every instruction set; bench/exhaustive.cpp takes all arguments.
#include "stet/tensor/math/elementary.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "stet/tensor/math/mpfr_scope.h"
#include "stet/tensor/simd/isa.h"

namespace stet {
namespace {

struct Function {
  const char* name;
  Elementary id;
  float (*one)(float);
  double (*one_double)(double);

  friend void PrintTo(const Function& f, std::ostream* out) { *out << f.name; }
};

const Function kFunctions[] = {
    {"exp", Elementary::exp, math::exp, math::exp},
    {"expm1", Elementary::expm1, math::expm1, math::expm1},
    {"log", Elementary::log, math::log, math::log},
    {"log1p", Elementary::log1p, math::log1p, math::log1p},
    {"tanh", Elementary::tanh, math::tanh, math::tanh},
    {"sigmoid", Elementary::sigmoid, math::sigmoid, math::sigmoid},
    {"erf", Elementary::erf, math::erf, math::erf},
    {"sqrt", Elementary::sqrt, math::sqrt, math::sqrt},
    {"sin", Elementary::sin, math::sin, math::sin},
    {"cos", Elementary::cos, math::cos, math::cos},
    {"sinpi", Elementary::sinpi, math::sinpi, math::sinpi},
    {"cospi", Elementary::cospi, math::cospi, math::cospi},
    {"tan", Elementary::tan, math::tan, math::tan},
    {"asin", Elementary::asin, math::asin, math::asin},
    {"acos", Elementary::acos, math::acos, math::acos},
    {"atan", Elementary::atan, math::atan, math::atan},
    {"sinh", Elementary::sinh, math::sinh, math::sinh},
    {"cosh", Elementary::cosh, math::cosh, math::cosh},
    {"log2", Elementary::log2, math::log2, math::log2},
    {"log10", Elementary::log10, math::log10, math::log10},
};

template <class T> bool same(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

// Special values, the edges of the functions' ranges with their neighbours, arguments whose results nearly are ties,
// and a sample of all bit patterns.
std::vector<float> arguments() {
  std::vector<float> x = {
      0,        kInf,     kNan,     0x1p-149f, 0x1.fffffep127f, 0x1p-126f,  0x1p-127f, 0.5f,    1,       1.5f,
      2,        2.5f,     10,       20,        0x1p23f,         0x1p24f,    0x1p25f,   0x1p31f, 0x1p52f, 0x1p-12f,
      0x1p-25f, 0x1p-24f, 0x1p-23f, 0x1p-6f,   0.25f,           4194304.5f, 8388607.5f};
  // Where exp, expm1, tanh, sigmoid and erf overflow, underflow or saturate; multiples of pi/2 of all sizes.
  for (float edge :
       {88.72284f,       88.8f,      103.97208f,  104.5f,     17.32868f,       9.010913f,      3.832507f,
        3.9999f,         1.5707964f, 3.1415927f,  0.7853982f, 6.2831855f,      0x1.921fb6p20f, 0x1.ec1ba4p49f,
        0x1.6ac5b2p102f, 0.6931472f, 0.70710677f, 1.4142135f, 0x1.250c02p-10f, 89.41599f,      90.0f,
        1000.0f,         0.0625f,    0.1875f,     0.9375f,    16.0f / 15,      16.0f}) {
    x.push_back(edge);
  }
  for (size_t i = 0, n = x.size(); i < n; ++i) {
    if (!std::isfinite(x[i])) continue;
    for (int ulps = -3; ulps <= 3; ++ulps) {
      x.push_back(std::bit_cast<float>(static_cast<uint32_t>(std::max(0, std::bit_cast<int32_t>(x[i]) + ulps))));
    }
  }
  // 1/2 + x/4 is a tie that the next term breaks; so are 1 + x and 1 - x^2/2 for some.
  for (int i = 1; i < 400; ++i) x.push_back(static_cast<float>(2 * i + 1) * 0x1p-24f);
  // The first and last argument of each exponent.
  for (uint32_t e = 0; e < 255; ++e) {
    x.push_back(std::bit_cast<float>(e << 23));
    x.push_back(std::bit_cast<float>((e << 23) + 0x7fffff));
  }
  for (size_t i = 0, n = x.size(); i < n; ++i) x.push_back(-x[i]);
  std::mt19937 random(7);
  for (int i = 0; i < 1 << 17; ++i) x.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  // Most of the bit patterns above saturate; these do not.
  for (int i = 0; i < 1 << 16; ++i) {
    const float unit = static_cast<float>(random()) * 0x1p-31f - 1;
    x.push_back(unit * static_cast<float>(1 << (i % 8)));
  }
  return x;
}

class ElementaryTest : public testing::TestWithParam<Function> {
 protected:
  ~ElementaryTest() override { set_isa(before_); }
  const std::string before_ = isa();
};

TEST_P(ElementaryTest, RoundsCorrectlyOnEveryInstructionSet) {
  const std::vector<float> x = arguments();
  std::vector<float> want(x.size());
  {
    math::MpfrScope exact(math::kFloat32);
    for (size_t i = 0; i < x.size(); ++i) want[i] = static_cast<float>(exact(GetParam().id, x[i]));
  }
  for (const std::string& name : available_isas()) {
    set_isa(name);
    std::vector<float> got(x.size());
    apply(GetParam().id, x.data(), got.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(same(got[i], want[i])) << name << ": " << GetParam().name << "(" << std::hexfloat << x[i] << ") gave "
                                         << got[i] << ", not " << want[i];
    }
  }
  for (size_t i = 0; i < x.size(); i += 7) ASSERT_TRUE(same(GetParam().one(x[i]), want[i])) << std::hexfloat << x[i];
}

TEST_P(ElementaryTest, AnyLengthAlignmentAndInPlace) {
  std::vector<float> x(131);
  for (size_t i = 0; i < x.size(); ++i) x[i] = 0.05f * static_cast<float>(i + 1);
  for (const std::string& name : available_isas()) {
    set_isa(name);
    for (size_t offset = 0; offset < 3; ++offset) {
      for (size_t n = 0; n + offset + 1 < x.size(); ++n) {
        std::vector<float> y = x;
        apply(GetParam().id, y.data() + offset, y.data() + offset, static_cast<int64_t>(n));
        for (size_t i = 0; i < y.size(); ++i) {
          const bool inside = i >= offset && i < offset + n;
          ASSERT_TRUE(same(y[i], inside ? GetParam().one(x[i]) : x[i])) << name << ", n = " << n << ", i = " << i;
        }
      }
    }
  }
}

// Against the C library, whose error is small, and exactly where the value is known.
TEST_P(ElementaryTest, DoubleIsNearTheCLibrary) {
  double (*library)(double) = nullptr;
  switch (GetParam().id) {
    case Elementary::exp: library = std::exp; break;
    case Elementary::expm1: library = std::expm1; break;
    case Elementary::log: library = std::log; break;
    case Elementary::log1p: library = std::log1p; break;
    case Elementary::tanh: library = std::tanh; break;
    case Elementary::sigmoid: library = [](double x) { return 1 / (1 + std::exp(-x)); }; break;
    case Elementary::erf: library = std::erf; break;
    case Elementary::sqrt: library = std::sqrt; break;
    case Elementary::sin: library = std::sin; break;
    case Elementary::cos: library = std::cos; break;
    case Elementary::sinpi: library = [](double x) { return std::sin(M_PI * x); }; break;
    case Elementary::cospi: library = [](double x) { return std::cos(M_PI * x); }; break;
    case Elementary::tan: library = std::tan; break;
    case Elementary::asin: library = std::asin; break;
    case Elementary::acos: library = std::acos; break;
    case Elementary::atan: library = std::atan; break;
    case Elementary::sinh: library = std::sinh; break;
    case Elementary::cosh: library = std::cosh; break;
    case Elementary::log2: library = std::log2; break;
    case Elementary::log10: library = std::log10; break;
  }
  std::vector<double> x;
  for (double v = -0.99; v < 1; v += 0.037) x.push_back(v);
  for (double v : {0.0, -0.0, 3.7, -12.5, 55.25, 700.1}) x.push_back(v);
  std::vector<double> y(x.size());
  apply(GetParam().id, x.data(), y.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    const double near = library(x[i]);
    if (std::isnan(near)) {
      EXPECT_TRUE(std::isnan(y[i]));
    } else if (std::isinf(near)) {
      EXPECT_EQ(y[i], near);
    } else {
      EXPECT_NEAR(y[i], near, 1e-12 * std::max(1.0, std::abs(near))) << GetParam().name << "(" << x[i] << ")";
    }
    EXPECT_TRUE(same(y[i], GetParam().one_double(x[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, ElementaryTest, testing::ValuesIn(kFunctions),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Elementary, KnownDoubles) {
  EXPECT_EQ(math::exp(1.0), 0x1.5bf0a8b145769p+1);
  EXPECT_EQ(math::log(10.0), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(math::cospi(1.0 / 3), 0.5);
  EXPECT_EQ(math::exp(-745.0), 0x1p-1074);
  EXPECT_EQ(math::exp(-746.0), 0);
  EXPECT_EQ(math::exp(710.0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(math::sigmoid(-745.0), 0x1p-1074);
  // Ties but for a term that is 2^-160 of the sum.
  EXPECT_EQ(math::sigmoid(0x1p-52), 0.5);
  EXPECT_EQ(math::sigmoid(0x1.8p-51), 0.5 + 0x1p-53);
  EXPECT_EQ(math::sin(1e22), -0x1.b453ab76bf397p-1);
}

TEST(Elementary, MpfrKeepsTheCallersRange) {
  const mpfr_exp_t low = mpfr_get_emin(), high = mpfr_get_emax();
  (void)math::sigmoid(-3.0);
  EXPECT_EQ(mpfr_get_emin(), low);
  EXPECT_EQ(mpfr_get_emax(), high);
}

TEST(Pow, SpecialCases) {
  const float inf = kInf, nan = kNan;
  const struct {
    float x, y, want;
  } cases[] = {{nan, 0, 1},          {nan, -0.0f, 1},     {1, nan, 1},
               {1, inf, 1},          {-1, inf, 1},        {-1, -inf, 1},
               {0, -3, inf},         {-0.0f, -3, -inf},   {-0.0f, -2, inf},
               {-0.0f, -0.5f, inf},  {-0.0f, 3, -0.0f},   {-0.0f, 2, 0},
               {-8, 1 / 3.0f, nan},  {-2, 3, -8},         {-2, -2, 0.25f},
               {0.5f, inf, 0},       {0.5f, -inf, inf},   {2, inf, inf},
               {2, -inf, 0},         {inf, -1, 0},        {inf, 0.5f, inf},
               {-inf, 3, -inf},      {-inf, 2, inf},      {-inf, -3, -0.0f},
               {-inf, -2, 0},        {0, inf, 0},         {0, -inf, inf},
               {nan, 1, nan},        {2, nan, nan},       {2, 128, inf},
               {2, -149, 0x1p-149f}, {2, -150, 0},        {-2, -149, -0x1p-149f},
               {-3, 16777216, inf},  {-3, 16777215, -inf}};
  for (const auto& c : cases) {
    EXPECT_TRUE(same(math::pow(c.x, c.y), c.want)) << "pow(" << c.x << ", " << c.y << ") gave " << math::pow(c.x, c.y);
    EXPECT_TRUE(same(static_cast<float>(math::pow(double{c.x}, double{c.y})), c.want))
        << "pow(" << c.x << ", " << c.y << ")";
  }
}

// Ties, exact results, results near 1 and subnormal ones, and random magnitudes, against GNU MPFR.
TEST(Pow, RoundsCorrectlyOnEveryInstructionSet) {
  std::vector<float> x, y;
  const auto add = [&](float a, float b) { x.push_back(a), y.push_back(b); };
  for (int i = 1; i < 5000; i += 2) {
    add(static_cast<float>(i), 2), add(static_cast<float>(i), 3), add(static_cast<float>(i), 0.5f),
        add(static_cast<float>(i), -1);
    add(static_cast<float>(i * i), 1.5f), add(-static_cast<float>(i), 5), add(4097 + static_cast<float>(i), 2);
  }
  // Bases near sqrt(2) times a power of two, where the logarithm's series converges most slowly, with large powers.
  add(0x1.728358p-1f, 0x1.0ac93ep+8f), add(0x1.6a4184p+1f, 0x1.551674p+6f), add(0x1.648612p+0f, -0x1.b0113cp+7f);
  std::mt19937 random(3);
  const auto bits = [&] { return std::bit_cast<float>(static_cast<uint32_t>(random())); };
  const auto unit = [&] { return static_cast<float>(random()) * 0x1p-32f; };
  for (int i = 0; i < 30000; ++i) {
    add(bits(), bits());
    add(std::abs(bits()), (unit() - 0.5f) * 4);
    add(1 + (unit() - 0.5f) * 0x1p-10f, (unit() - 0.5f) * 0x1p17f);
    add(unit() * 10, unit() * 20 - 10);
    add(std::abs(bits()), std::ldexp(unit(), -20));
  }
  std::vector<float> want(x.size());
  {
    math::MpfrScope exact(math::kFloat32);
    for (size_t i = 0; i < x.size(); ++i) want[i] = static_cast<float>(exact.pow(x[i], y[i]));
  }
  const std::string before = isa();
  for (const std::string& name : available_isas()) {
    set_isa(name);
    std::vector<float> got(x.size());
    pow(x.data(), y.data(), got.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(same(got[i], want[i])) << name << ": pow(" << std::hexfloat << x[i] << ", " << y[i] << ") gave "
                                         << got[i] << ", not " << want[i];
    }
  }
  set_isa(before);
}

}  // namespace
}  // namespace stet
