// Numbers beside tensors: beside integers they count as what they are, and are not cut to the dtype.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <limits>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kLeast = INT64_MIN, kGreatest = INT64_MAX;

template <class T> Tensor values(std::vector<T> v) { return Tensor::from(v); }

TEST(Numbers, BesideIntegersAreTheirValuesOrRefused) {
  const Tensor x = values<int64_t>({3, -7}), bytes = values<uint8_t>({3, 250});
  EXPECT_THAT((x * 2.0 + 1).to_vector<int64_t>(), ElementsAre(7, -13));
  EXPECT_THAT((10 - x).to_vector<int64_t>(), ElementsAre(7, 17));
  EXPECT_THAT((bytes + 5.0).to_vector<uint8_t>(), ElementsAre(8, 255));
  EXPECT_EQ(error_of([&] { x * 0.5; }), "mul: 0.5 is not a value of int64; convert the tensor with to(DType::float32)");
  EXPECT_EQ(error_of([&] { bytes + 300; }),
            "add: 300 is not a value of uint8; convert the tensor with to(DType::float32)");
  for (const Tensor& t : {x, bytes, x.to(DType::int32)}) {
    EXPECT_THAT(error_of([&] { t + 0.5; }), HasSubstr("add: 0.5"));
    EXPECT_THAT(error_of([&] { 0.5 + t; }), HasSubstr("add: 0.5"));
    EXPECT_THAT(error_of([&] { t - 1e30; }), HasSubstr("sub: 1e+30"));
    EXPECT_THAT(error_of([&] { kNan* t; }), HasSubstr("mul: nan"));
    EXPECT_THAT(error_of([&] { t* kInf; }), HasSubstr("mul: inf"));
    EXPECT_THAT(error_of([&] { t* uint64_t{1} * UINT64_MAX; }), HasSubstr("mul: 1.8446744073709552e+19"));
  }
  EXPECT_THAT(error_of([&] { bytes - (-1); }), HasSubstr("sub: -1 is not a value of uint8"));
  EXPECT_THAT(error_of([&] { (x == 3) * 2; }), HasSubstr("mul: takes numbers, not bool"));
}

TEST(Numbers, KeepAllBitsOfIntegers) {
  const int64_t large = (int64_t{1} << 53) + 1;
  const Tensor x = values<int64_t>({large - 1, large, kGreatest});
  EXPECT_THAT((x == large).to_vector<bool>(), ElementsAre(false, true, false));
  EXPECT_THAT((x < kGreatest).to_vector<bool>(), ElementsAre(true, true, false));
  EXPECT_THAT((values<int64_t>({0}) + large).to_vector<int64_t>(), ElementsAre(large));
  EXPECT_EQ((values<float>({0}) + ((int64_t{1} << 53) + (int64_t{1} << 29) + 1)).item<float>(), 0x1p53f + 0x1p30f);
}

TEST(Numbers, AreRoundedToNearestInAnyModeOfTheCaller) {
  const auto sums = [](int rounding) {
    std::fesetround(rounding);
    const float narrow = (values<float>({0}) + 16777217).item<float>();
    const double wide = (values<double>({0}) + ((int64_t{1} << 53) + 1)).item<double>();
    std::fesetround(FE_TONEAREST);
    return std::pair(narrow, wide);
  };
  for (const int rounding : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD})
    EXPECT_EQ(sums(rounding), std::pair(0x1p24f, 0x1p53));
}

TEST(Numbers, DivideIntegersOnlyAsIntegers) {
  const Tensor x = values<int64_t>({7, -7}), bytes = values<uint8_t>({51, 255});
  EXPECT_THAT((x / 2).to_vector<int64_t>(), ElementsAre(3, -3));
  EXPECT_THAT((100 / x).to_vector<int64_t>(), ElementsAre(14, -14));
  EXPECT_EQ(error_of([&] { bytes / 255.0; }),
            "div: an uint8 tensor and the floating number 255 would divide as integers; convert the tensor with "
            "to(DType::float32)");
  EXPECT_THAT(error_of([&] { x / 2.0; }), HasSubstr("to(DType::float32)"));
  EXPECT_THAT(error_of([&] { 1.0 / x; }), HasSubstr("to(DType::float32)"));
  EXPECT_THAT(error_of([&] { x / 2.5f; }), HasSubstr("floating number 2.5"));
  EXPECT_THAT((bytes.to(DType::float32) / 255.0).to_vector<float>(), ElementsAre(0.2f, 1.0f));
}

