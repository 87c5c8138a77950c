#include "stet/tracking/reading/level_buckets.h"

#include <algorithm>

namespace stet::tracking {

void LevelBuckets::add(const SeriesBucket& later) {
  const int64_t place = place_of(later.first_step);
  if (!buckets_.empty() && buckets_.rbegin()->first == place) {  // as nearly all are
    buckets_.rbegin()->second.add(later);
    return;
  }
  const auto [at, is_new] = buckets_.try_emplace(place, later);
  if (!is_new) at->second.add(later);
}

void LevelBuckets::add(const LevelBuckets& later) {
  for (const auto& [place, bucket] : later.buckets_) add(bucket);
}

void LevelBuckets::widen() {
  LevelBuckets wider(level_ + 1);
  wider.add(*this);
  *this = std::move(wider);
}

void BucketBuilder::add(const Point& point, int64_t count, int64_t events) {
  if (is_long_) {
    buckets_.add(SeriesBucket::of(point.step, point.time, point.value));
    while (buckets_.size() > std::max(kMostBuckets, count / 64) && buckets_.level() < kLastLevel) buckets_.widen();
    return;
  }
  points_.push_back(point);
  if (static_cast<int64_t>(points_.size()) < kLongSeries) return;
  keep_steps();
  const bool is_rare = events >= kLongSeries * kEventsAPoint;
  while (!is_rare && buckets_.size() > kLongSeries / kPointsABucket && buckets_.level() < kLastLevel) buckets_.widen();
}

void BucketBuilder::keep_steps() {
  is_long_ = true;
  for (const Point& p : points_) buckets_.add(SeriesBucket::of(p.step, p.time, p.value));
  const bool tells = points_.size() >= 64;  // of how far apart they are
  points_ = {};
  while (tells && buckets_.level() < kLastLevel) {
    LevelBuckets wider = buckets_;
    wider.widen();
    if (wider.size() < buckets_.size()) return;
    buckets_ = std::move(wider);
  }
}

}  // namespace stet::tracking
