// Which series a word means, and fewer points that show the same curve.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "stet/tensor/pattern.h"
#include "stet/tracking/reading/log_view.h"

namespace stet::tracking {

/// The metrics of a log that a word means: the one that is shown so, as `val/loss` or `val/loss[subset=clean]`; else
/// all of that name, whatever their context; else those whose names match it as a pattern, as `val/*`. None where there
/// is nothing of it.
std::vector<const Metric*> find_metrics(const LogView& log, const std::string& word);

/// The same of anything that has a `name`, by the names under which they are shown.
template <class Named>
std::vector<const Named*> find_metrics(const std::map<std::string, Named>& by_tag, const std::string& word) {
  if (const auto it = by_tag.find(word); it != by_tag.end()) return {&it->second};
  std::vector<const Named*> named, matching;
  for (const auto& [tag, one] : by_tag) {
    if (one.name == word) named.push_back(&one);
    if (matches(word, one.name) || matches(word, tag)) matching.push_back(&one);
  }
  return named.empty() ? matching : named;
}

/// The places of at most about `most` points that look like all of them: x is cut into equal buckets, of each the least
/// and the greatest y stay, infinities too, and one NaN where there is any; so do the first and the last point.
/// x ascends. All where there are no more than `most`.
std::vector<size_t> thinned(std::span<const double> x, std::span<const double> y, size_t most);

}  // namespace stet::tracking
