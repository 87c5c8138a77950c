// Fewer points of a curve, axes, and charts as text and as SVG.
#include "stet/tracking/reading/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "non_finite.h"
#include "stet/tracking/reading/curves.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Thinned, KeepsExtremesNaNAndTheEnds) {
  std::vector<double> x, y;
  for (int i = 0; i < 1000; ++i) x.push_back(i), y.push_back(std::sin(i));
  y[333] = 50, y[500] = kNaN, y[501] = kNaN, y[700] = -kInfinity;
  const std::vector<size_t> kept = thinned(x, y, 20);
  EXPECT_LE(kept.size(), 20u + 2 + 1);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_EQ(kept.front(), 0u);
  EXPECT_EQ(kept.back(), 999u);
  for (const size_t i : {333, 500, 700}) EXPECT_THAT(kept, testing::Contains(i));
  EXPECT_THAT(kept, Not(testing::Contains(501u))) << "one NaN a bucket";
  EXPECT_EQ(thinned(x, y, 1000).size(), 1000u) << "all where they fit";
  EXPECT_THAT(thinned({}, {}, 4), testing::IsEmpty());
}

// Each bucket has its own least and greatest: compared with a plain search.
TEST(Thinned, HasTheLeastAndTheGreatestOfEachBucket) {
  std::vector<double> x, y;
  for (int i = 0; i <= 400; ++i) x.push_back(i), y.push_back(std::fmod(i * 0.6180339887, 1.0));
  const std::vector<size_t> kept = thinned(x, y, 16);
  for (size_t bucket = 0; bucket < 8; ++bucket) {
    const size_t begin = std::max<size_t>(bucket * 50, 1), end = bucket * 50 + 50;
    const auto least = std::min_element(y.begin() + static_cast<long>(begin), y.begin() + static_cast<long>(end));
    const auto greatest = std::max_element(y.begin() + static_cast<long>(begin), y.begin() + static_cast<long>(end));
    EXPECT_THAT(kept, testing::Contains(static_cast<size_t>(least - y.begin())));
    EXPECT_THAT(kept, testing::Contains(static_cast<size_t>(greatest - y.begin())));
  }
}

std::vector<std::string> labels(const std::vector<Tick>& all) {
  std::vector<std::string> texts;
  for (const Tick& tick : all) texts.push_back(tick.label);
  return texts;
}

TEST(Ticks, AreMultiplesOfOneTwoAndFive) {
  EXPECT_THAT(labels(ticks(0, 1, 5)), ElementsAre("0.0", "0.5", "1.0"));
  EXPECT_THAT(labels(ticks(0, 1, 6)), ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels(ticks(-3, 4, 5)), ElementsAre("−2", "0", "2", "4"));
  EXPECT_THAT(labels(ticks(0, 30000, 4)), ElementsAre("0", "10k", "20k", "30k"));
  EXPECT_THAT(labels(ticks(0, 3000, 4)), ElementsAre("0", "1000", "2000", "3000"));
  EXPECT_THAT(labels(ticks(0.1234, 0.1236, 3)), ElementsAre("0.1234", "0.1235", "0.1236"));
  EXPECT_THAT(labels(ticks(0, 3e-6, 4)), ElementsAre("0", "1e-06", "2e-06", "3e-06"));
  for (const Tick& tick : ticks(0, 1, 6)) EXPECT_EQ(tick.value, std::round(tick.value * 10) / 10);
  for (double high = 1; high < 1e7; high *= 1.7) {
    EXPECT_LE(ticks(0, high, 5).size(), 5u);
    EXPECT_GE(ticks(0, high, 5).size(), 2u);
  }
}

TEST(Ticks, OfLogarithmicAxes) {
  EXPECT_THAT(labels(log_ticks(0.1, 10, 10)), ElementsAre("0.1", "0.2", "0.5", "1", "2", "5", "10"));
  EXPECT_THAT(labels(log_ticks(0.001, 10, 5)), ElementsAre("0.001", "0.01", "0.1", "1", "10"));
  EXPECT_THAT(labels(log_ticks(0.4, 60, 5)), ElementsAre("0.5", "1", "5", "10", "50"));
  EXPECT_LE(log_ticks(1e-30, 1e30, 5).size(), 5u);
  EXPECT_GE(log_ticks(1e-30, 1e30, 5).size(), 2u);
  EXPECT_GE(log_ticks(1.1, 1.4, 5).size(), 2u);
}

PlotCurve curve(std::string label, std::vector<double> y) {
  PlotCurve c{.label = std::move(label), .points = {}, .has_band = false, .raw = {}};
  for (size_t i = 0; i < y.size(); ++i) c.points.push_back({static_cast<double>(i), y[i], y[i], y[i]});
  return c;
}

Plot plot(std::vector<PlotCurve> curves) {
  return {.title = "loss", .x_label = "step", .is_log = false, .curves = std::move(curves)};
}

TEST(Plots, MeansOfRunsOfUnlikeLength) {
  const PlotCurve mean = mean_of({curve("a", {1, 2, 3}), curve("b", {3, kNaN})}, "both");
  ASSERT_EQ(mean.points.size(), 3u);
  EXPECT_EQ(mean.points[0].y, 2);
  EXPECT_DOUBLE_EQ(mean.points[0].high, 2 + std::sqrt(2.0));
  EXPECT_EQ(mean.points[1].y, 2) << "of the one that has a value";
  EXPECT_EQ(mean.points[2].y, 3);
  EXPECT_EQ(mean.points[2].low, 3);
}

