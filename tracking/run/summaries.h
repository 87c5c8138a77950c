// The best values of metrics, kept in the record: `run.summary("test/accuracy", Best::max)`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/record/events.h"
#include "stet/tracking/record/folder.h"

namespace stet {

/// Which value of a metric stands for the run.
enum class Best : uint8_t { min, max, last };

}  // namespace stet

namespace stet::tracking::record {
class RunRecord;
}

namespace stet::tracking {

class Summaries {
 public:
  void add(std::string_view name, MetricContext context, Best best);
  /// A value was logged. NaN is never the best; of equals the first is.
  void note(int64_t step, std::string_view name, const MetricContext& context, double value, bool varies);
  /// Of a run that is resumed: what its log holds. Throws DataError on a damaged one.
  void recall(const Folder& run);
  void describe(record::RunRecord& record) const;

 private:
  struct Kept {
    std::string name;
    MetricContext context;  // by ascending names
    Best best;
    double value;
    int64_t step = 0;
    bool varies = false;
  };
  std::vector<Kept> kept_;
};

}  // namespace stet::tracking
