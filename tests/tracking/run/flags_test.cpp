#include "stet/tracking/run/flags.h"

#include <gmock/gmock.h>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_config("c", text);
  } catch (const DataError& error) { return error.what(); }
  return "no error";
}

std::string written(const std::string& text) {
  std::string all;
  for (const Flag& flag : parse_config("c", text)) all += flag.name + "=" + flag.value.value_or("") + ";";
  return all;
}

TEST(Config, AByteOrderMarkIsPassedOver) {
  EXPECT_EQ(written("\xef\xbb\xbf"
                    "a = 1\r\n b=2 # two\r\n"),
            "a=1;b=2;");
  EXPECT_EQ(written("\xef\xbb\xbf\n {\"a\": 1}"), "a=1;");
}

TEST(Config, ANameThatIsGivenTwiceIsRefused) {
  EXPECT_EQ(refusal("a = 1\nb = 2\na = 1\n"), "c:3: 'a' is given twice");
  EXPECT_EQ(refusal("{\"a\": 1, \"b\": 2, \"a\": 3}"), "c: 'a' is given twice");
  EXPECT_EQ(refusal("= 1\n"), "c:1: a value has no name");
}

TEST(Config, ValuesAreTakenAsTheyAreWritten) {
  EXPECT_EQ(
      written("{\"a\": 0.10000000000000000555, \"b\": -3, \"c\": 18446744073709551615, \"d\": \"x y\", \"e\": false}"),
      "a=0.10000000000000000555;b=-3;c=18446744073709551615;d=x y;e=false;");
}

TEST(Config, WhatIsNoObjectOfValuesIsRefused) {
  for (const char* text : {"{\"a\": 1", "{\"a\" 1}", "{\"a\": 1} x", "{\"a\": 1e999}"})
    EXPECT_THAT(refusal(text), HasSubstr("c: is no JSON object")) << text;
  for (const char* text : {"{\"a\": null}", "{\"a\": [1]}", "{\"a\": {\"b\": 1}}"})
    EXPECT_EQ(refusal(text), "c: 'a' must be a number, a text or true or false") << text;
  EXPECT_EQ(refusal("{\"a\": " + std::string(100'000, '[')), "c: 'a' must be a number, a text or true or false");
  EXPECT_EQ(refusal("a\n"), "c:1: expected name = value");
}

}  // namespace
}  // namespace stet::tracking
