#include "stet/tracking/run/flags.h"

#include <fmt/format.h>
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
  EXPECT_EQ(written("{\"a\": {\"b\": [1, \"x,y\", true, 1e2], \"c\": []}, \"d\": 2}"),
            "a.b=[1, \"x,y\", true, 1e2];a.c=[];d=2;");
  EXPECT_THAT(refusal("{\"a\": {\"b\": [null]}}"), HasSubstr("'a.b' must be a number"));
  EXPECT_THAT(refusal("{\"a\": {\"b\": [{}]}}"), HasSubstr("'a.b' must be a number"));
  EXPECT_EQ(refusal("{\"a\": [1], \"a\": 2}"), "c: 'a' is given twice");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(refusal(deep), HasSubstr("32 deep at most"));
}

std::string yaml(const std::string& text) {
  try {
    std::string all;
    for (const Flag& flag : parse_config("c.yaml", text)) all += flag.name + "=" + flag.value.value_or("") + ";";
    return all;
  } catch (const DataError& error) { return error.what(); }
}

TEST(Config, YamlGivesTheSameNamesAndValues) {
  EXPECT_EQ(yaml("# a run\nlr: 1e-3\nmodel:\n  width: 64\n  head: {bias: true, name: \"a: b\"}\nnone: {}\nnote: |\n  "
                 "two\n  lines\n"),
            "lr=1e-3;model.width=64;model.head.bias=true;model.head.name=a: b;note=two\nlines\n;");
  EXPECT_EQ(yaml("---\na: !!int 3\n...\n"), "a=3;");
  EXPECT_EQ(yaml(""), "");
  EXPECT_EQ(yaml("{\"a\": 1}"), "a=1;") << "JSON";
  EXPECT_EQ(yaml("a: [1, x y]\nb:\n- 'c, d'\n- \"e\"\nc: []\nd: {e: [2]}\nf: 3\n"),
            "a=[\"1\", \"x y\"];b=[\"c, d\", \"e\"];c=[];d.e=[\"2\"];f=3;");
}

TEST(Config, YamlThatIsNoMapOfValuesIsRefused) {
  EXPECT_EQ(yaml("a: 1\nb:\n  c: 2\na: 3\n"), "c.yaml:4: 'a' is given twice");
  EXPECT_THAT(yaml("a: 1\nb: [1, [2]]\n"),
              HasSubstr("c.yaml:2: 'b' must be a number, a text, true or false, a list of such, or a map"));
  EXPECT_THAT(yaml("b: [1, {c: 2}]\n"), HasSubstr("c.yaml:1: 'b' must be a number"));
  EXPECT_THAT(yaml("b: [~]\n"), HasSubstr("c.yaml:1: 'b' must be a number"));
  EXPECT_THAT(yaml("a: &x 1\nb: [*x]\n"), HasSubstr("c.yaml:2: aliases are not taken"));
  EXPECT_EQ(yaml("a: 1\nb: [1]\nb: 2\n"), "c.yaml:3: 'b' is given twice");
  EXPECT_THAT(yaml("a: ~\n"), HasSubstr("c.yaml:1: 'a' must be a number"));
  EXPECT_THAT(yaml("- 1\n"), HasSubstr("c.yaml:1: is no map"));
  EXPECT_THAT(yaml("just a text\n"), HasSubstr("c.yaml:1: is no map"));
  EXPECT_THAT(yaml("{[1]: 2}\n"), HasSubstr("c.yaml:1: is no map"));
  EXPECT_THAT(yaml("? {b: 1}\n: 2\n"), HasSubstr("c.yaml:1: is no map"));
  EXPECT_THAT(yaml("x: 1\na: b: c\n"), HasSubstr("c.yaml:2: is no YAML: "));
  EXPECT_THAT(yaml("a: 1\n---\nb: 2\n"), HasSubstr("holds more than one document"));
  EXPECT_THAT(yaml("a: !!python/object 1\n"), HasSubstr("the tag tag:yaml.org,2002:python/object is not taken"));
  EXPECT_THAT(yaml("\"\": 1\n"), HasSubstr("a value has no name"));
}

TEST(Config, YamlThatWouldBeEndlessIsRefused) {
  std::string laughs = "a: &a {x: lol}\n";
  for (char c = 'b'; c <= 'i'; ++c)
    laughs += fmt::format("{0}: &{0} {{x: *{1}, y: *{1}}}\n", c, static_cast<char>(c - 1));
  EXPECT_THAT(yaml(laughs), HasSubstr("c.yaml:2: aliases are not taken"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{a: ";
  EXPECT_THAT(yaml("x: " + deep), HasSubstr("32 deep at most"));
  EXPECT_THAT(yaml("x: " + std::string(100'000, '[')), HasSubstr("'x' must be a number"));
  try {
    read_config("/dev/zero");
    FAIL() << "it has no end";
  } catch (const DataError& error) { EXPECT_THAT(error.what(), HasSubstr("is larger than 1048576 bytes")); }
}

TEST(Config, WhatIsNoObjectOfValuesIsRefused) {
  for (const char* text : {"{\"a\": 1", "{\"a\" 1}", "{\"a\": 1} x", "{\"a\": 1e999}"})
    EXPECT_THAT(refusal(text), HasSubstr("c:1: is no JSON object")) << text;
  EXPECT_THAT(refusal("{\"a\": 1,\n \"b\": 2,\n}\n"), HasSubstr("c:3: is no JSON object"));
  EXPECT_THAT(refusal("{\"a\": 1\n \"b\": 2}"), HasSubstr("c:2: is no JSON object"));
  for (const char* text : {"{\"a\": null}", "{\"a\": [[]]}", "{\"b\": {\"c\": 1}, \"a\": [{}]}"})
    EXPECT_THAT(refusal(text),
                HasSubstr("c: 'a' must be a number, a text, true or false, a list of such, or an object"))
        << text;
  EXPECT_THAT(refusal("{\"a\": " + std::string(100'000, '[')), HasSubstr("c: 'a' must be a number"));
  EXPECT_EQ(refusal("a\n"), "c:1: expected name = value");
}

}  // namespace
}  // namespace stet::tracking