TEST(Plots, SmoothingKeepsWhatIsBehind) {
  const PlotCurve smooth = smoothed(curve("a", {1, kNaN, 2}), 0.5);
  EXPECT_EQ(smooth.points[0].y, 1);
  EXPECT_TRUE(std::isnan(smooth.points[1].y));
  EXPECT_NEAR(smooth.points[2].y, 5.0 / 3, 1e-12);
  EXPECT_EQ(smooth.raw[2].y, 2);
}

TEST(Plots, OnlyPositiveDataHaveALogarithmicAxis) {
  EXPECT_TRUE(may_be_log(plot({curve("a", {1, kNaN, 1e-9})})));
  EXPECT_FALSE(may_be_log(plot({curve("a", {1, 0})})));
  EXPECT_FALSE(may_be_log(plot({curve("a", {kNaN})})));
}

TEST(PlotText, FitsAndSaysWhatItShows) {
  std::vector<double> y;
  for (int i = 0; i < 500; ++i) y.push_back(1.0 / (1 + i));
  y[250] = kNaN;
  for (const size_t width : {24u, 80u, 200u}) {
    const auto lines = plot_text(plot({curve("first", y), curve("größe", y)}), width, 10, false);
    EXPECT_EQ(lines[0], "loss, by step");
    for (const std::string& line : lines) {
      const auto shown = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      EXPECT_LE(shown, static_cast<long>(std::max(width, size_t{24}))) << line;
      EXPECT_THAT(line, Not(HasSubstr("\x1b"))) << "no colours";
    }
    EXPECT_THAT(lines.back(), HasSubstr("b größe"));
    EXPECT_THAT(lines[10], HasSubstr("×")) << "on the lower edge";
  }
  const auto coloured = plot_text(plot({curve("first", y), curve("second", y)}), 80, 10, true);
  EXPECT_THAT(coloured.back(), HasSubstr("\x1b[34m━\x1b[0m first  \x1b[33m━"));
}

// What a smoothed curve was before is not drawn, and needs no room.
TEST(PlotText, FitsWhatIsDrawn) {
  PlotCurve smooth = curve("a", {0, 1, 2, 3});
  const auto lines = plot_text(plot({smooth}), 40, 8, false);
  smooth.raw = curve("a", {-100, 100}).points;
  EXPECT_EQ(plot_text(plot({smooth}), 40, 8, false), lines);
}

// A line from corner to corner touches both, and rises.
TEST(PlotText, DrawsWhereTheAxesSay) {
  const auto lines = plot_text(plot({curve("a", {0, 1, 2, 3})}), 40, 8, false);
  EXPECT_THAT(lines[1], testing::AllOf(testing::StartsWith("3 ┤"), testing::EndsWith("⠒")));
  EXPECT_THAT(lines[8], testing::StartsWith("0 ┤⠤"));
}

TEST(PlotText, OfHardlyAnything) {
  for (const auto& y : std::vector<std::vector<double>>{{1},
                                                        {kNaN},
                                                        {kInfinity, -kInfinity},
                                                        {0, 0},
                                                        {1.7e308, -1.7e308},
                                                        {1, 1 + 1e-16},
                                                        {0, 5e-324},
                                                        {1e-320, 2e-320}}) {
    EXPECT_GE(plot_text(plot({curve("a", y)}), 80, 8, false).size(), 11u);
    EXPECT_THAT(plot_svg({plot({curve("a", y)})}), Not(HasSubstr("nan")));
  }
}

TEST(PlotSvg, IsADocumentWithoutForeignMarkup) {
  Plot p = plot({curve("<script>&\"", {1, 2, kNaN, kInfinity, -kInfinity, 3})});
  p.title = "a\nb";
  const std::string svg = plot_svg({p, plot({curve("b", {5, 4})})});
  EXPECT_THAT(svg, testing::StartsWith("<svg "));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&amp;&quot;"));
  EXPECT_THAT(svg, HasSubstr("a\\nb"));
  for (const char* mark : {"×", "▲", "▼"}) EXPECT_THAT(svg, HasSubstr(mark));
  EXPECT_THAT(svg, HasSubstr("#2446c4"));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(FindMetrics, ByNameContextAndPattern) {
  LogView log;
  const auto add = [&](const char* tag, const char* name, Metric::Context context) {
    log.metrics[tag].name = name;
    log.metrics[tag].context = std::move(context);
  };
  add("val/loss", "val/loss", {});
  add("val/loss[subset=clean]", "val/loss", {{"subset", "clean"}});
  add("acc[rank=0]", "acc", {{"rank", "0"}});
  add("acc[rank=1]", "acc", {{"rank", "1"}});
  EXPECT_EQ(find_metrics(log, "val/loss").size(), 1u) << "the one without a context";
  EXPECT_EQ(find_metrics(log, "val/loss[subset=clean]").size(), 1u);
  EXPECT_EQ(find_metrics(log, "acc").size(), 2u);
  EXPECT_EQ(find_metrics(log, "val/*").size(), 2u);
  EXPECT_EQ(find_metrics(log, "los").size(), 0u);
}

}  // namespace
}  // namespace stet::tracking
