// A part of a metric's curve at the resolution at which it is looked at: its points where they are few, and where they
// are many what buckets of steps hold of them.
//
//     const SeriesWindow window = read_window("runs/latest", {.metric = "train/loss", .points = 800});
//     for (const SeriesBucket& b : window.buckets) draw(b.first_step, b.last_step, b.min, b.max, b.mean());
//
// Long series come from the index of runs (docs/index.md), whose buckets are 4^k steps wide and begin at multiples of
// that: what is drawn of a curve does not move when it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "stet/tracking/reading/log_view.h"

namespace stet::tracking {

/// Points of neighbouring steps, added up in the order of their steps; those of one step in the order in which they
/// were logged.
struct SeriesBucket {
  int64_t count = 0;                      ///< with what is not finite
  int64_t nan = 0;                        ///< how many are NaN
  int64_t above = 0, below = 0;           ///< how many are infinite, and -infinite
  int64_t first_step = 0, last_step = 0;  ///< the least and the greatest
  double first_time = 0, last_time = 0;   ///< the earliest and the latest; seconds since 1970, UTC
  double first = 0, last = 0;             ///< of all values, NaN and infinities too
  double min = 0, max = 0, sum = 0;       ///< of the finite ones
  int64_t min_step = 0, max_step = 0;     ///< where the least and the greatest came first

  /// How many are finite.
  int64_t finite() const { return count - nan - above - below; }
  /// Of the finite ones; NaN where there are none.
  double mean() const;

  static SeriesBucket of(int64_t step, double time, double value);
  /// Adds what was logged later, at whatever steps.
  void add(const SeriesBucket& later);
};

/// Which part of which series, and how closely.
struct WindowRequest {
  std::string metric;
  Metric::Context context;                                  ///< in whatever order
  int64_t from = std::numeric_limits<int64_t>::min();       ///< the first step
  int64_t to = std::numeric_limits<int64_t>::max();         ///< the last step
  double begin = -std::numeric_limits<double>::infinity();  ///< the earliest time: seconds since 1970, UTC
  double end = std::numeric_limits<double>::infinity();     ///< the latest time
  size_t points = 1000;  ///< at most so many buckets, and half as many or more where the log has them
  int64_t width = 0;  ///< steps a bucket, rounded up to a power of two, in place of what `points` asks for; 0: as that
  double half_life = 0;  ///< of the smoothed curve, in steps; 0: none is wanted
  double weight = 0;     ///< of the past, a point, in place of a half-life: query's `.smooth(weight)`
};

struct SeriesWindow {
  Metric::Context context;  ///< in ascending order
  // Of the whole series; no points where the run logged none.
  int64_t count = 0, nan = 0, inf = 0;
  int64_t first_step = 0, last_step = 0;  ///< the least and the greatest

  /// Steps a bucket; a power of two, of which each bucket's range begins at a multiple. 0: each bucket is one point.
  int64_t width = 0;
  std::vector<SeriesBucket> buckets;  ///< by step; none is empty
  /// The smoothed curve at each bucket's last point, where it was asked for (smoothing.h).
  std::vector<double> smooth;

  /// Why its points could not be read from the log, where they had to be; one line that names the file.
  std::string problem;

  bool exact() const { return width == 0; }
};

/// A window of a run's series, through the index of the folder that the run lies in, of which it brings that run's part
/// up to date; without a context the series that has none, else the only one of that name. Throws DataError and IoError
/// that name the file.
SeriesWindow read_window(const std::filesystem::path& run, const WindowRequest& request);

}  // namespace stet::tracking
