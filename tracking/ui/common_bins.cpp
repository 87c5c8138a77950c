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

// From `low` on, in steps; halves of numbers that are far apart have a finite difference.
struct Range {
  double low, width;
  double edge(size_t bin) const {
    constexpr double kLargest = std::numeric_limits<double>::max();
    return std::clamp(2 * (low / 2 + width / 2 * static_cast<double>(bin)), -kLargest, kLargest);
  }
};

Range range_of(const std::vector<std::vector<Bucket>>& histograms, size_t bins) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& histogram : histograms) {
    for (const Bucket& b : histogram) low = std::min(low, b.left), high = std::max({high, b.left, b.right});
  }
  if (low > high) low = 0, high = 1;
  const auto n = static_cast<double>(bins);
  const double width = high / n - low / n;
  return {low, width > 0 ? width : std::max(1.0, std::abs(low)) / n};
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
      if (to > from) counts[b] += count * ((to / 2 - from / 2) / (right / 2 - left / 2));
    }
  }
  return counts;
}

}  // namespace

CommonBins in_common_bins(const std::vector<LoggedMedium>& histograms, size_t bins) {
  std::vector<std::vector<Bucket>> all;
  for (const LoggedMedium& histogram : histograms) all.push_back(buckets_of(histogram));
  const Range range = range_of(all, bins);
  CommonBins common;
  for (size_t i = 0; i <= bins; ++i) common.edges.push_back(range.edge(i));
  for (const auto& histogram : all) common.counts.push_back(counts_in(histogram, range, bins));
  return common;
}

}  // namespace stet::tracking::ui
