#include "stet/tracking/ui/common_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stet::tracking::ui {
namespace {

struct Bucket {
  double left, right, count;
};

std::vector<Bucket> buckets_of(const LoggedMedium& histogram) {
  const std::vector<double>& n = histogram.numbers;
  std::vector<Bucket> all;
  for (size_t i = 0; i + 2 < n.size(); i += 3) {
    if (std::isfinite(n[i]) && std::isfinite(n[i + 1]) && n[i + 2] > 0) all.push_back({n[i], n[i + 1], n[i + 2]});
  }
  return all;
}

constexpr double kLargest = std::numeric_limits<double>::max();
// Edges are held as quarters where they are far apart: no difference of those is infinite.
constexpr double kFar = kLargest / 4;

// From `low` on, in steps.
struct Range {
  double low, width;
  double edge(size_t bin) const { return low + width * static_cast<double>(bin); }
};

Range range_of(const std::vector<std::vector<Bucket>>& histograms, size_t bins) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& histogram : histograms) {
    for (const Bucket& b : histogram) low = std::min(low, b.left), high = std::max({high, b.left, b.right});
  }
  if (low > high) low = 0, high = 1;
  const double width = (high - low) / static_cast<double>(bins);
  return {low, width > 0 ? width : std::max(1.0, std::abs(low)) / static_cast<double>(bins)};
}

// Makes the edges quarters where one is far from zero; returns what an edge then stands for.
double scale_down(std::vector<std::vector<Bucket>>& histograms) {
  const auto is_far = [](const Bucket& b) { return std::max(std::abs(b.left), std::abs(b.right)) > kFar; };
  const bool any = std::any_of(histograms.begin(), histograms.end(),
                               [&](const auto& all) { return std::any_of(all.begin(), all.end(), is_far); });
  if (!any) return 1;
  for (auto& histogram : histograms) {
    for (Bucket& b : histogram) b.left /= 4, b.right /= 4;
  }
  return 4;
}

std::vector<double> counts_in(const std::vector<Bucket>& histogram, const Range& range, size_t bins) {
  std::vector<double> counts(bins);
  const auto bin = [&](double x) {
    return static_cast<size_t>(std::clamp((x - range.low) / range.width, 0.0, static_cast<double>(bins - 1)));
  };
  for (const auto& [left, right, count] : histogram) {
    if (!(right > left)) {
      counts[bin(left)] += count;
      continue;
    }
    for (size_t b = bin(left); b <= bin(right); ++b) {
      const double from = std::max(left, range.edge(b)), to = std::min(right, range.edge(b + 1));
      if (to > from) counts[b] += count * ((to - from) / (right - left));
    }
  }
  return counts;
}

}  // namespace

CommonBins in_common_bins(const std::vector<LoggedMedium>& histograms, size_t bins) {
  std::vector<std::vector<Bucket>> all;
  for (const LoggedMedium& histogram : histograms) all.push_back(buckets_of(histogram));
  const double scale = scale_down(all);
  const Range range = range_of(all, bins);
  CommonBins common;
  for (size_t i = 0; i <= bins; ++i) common.edges.push_back(std::clamp(scale * range.edge(i), -kLargest, kLargest));
  for (const auto& histogram : all) common.counts.push_back(counts_in(histogram, range, bins));
  return common;
}

}  // namespace stet::tracking::ui
