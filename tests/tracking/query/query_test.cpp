// The query language's values, curves and errors, piece by piece; whole queries are tested by queries_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "non_finite.h"
#include "stet/tracking/query/curve.h"
#include "stet/tracking/query/parser.h"
#include "stet/tracking/query/pattern.h"
#include "stet/tracking/query/value.h"
#include "stet/tracking/reading/run_view.h"
#include "tracking/temp_folder.h"

namespace stet::tracking::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::partial_ordering order(auto a, auto b) { return compare(Value(a), Value(b)); }

TEST(QueryValue, IntegersAndFloatingNumbersCompareExactly) {
  constexpr int64_t large = (int64_t{1} << 53) + 1;
  EXPECT_TRUE(order(large, 0x1p53) > 0);
  EXPECT_TRUE(order(-large, -0x1p53) < 0);
  EXPECT_TRUE(order(std::numeric_limits<int64_t>::max(), 0x1p63) < 0);
  EXPECT_TRUE(order(std::numeric_limits<int64_t>::min(), -0x1p63) == 0);
  EXPECT_TRUE(order(std::numeric_limits<uint64_t>::max(), 0x1p64) < 0);
  EXPECT_TRUE(order(uint64_t{1} << 63, 0x1p63) == 0);
  EXPECT_TRUE(order(uint64_t{1} << 63, std::numeric_limits<int64_t>::max()) > 0);
  EXPECT_TRUE(order(int64_t{3}, 3.5) < 0);
  EXPECT_TRUE(order(int64_t{-3}, -3.5) > 0);
  EXPECT_TRUE(order(int64_t{0}, -0.0) == 0);
  EXPECT_TRUE(order(int64_t{5}, kInfinity) < 0);
  EXPECT_TRUE(order(int64_t{5}, kNaN) == std::partial_ordering::unordered);
}

TEST(QueryValue, ArithmeticIsExactAsLongAs64BitsHoldIt) {
  const auto largest = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(equal(add(Value(largest), Value(int64_t{1})), Value(uint64_t{1} << 63)));
  EXPECT_TRUE(equal(multiply(Value(largest), Value(int64_t{2})), Value(~uint64_t{0} - 1)));
  EXPECT_TRUE(equal(multiply(Value(largest), Value(largest)), Value(0x1p126)));
  EXPECT_TRUE(equal(negate(Value(uint64_t{1} << 63)), Value(std::numeric_limits<int64_t>::min())));
  EXPECT_TRUE(equal(divide(Value(int64_t{1}), Value(int64_t{4})), Value(0.25)));
  EXPECT_TRUE(divide(Value(int64_t{1}), Value(int64_t{0})).is_none());
  EXPECT_TRUE(add(Value(std::string("a")), Value(int64_t{1})).is_none());
}

TEST(QueryValue, WhatIsMissingSortsLastInBothDirections) {
  const Value one(1.0), two(2.0), none, nan(kNaN);
  EXPECT_TRUE(sorts_before(one, two, false));
  EXPECT_TRUE(sorts_before(two, one, true));
  for (const bool descending : {false, true}) {
    EXPECT_TRUE(sorts_before(one, none, descending));
    EXPECT_TRUE(sorts_before(one, nan, descending));
    EXPECT_FALSE(sorts_before(none, one, descending));
    EXPECT_FALSE(sorts_before(none, nan, descending));
  }
}

TEST(QueryCurve, AddsUpWhatIsNotNaN) {
  const CurveSummary s = summarize({{1, kNaN}, {2, 3}, {3, 1}, {4, 3}, {5, -kInfinity}});
  EXPECT_EQ(s.count, 5);
  EXPECT_EQ(s.nan, 1);
  EXPECT_EQ(s.inf, 1);
  EXPECT_TRUE(std::isnan(s.first));
  EXPECT_EQ(s.max, 3);
  EXPECT_EQ(s.max_step, 2);
  EXPECT_EQ(s.min_step, 5);
  EXPECT_FALSE(summarize({{1, kNaN}}).has_numbers());
}

