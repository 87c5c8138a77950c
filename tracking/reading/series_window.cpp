#include "stet/tracking/reading/series_window.h"

#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/reading/runs.h"

namespace stet::tracking {

SeriesWindow read_window(const std::filesystem::path& run, const WindowRequest& request) {
  RunIndex index = RunIndex::of_run(run);
  const auto found = index.find(run);
  if (!found) {
    read_summary(run);  // throws what is wrong with it
    return {};
  }
  SeriesWindow window = std::move(index.windows({{*found, request}}).front());
  if (!window.problem.empty()) throw DataError(window.problem);
  return window;
}

}  // namespace stet::tracking
