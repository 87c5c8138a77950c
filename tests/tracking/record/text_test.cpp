#include "stet/tracking/record/text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stet::tracking {
namespace {

TEST(Text, WhatIsNotSeenIsMadeVisible) {
  EXPECT_EQ(printable("plain text, zwölf 数 🙂"), "plain text, zwölf 数 🙂");
  EXPECT_EQ(printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(printable("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b31m \u0085"), "\\u{9b}31m \\u{85}") << "controls of eight bits";
  EXPECT_EQ(printable("a\u202egpj.exe\u2066\u200f\u061c"), "a\\u{202e}gpj.exe\\u{2066}\\u{200f}\\u{61c}");
  EXPECT_EQ(printable("\u2028\u2029\u200b\ufeff\u00ad"), "\\u{2028}\\u{2029}\\u{200b}\\u{feff}\\u{ad}");
  EXPECT_EQ(printable("\U000e0041"), "\\u{e0041}");
  EXPECT_EQ(printable("a\xff\xc3"), "a\\xff\\xc3") << "no UTF-8";
  EXPECT_EQ(printable("\xed\xa0\x80\xc0\x80"), "\\xed\\xa0\\x80\\xc0\\x80");
}

TEST(Text, JsonKeepsItsValues) {
  const nlohmann::json json{{"a\u202e", "\u2066b\u0085\U000e0041 🙂\n"}};
  const std::string shown = printable_json(json.dump(2));
  EXPECT_EQ(shown, "{\n  \"a\\u202e\": \"\\u2066b\\u0085\\udb40\\udc41 🙂\\n\"\n}");
  EXPECT_EQ(nlohmann::json::parse(shown), json);
}

}  // namespace
}  // namespace stet::tracking
