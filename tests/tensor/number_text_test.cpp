#include "stet/tensor/number_text.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <limits>
#include <string>

namespace stet {
namespace {

template <class T> void expect_number(const std::string& text, T expected) {
  T value = 42;
  EXPECT_EQ(parse_number(text, value), NumberText::number) << text;
  EXPECT_EQ(value, expected) << text;
  EXPECT_EQ(std::signbit(value), std::signbit(expected)) << text;
}

TEST(NumberText, WhatIsNearZeroRoundsToIt) {
  for (const char* text :
       {"1e-50", "0.0000000000000000000000000000000000000000000000000000001e3", "9e-47", "1e-999999999999999999999"})
    expect_number<float>(text, 0.0f);
  expect_number<float>("-1e-50", -0.0f);
  expect_number<float>("1e-45", std::numeric_limits<float>::denorm_min());
  expect_number<float>(std::string(60, '0') + ".1e-60", 0.0f);
  expect_number<float>("1" + std::string(60, '0') + "e-120", 0.0f);
  expect_number<double>("1e-400", 0.0);
  expect_number<double>("-1e-400", -0.0);
  expect_number<double>("5e-324", std::numeric_limits<double>::denorm_min());
}

TEST(NumberText, WhatIsTooGreatIsOutOfRange) {
  float single = 0;
  for (const std::string text : {"1e39", "-1e39", "0.001e42", "1e999999999999999999999"})
    EXPECT_EQ(parse_number(text, single), NumberText::out_of_range) << text;
  EXPECT_EQ(parse_number("1" + std::string(400, '0'), single), NumberText::out_of_range);
  double twice = 0;
  EXPECT_EQ(parse_number("1e309", twice), NumberText::out_of_range);
  for (const std::string text : {"", "1e", "1x", "e5", "1e-50 ", "--1", "0x1p3"})
    EXPECT_EQ(parse_number(text, single), NumberText::no_number) << text;
}

TEST(NumberText, TheCallersFloatingEnvironmentDoesNotShow) {
  std::fesetround(FE_UPWARD);
  double value = 0;
  const NumberText read = parse_number("0.1", value);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(read, NumberText::number);
  EXPECT_EQ(value, 0.1);
}

}  // namespace
}  // namespace stet
