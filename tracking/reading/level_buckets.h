// The buckets of a long series at one resolution, as they grow. Private to reading/.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "stet/tracking/reading/series_window.h"

namespace stet::tracking {

/// From how many points on a series has buckets.
inline constexpr int64_t kLongSeries = 4096;
/// The finest buckets hold as many points in the mean, or more.
inline constexpr int64_t kPointsABucket = 16;
/// There are at most so many of the finest, or one for 64 points.
inline constexpr int64_t kMostBuckets = 16384;
/// Of a series that has fewer points than one in so many events every step has a bucket: a long log is tedious to look
/// through for them.
inline constexpr int64_t kEventsAPoint = 16;
/// The coarsest level has at most so many.
inline constexpr int64_t kFewBuckets = 1024;
/// The coarsest that 64 bits have: four buckets of 4^31 steps hold all.
inline constexpr int kLastLevel = 31;

/// Buckets of 4^level steps, by ascending step; none is empty.
class LevelBuckets {
 public:
  explicit LevelBuckets(int level = 0) : level_(level) {}

  int level() const { return level_; }
  /// By their places: each begins at the step place * 4^level.
  const std::map<int64_t, SeriesBucket>& buckets() const { return buckets_; }
  int64_t size() const { return static_cast<int64_t>(buckets_.size()); }
  bool empty() const { return buckets_.empty(); }
  int64_t place_of(int64_t step) const { return step >> (2 * level_); }

  /// Adds what was logged after all that it holds.
  void add(const SeriesBucket& later);
  void add(const LevelBuckets& later);
  /// Makes one bucket of each four.
  void widen();

 private:
  int level_;
  std::map<int64_t, SeriesBucket> buckets_;
};

/// Gathers the points of a series in buckets of a level that fits how many and how dense they are.
class BucketBuilder {
 public:
  /// For a series from its first point on, or one that has buckets of that level already.
  BucketBuilder() = default;
  explicit BucketBuilder(int level) : buckets_(level), is_long_(true) {}

  /// `count`: how many points the series has with this one; `events`: how many the log has before it.
  void add(const Point& point, int64_t count, int64_t events);
  /// Makes a bucket of each step of a series that has none, whose first point it was given; wider ones where steps lie
  /// apart.
  void keep_steps();
  /// Has it buckets?
  bool is_long() const { return is_long_; }
  const LevelBuckets& buckets() const { return buckets_; }

 private:
  LevelBuckets buckets_;
  std::vector<Point> points_;  // of a series that is not long yet
  bool is_long_ = false;
};

}  // namespace stet::tracking
