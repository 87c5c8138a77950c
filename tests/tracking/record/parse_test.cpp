#include "stet/tracking/record/parse.h"

#include <gtest/gtest.h>

namespace stet::tracking {
namespace {

TEST(Parse, ReadsStrictly) {
  EXPECT_EQ(parse_int64("-12"), -12);
  for (const char* wrong : {"", " 1", "1 ", "1e3", "0x10", "1.0", "abc", "9223372036854775808"})
    EXPECT_FALSE(parse_int64(wrong)) << wrong;
  EXPECT_EQ(parse_uint64("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(parse_uint64("-1"));
  EXPECT_EQ(parse_float("1e-3"), 1e-3f);
  for (const char* wrong : {"nan", "inf", "-inf", "1e99", "1,5", "0.1f", ""}) EXPECT_FALSE(parse_float(wrong)) << wrong;
  EXPECT_EQ(parse_float("1e-50"), 0.0f) << "it rounds";
  EXPECT_EQ(parse_double("1e-400"), 0.0);
  EXPECT_EQ(parse_bool("yes"), true);
  EXPECT_FALSE(parse_bool("maybe"));
}

TEST(Parse, KnowsWholeCharacters) {
  for (const char* text : {"", "abc", "\xC3\xA9", "\xF0\x9F\x99\x82"}) EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace stet::tracking
