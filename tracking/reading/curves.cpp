#include "stet/tracking/reading/curves.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace stet::tracking {

std::vector<const Metric*> find_metrics(const LogView& log, const std::string& word) {
  return find_metrics(log.metrics, word);
}

namespace {

// What stays of a bucket.
struct Bucket {
  std::optional<size_t> least, greatest, nan;

  void add(std::span<const double> y, size_t i) {
    if (std::isnan(y[i])) {
      nan = nan.value_or(i);
      return;
    }
    if (!least || y[i] < y[*least]) least = i;
    if (!greatest || y[i] > y[*greatest]) greatest = i;
  }
  void move_to(std::vector<size_t>& kept) {
    std::vector<size_t> mine;
    for (const auto& i : {least, greatest, nan}) {
      if (i) mine.push_back(*i);
    }
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
    kept.insert(kept.end(), mine.begin(), mine.end());
    *this = {};
  }
};

}  // namespace

std::vector<size_t> thinned(std::span<const double> x, std::span<const double> y, size_t most) {
  std::vector<size_t> kept;
  if (x.size() <= std::max<size_t>(most, 2)) {
    for (size_t i = 0; i < x.size(); ++i) kept.push_back(i);
    return kept;
  }
  const auto buckets = static_cast<double>(std::max<size_t>(most / 2, 1));
  const double width = (x.back() - x.front()) / buckets;
  Bucket bucket;
  double at = 0;
  kept.push_back(0);
  for (size_t i = 1; i + 1 < x.size(); ++i) {
    const double in = width > 0 ? std::min(std::floor((x[i] - x.front()) / width), buckets - 1) : 0;
    if (in != at) bucket.move_to(kept);
    at = in;
    bucket.add(y, i);
  }
  bucket.move_to(kept);
  kept.push_back(x.size() - 1);
  return kept;
}

}  // namespace stet::tracking
