// Which series a word means, and fewer points that show the same curve.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "stet/tracking/reading/log_view.h"

namespace stet::tracking {

/// The metrics of a log that a word means: the one that is shown so, as `val/loss` or `val/loss[subset=clean]`; else
/// all of that name, whatever their context; else those whose names match it as a pattern, as `val/*`. None where there
/// is nothing of it.
std::vector<const Metric*> find_metrics(const LogView& log, const std::string& word);

/// The places of at most about `most` points that look like all of them: x is cut into equal buckets, of each the least
/// and the greatest y stay, infinities too, and one NaN where there is any; so do the first and the last point.
/// x ascends. All where there are no more than `most`.
std::vector<size_t> thinned(std::span<const double> x, std::span<const double> y, size_t most);

}  // namespace stet::tracking
