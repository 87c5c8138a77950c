// What a run's log holds, as values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace stet::tracking {

/// One value of a metric.
struct Point {
  int64_t step = 0;  ///< committed steps when it was logged
  double time = 0;   ///< seconds since 1970, UTC
  double value = 0;
  uint64_t tick = 0;    ///< boundaries before it
  bool varies = false;  ///< differs each time, as times do: no verification compares it
};

/// A metric's points added up. NaN counts, and is the least or greatest only where there is nothing else.
struct MetricSummary {
  double last = 0, min = 0, max = 0;
  int64_t step = 0;                    ///< of the last
  int64_t min_step = 0, max_step = 0;  ///< where the least and the greatest came first
  int64_t count = 0;
};

/// A metric, and every value that was logged of it.
struct Metric {
  /// What it was measured on, as in {{"subset", "validation"}}; in ascending order.
  using Context = std::vector<std::pair<std::string, std::string>>;

  std::string name;
  Context context;
  MetricSummary summary;
  std::vector<Point> points;  ///< in the order in which they were logged
};

/// A text, an image, a histogram or a vector that was logged.
struct LoggedMedium {
  enum class Kind : uint8_t { text, image, histogram, vector };
  Kind kind = Kind::text;
  std::string sha256;  ///< of its parts, each behind its length
  int64_t bytes = 0;
  int64_t step = 0;
  uint64_t tick = 0;            ///< boundaries before it
  std::vector<double> numbers;  ///< of a vector; of a histogram left, right and count of each bucket
};

/// The losses of the steps since the digest before it.
struct LoggedLosses {
  std::vector<uint64_t> bits;  ///< of binary32, zero-extended, or of binary64
  int64_t step = 0;
  bool operator==(const LoggedLosses&) const = default;
};

/// Names that are the same from one digest to the next: copies share them.
class SharedNames {
 public:
  SharedNames() : SharedNames(std::vector<std::string>()) {}
  explicit SharedNames(std::vector<std::string> names)
      : names_(std::make_shared<const std::vector<std::string>>(std::move(names))) {}
  size_t size() const { return names_->size(); }
  const std::string& operator[](size_t i) const { return (*names_)[i]; }
  auto begin() const { return names_->begin(); }
  auto end() const { return names_->end(); }
  bool operator==(const SharedNames& other) const { return names_ == other.names_ || *names_ == *other.names_; }

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
};

/// The digest of the tracked state at a boundary.
struct LoggedState {
  std::string root;              ///< 32 hexadecimal digits
  SharedNames names;             ///< of the tensors, in walk order
  std::vector<uint32_t> leaves;  ///< one a name
  std::string run;               ///< digest of where the run was in its loops, and of hyperparameters; empty: unknown
  int64_t step = 0;
  bool operator==(const LoggedState&) const = default;
};

/// The log's mark that a checkpoint was written.
struct LoggedCheckpoint {
  int64_t step = 0;
  std::optional<double> metric;  ///< the latest value of the metric by which the best one is kept
};

/// The log's last mark, when the run has ended.
struct LoggedStop {
  std::string message;
  int64_t step = 0;
  uint64_t tick = 0;
  bool operator==(const LoggedStop&) const = default;
};

/// The effective log: what a resume left behind is not in it. Digests and checkpoints are sorted by tick, which counts
/// boundaries: several can share a step.
struct LogView {
  std::map<std::string, Metric> metrics;  ///< by the name that TensorBoard shows: `name`, or `name[subset=validation]`
  std::map<std::string, std::vector<LoggedMedium>> media;  ///< by name, in the order in which they were logged
  std::map<uint64_t, LoggedLosses> losses;
  std::map<uint64_t, LoggedState> states;
  std::map<uint64_t, LoggedCheckpoint> checkpoints;
  std::optional<LoggedStop> stop;
  std::optional<int64_t> ambiguous;  ///< a step of which it holds two different digests
  int64_t steps = 0;                 ///< the last that was digested
  int64_t committed = 0;             ///< steps that it shows to have been committed, digested or not
  uint64_t last_tick = 0;            ///< of a digest
};

/// The metric of that name and context, in whatever order; null when the log has none.
const Metric* find_metric(const LogView& log, const std::string& name, const Metric::Context& context = {});

}  // namespace stet::tracking
