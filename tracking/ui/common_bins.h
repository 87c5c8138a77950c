// Histograms of many steps in bins that all of them share, as the page draws them.
#pragma once

#include <cstddef>
#include <vector>

#include "stet/tracking/reading/log_view.h"

namespace stet::tracking::ui {

struct CommonBins {
  std::vector<double> edges;                // by ascending value, one more than bins
  std::vector<std::vector<double>> counts;  // of each histogram, by bin
};

/// The histograms, whose numbers are triples of left edge, right edge and count, in `bins` of equal width. What a
/// bucket holds is spread over it evenly; one without finite edges, or without a count, is left out.
CommonBins in_common_bins(const std::vector<LoggedMedium>& histograms, size_t bins);

}  // namespace stet::tracking::ui
