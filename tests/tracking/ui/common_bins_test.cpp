#include "stet/tracking/ui/common_bins.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "non_finite.h"

namespace stet::tracking::ui {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr double kLargest = std::numeric_limits<double>::max();

LoggedMedium histogram(std::vector<double> triples) {
  LoggedMedium medium;
  medium.kind = LoggedMedium::Kind::histogram;
  medium.numbers = std::move(triples);
  return medium;
}

TEST(CommonBins, SpreadABucketEvenly) {
  const CommonBins bins = in_common_bins({histogram({0, 2, 8, 2, 4, 1}), histogram({0, 4, 4})}, 4);
  EXPECT_THAT(bins.edges, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(bins.counts, ElementsAre(ElementsAre(4, 4, 0.5, 0.5), ElementsAre(1, 1, 1, 1)));
}

TEST(CommonBins, HoldOneValueAndNone) {
  const CommonBins one = in_common_bins({histogram({1e20, 1e20, 3})}, 2);
  EXPECT_THAT(one.counts, ElementsAre(ElementsAre(3, 0)));
  EXPECT_LT(one.edges[0], one.edges[1]);
  EXPECT_THAT(in_common_bins({histogram({})}, 2).counts, ElementsAre(ElementsAre(0, 0)));
  EXPECT_THAT(in_common_bins({}, 2).edges, ElementsAre(0, 0.5, 1));
}

// A record may come from anyone.
TEST(CommonBins, LeaveOutWhatIsNoBucket) {
  for (const double odd : {kNaN, kInfinity, -kInfinity}) {
    const CommonBins bins = in_common_bins({histogram({odd, 1, 5, 0, odd, 5, odd, odd, 5, 0, 1, kNaN, 0, 1, 2})}, 2);
    EXPECT_THAT(bins.edges, ElementsAre(0, 0.5, 1));
    EXPECT_THAT(bins.counts, ElementsAre(ElementsAre(1, 1)));
  }
}

TEST(CommonBins, GoAsFarAsNumbersDo) {
  const CommonBins bins = in_common_bins({histogram({-kLargest, kLargest, 6, 0, 0, 1})}, 60);
  for (const double edge : bins.edges) EXPECT_TRUE(std::isfinite(edge)) << edge;
  EXPECT_TRUE(std::is_sorted(bins.edges.begin(), bins.edges.end()));
  EXPECT_NEAR(std::accumulate(bins.counts[0].begin(), bins.counts[0].end(), 0.0), 7, 1e-9);
  EXPECT_THAT(bins.counts[0], Each(::testing::Ge(0)));
  EXPECT_THAT(in_common_bins({histogram({-kLargest, -kLargest, 1, kLargest / 2, kLargest, 6})}, 4).counts,
              ElementsAre(ElementsAre(1, 0, 0, 6)));
}

TEST(CommonBins, GoAsNearAsNumbersDo) {
  const double least = std::numeric_limits<double>::denorm_min();
  const CommonBins bins = in_common_bins({histogram({0, least, 6})}, 60);
  EXPECT_EQ(std::accumulate(bins.counts[0].begin(), bins.counts[0].end(), 0.0), 6);
}

}  // namespace
}  // namespace stet::tracking::ui