TEST(QueryCurve, SmoothsFromTheFirstValueOn) {
  const Curve smooth = smoothed({{1, 2}, {2, 4}, {3, kNaN}, {4, 4}}, 0.5);
  EXPECT_EQ(smooth[0].value, 2);
  EXPECT_DOUBLE_EQ(smooth[1].value, 2.5 / 0.75);
  EXPECT_TRUE(std::isnan(smooth[2].value));
  EXPECT_DOUBLE_EQ(smooth[3].value, 3.25 / 0.875);
}

TEST(QueryCurve, TheSlopeIsThatOfTheNearestLine) {
  EXPECT_DOUBLE_EQ(*slope({{10, 1}, {20, 3}, {30, 5}}, 3), 0.2);
  EXPECT_DOUBLE_EQ(*slope({{0, 100}, {10, 1}, {20, kNaN}, {30, 5}}, 3), 0.2);
  EXPECT_FALSE(slope({{10, 1}, {10, 3}}, 2));
}

TEST(QueryPattern, ShellPatternsMatchTheWhole) {
  EXPECT_TRUE(Pattern::shell("a*[0-9]?")->matches("abc1x"));
  EXPECT_FALSE(Pattern::shell("a*[!0-9]")->matches("abc1"));
  EXPECT_TRUE(Pattern::shell("a.b\\*")->matches("a.b*"));
  EXPECT_FALSE(Pattern::shell("a.b")->matches("axb"));
  EXPECT_TRUE(Pattern::shell("a*b")->matches("a\nb"));
  EXPECT_TRUE(Pattern::shell("[]x]")->matches("]"));
}

TEST(QueryError, PointsAtItsColumn) {
  try {
    parse("name == \"größe\" and stauts == 1");
    FAIL() << "nothing was thrown";
  } catch (const QueryError& e) {
    EXPECT_EQ(e.column(), 21u);
    EXPECT_STREQ(e.what(), "query, column 21: 'stauts' is no field; did you mean status?");
    EXPECT_EQ(e.pointed(), "name == \"größe\" and stauts == 1\n" + std::string(20, ' ') + "^");
  }
}

TEST(QueryRuns, GivesTheRunsForWhichItHolds) {
  const Runs runs(std::filesystem::path(STET_SOURCE_DIR) / "tests/tracking/query/runs");
  const RunList found = runs.query("params.model == \"cnn\" and seed > 1 and metrics[\"train/loss\"].first(< 1) >= 3");
  std::vector<std::string> names;
  for (const RunSummary& run : found) names.push_back(run.name);
  EXPECT_THAT(names, ElementsAre("Baseline wide", "draft-1"));
  EXPECT_EQ(found.runs[1].seed, uint64_t{1} << 63);
  EXPECT_EQ(found.runs[0].series("train/loss").size(), 8u);
  EXPECT_EQ(runs.query("").size(), 16u);
  EXPECT_THROW(runs.query("params.lr <"), UsageError);
}

// What would take the stack, or SQLite's, is refused or answered.
TEST(QueryError, LongAndDeepQueriesEndWell) {
  std::string sum = "steps", either = "archived", list = "seed in [1";
  for (int i = 0; i < 5000; ++i) {
    sum += " + 1";
    either += " or archived";
    list += ", 1";
  }
  EXPECT_THAT([&] { parse(sum + " > 1"); }, testing::ThrowsMessage<QueryError>(HasSubstr("nested too deep")));
  TempFolder folder;
  const Runs runs(folder / "runs");
  EXPECT_TRUE(runs.query(either).empty());
  EXPECT_TRUE(runs.query(list + "]").empty());
  EXPECT_THROW(parse(std::string(70'000, '(')), QueryError);
}

}  // namespace
}  // namespace stet::tracking::query