// Every comparison of every value with every number, beside that of long double, which holds both.
template <class T> void compare_all(const std::vector<T>& held) {
  const Tensor x = Tensor::from(held, {static_cast<int64_t>(held.size())});
  const std::vector<double> numbers = {
      0,         1,     -1,     0.5,        -0.5,         2,          3.5,           7.4,    127.5,  255,    255.5,
      256,       300,   -128.5, 2147483647, 2147483647.5, 2147483648, -2147483648.5, 0x1p53, 0x1p62, 0x1p63, -0x1p63,
      -0x1.8p63, 1e300, -1e300, kInf,       -kInf,        kNan,       -0.0};
  for (double number : numbers) {
    SCOPED_TRACE(number);
    const auto equal = (x == number).to_vector<bool>(), unequal = (x != number).to_vector<bool>(),
               less = (x < number).to_vector<bool>(), up_to = (x <= number).to_vector<bool>(),
               greater = (x > number).to_vector<bool>(), from = (x >= number).to_vector<bool>();
    for (size_t i = 0; i < held.size(); ++i) {
      const auto a = static_cast<long double>(held[i]), b = static_cast<long double>(number);
      EXPECT_EQ(equal[i], a == b) << a;
      EXPECT_EQ(unequal[i], a != b) << a;
      EXPECT_EQ(less[i], a < b) << a;
      EXPECT_EQ(up_to[i], a <= b) << a;
      EXPECT_EQ(greater[i], a > b) << a;
      EXPECT_EQ(from[i], a >= b) << a;
    }
  }
}

TEST(Numbers, CompareWithIntegersAsMathematicsHasIt) {
  compare_all<uint8_t>({0, 1, 2, 3, 7, 127, 128, 254, 255});
  compare_all<int32_t>({INT32_MIN, -1, 0, 1, 3, 7, 127, 255, 256, 300, INT32_MAX});
  compare_all<int64_t>({kLeast, kLeast + 1, -1, 0, 1, 3, 7, int64_t{1} << 53, (int64_t{1} << 53) + 1, int64_t{1} << 62,
                        kGreatest - 1, kGreatest});
  const Tensor b = Tensor::from(std::vector<bool>{false, true}, {2});
  EXPECT_THAT((b < 2).to_vector<bool>(), ElementsAre(true, true));
  EXPECT_THAT((b > 0.5).to_vector<bool>(), ElementsAre(false, true));
  EXPECT_THAT((b == 2).to_vector<bool>(), ElementsAre(false, false));
}

TEST(Numbers, BoundIntegersWithinTheirRange) {
  const Tensor bytes = values<uint8_t>({0, 7, 255});
  EXPECT_THAT(clamp(bytes, -1, 300).to_vector<uint8_t>(), ElementsAre(0, 7, 255));
  EXPECT_THAT(clamp(bytes, 5, kInf).to_vector<uint8_t>(), ElementsAre(5, 7, 255));
  EXPECT_THAT(error_of([&] { clamp(bytes, 0.5, 3); }), HasSubstr("clamp: 0.5 is not a value of uint8"));
  EXPECT_THAT(error_of([&] { clamp(bytes, 256, 300); }),
              HasSubstr("clamp: no value of uint8 lies between 256 and 300"));
  EXPECT_THAT(clamp(values<int64_t>({kLeast, 0, kGreatest}), -kInf, 1e30).to_vector<int64_t>(),
              ElementsAre(kLeast, 0, kGreatest));
}

TEST(Numbers, FillIntegersWithValuesOfTheirsOnly) {
  EXPECT_EQ(error_of([] { full({2}, 0.5, DType::int64); }), "full: 0.5 is not a value of int64");
  EXPECT_EQ(error_of([] { full({2}, 256, DType::uint8); }), "full: 256 is not a value of uint8");
  EXPECT_THAT(error_of([] { pow(ones({2}, DType::int32), 0.5); }),
              HasSubstr("pow: takes float32 or float64, not int32"));
  EXPECT_EQ(error_of([] { pad(zeros({2}, DType::int32), {{1, 1}}, 0.5); }), "pad: 0.5 is not a value of int32");
  EXPECT_THAT(full({1}, 255, DType::uint8).to_vector<uint8_t>(), ElementsAre(255));
}

}  // namespace
}  // namespace stet
