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

TEST(Config, ObjectsWithinGiveDottedNames) {
  EXPECT_EQ(written("{\"model\": {\"width\": 64, \"head\": {\"bias\": true}}, \"lr\": 0.1, \"none\": {}}"),
            "model.width=64;model.head.bias=true;lr=0.1;");
  EXPECT_EQ(written("model.width = 64\n"), "model.width=64;");
  EXPECT_EQ(refusal("{\"a\": {\"b\": 1}, \"a.b\": 2}"), "c: 'a.b' is given twice");
  EXPECT_EQ(refusal("{\"a\": {\"\": 1}}"), "c: a value has no name");
  EXPECT_THAT(refusal("{\"a\": {\"b\": [1]}}"), HasSubstr("'a.b' must be a number"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(refusal(deep), HasSubstr("32 deep at most"));
}

TEST(Config, WhatIsNoObjectOfValuesIsRefused) {
  for (const char* text : {"{\"a\": 1", "{\"a\" 1}", "{\"a\": 1} x", "{\"a\": 1e999}"})
    EXPECT_THAT(refusal(text), HasSubstr("c: is no JSON object")) << text;
  for (const char* text : {"{\"a\": null}", "{\"a\": [1]}", "{\"b\": {\"c\": 1}, \"a\": []}"})
    EXPECT_THAT(refusal(text), HasSubstr("c: 'a' must be a number, a text, true or false, or an object of such"))
        << text;
  EXPECT_THAT(refusal("{\"a\": " + std::string(100'000, '[')), HasSubstr("c: 'a' must be a number"));
  EXPECT_EQ(refusal("a\n"), "c:1: expected name = value");
}

}  // namespace
}  // namespace stet::tracking
