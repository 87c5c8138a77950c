#include "stet/tracking/reading/index/windows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/index/long_series.h"
#include "stet/tracking/reading/index/store.h"
#include "stet/tracking/reading/index/threads.h"
#include "stet/tracking/reading/smoothing.h"

namespace stet::tracking {
namespace {

constexpr double kForgotten = 64;  // half-lives after which a value no longer counts
constexpr double kFineEnough = 8;  // widths of the buckets that are smoothed in a half-life
constexpr int kWidest = 62;        // 2^62 steps
constexpr int64_t kFirstStep = std::numeric_limits<int64_t>::min();

// Ranges of 2^shift steps begin at multiples of that.
int64_t begin_of_range(int64_t step, int shift) { return step & ~((int64_t{1} << shift) - 1); }
int64_t end_of_range(int64_t step, int shift) { return step | ((int64_t{1} << shift) - 1); }

// The narrowest ranges of which at most so many hold the steps from `low` to `high`.
int shift_for(int64_t low, int64_t high, size_t most) {
  const auto ranges = [&](int shift) {
    return static_cast<uint64_t>(high >> shift) - static_cast<uint64_t>(low >> shift);
  };
  int shift = 0;
  while (shift < kWidest && ranges(shift) >= std::max<size_t>(most, 1)) ++shift;
  return shift;
}

int64_t minus(int64_t step, double steps) {
  const double at = static_cast<double>(step) - steps;
  return at <= static_cast<double>(kFirstStep) ? kFirstStep : static_cast<int64_t>(at);
}

std::vector<SeriesBucket> merged(const std::vector<SeriesBucket>& buckets, int shift) {
  std::vector<SeriesBucket> all;
  for (const SeriesBucket& bucket : buckets) {
    const bool is_same = !all.empty() && all.back().first_step >> shift == bucket.first_step >> shift;
    if (is_same) all.back().add(bucket);
    else all.push_back(bucket);
  }
  return all;
}

// A window that is being made: first from the index, then, with others beside it, from what is read of the log.
class Making {
 public:
  Making(const Database& database, const RunWindow& asked)
      : run_(asked.run), request_(asked.request), long_series_(database), store_(database) {
    query::SeriesName wanted{request_.metric, request_.context};
    std::sort(wanted.context.begin(), wanted.context.end());
    const auto series = store_.series(run_.key, request_.metric);
    const auto* found = find_series(series, wanted);
    if (found == nullptr) return;
    name_ = found->first;
    facts_ = found->second;
    window_.context = name_.context;
    window_.count = facts_.count, window_.nan = facts_.nan, window_.inf = facts_.inf;
    window_.first_step = facts_.low_step, window_.last_step = facts_.high_step;
    levels_ = long_series_.levels(run_.key, facts_.number);
    low_ = std::max(request_.from, facts_.low_step);
    high_ = std::min(request_.to, facts_.high_step);
    if (has_times() && !levels_.empty()) narrow_by_times();
    if (low_ > high_) return;
    choose_width();
    if (!levels_.empty() && 2 * finest() <= shift_ && !are_few()) take_buckets();
    else plan_reading();
  }

  void finish() {
    if (reads_log_) finish_from_log();
    else if (low_ <= high_) finish_from_buckets();
    drop_other_times();
  }

  SeriesWindow take() { return std::move(window_); }

 private:
  int finest() const { return levels_.begin()->first; }
  bool has_times() const { return std::isfinite(request_.begin) || std::isfinite(request_.end); }
  bool smooths() const { return request_.half_life > 0 || request_.weight > 0; }
  bool is_within(int64_t step, double time) const {
    return step >= request_.from && step <= request_.to && time >= request_.begin && time <= request_.end;
  }

  std::vector<SeriesBucket> buckets(int level, int64_t first_step, int64_t last_step) const {
    return long_series_.buckets(run_.key, facts_.number, level, first_step >> 2 * level, last_step >> 2 * level);
  }

  void narrow_by_times() {
    int64_t low = high_, high = low_;
    bool any = false;
    for (const SeriesBucket& b : buckets(finest(), low_, high_)) {
      if (b.last_time < request_.begin || b.first_time > request_.end) continue;
      any = true;
      low = std::min(low, b.first_step), high = std::max(high, b.last_step);
    }
    low_ = any ? std::max(low, low_) : 1, high_ = any ? std::min(high, high_) : 0;
  }

  void choose_width() {
    const auto wanted = static_cast<uint64_t>(std::max<int64_t>(request_.width, 0));
    shift_ = wanted > 0 ? std::min(std::countr_zero(std::bit_ceil(wanted)), kWidest)
                        : shift_for(low_, high_, request_.points);
  }

  // Are there perhaps no more points within than are wanted? Of buckets at the borders that is not known.
  bool are_few() const {
    const auto most = static_cast<int64_t>(std::min<size_t>(request_.points, std::numeric_limits<int64_t>::max()));
    if (request_.width > 0) return false;
    if (facts_.count <= most) return true;
    if (low_ == facts_.low_step && high_ == facts_.high_step) return false;
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      int64_t within = 0;
      for (const SeriesBucket& b : buckets(level->first, low_, high_)) {
        if (b.first_step >= low_ && b.last_step <= high_) within += b.count;
      }
      if (within > most) return false;
    }
    return true;
  }

  void take_buckets() {
    int level = finest();
    for (const auto& [stored, count] : levels_) {
      if (2 * stored <= shift_) level = stored;
    }
    const int64_t begin = begin_of_range(low_, shift_), end = end_of_range(high_, shift_);
    buckets_ = buckets(level, begin, end);
    if (!smooths()) return;
    const int source = level_to_smooth(level);
    smoothed_ = buckets(source, history_begin(begin), end);
  }

  // The coarsest that is fine enough, else the finest; at most `level`.
  int level_to_smooth(int level) const {
    int source = finest();
    for (const auto& [stored, count] : levels_) {
      const bool by_steps = request_.half_life > 0;
      const double life = by_steps ? request_.half_life : -std::log(2) / std::log(request_.weight);
      const double width = by_steps
                               ? std::ldexp(1, 2 * stored)
                               : static_cast<double>(facts_.count) / static_cast<double>(std::max<int64_t>(count, 1));
      if (stored <= level && width * kFineEnough <= life) source = stored;
    }
    return source;
  }

  int64_t history_begin(int64_t step) const {
    return request_.half_life > 0 ? minus(step, kForgotten * request_.half_life) : kFirstStep;
  }

  void plan_reading() {
    reads_log_ = true;
    read_begin_ = begin_of_range(low_, shift_), read_end_ = end_of_range(high_, shift_);
    if (smooths() && levels_.empty()) read_begin_ = history_begin(read_begin_);
    else if (smooths()) {
      read_begin_ = begin_of_range(low_, std::max(shift_, 2 * finest()));
      if (read_begin_ > kFirstStep) smoothed_ = buckets(finest(), history_begin(read_begin_), read_begin_ - 1);
    }
    if (!levels_.empty() && levels_.begin()->second == facts_.count) {  // each bucket is a point
      points_ = buckets(finest(), read_begin_, read_end_);
      return;
    }
    std::vector<LogPart> all = long_series_.parts(run_.key);
    if (all.empty()) return;
    all.push_back(store_.last_part(run_.key));
    parts_.emplace();
    for (LogPart& part : all) {
      if (part.has(facts_.number) && part.low_step <= read_end_ && part.high_step >= read_begin_)
        parts_->push_back(std::move(part));
    }
  }

  // By step, of what is known to the index.
  std::vector<SeriesBucket> read_points() const {
    std::optional<std::vector<Point>> points;
    const Folder run(run_.folder);
    if (parts_) points = read_parts(run, name_, *parts_);
    if (!points) {
      points = std::move(read_series(run, {name_}).front());
      points->resize(std::min(points->size(), static_cast<size_t>(facts_.count)));
    }
    std::vector<SeriesBucket> read;
    for (const Point& p : *points) {
      if (p.step >= read_begin_ && p.step <= read_end_) read.push_back(SeriesBucket::of(p.step, p.time, p.value));
    }
    std::stable_sort(read.begin(), read.end(),
                     [](const SeriesBucket& a, const SeriesBucket& b) { return a.first_step < b.first_step; });
    return read;
  }

  void finish_from_log() try {
    const std::vector<SeriesBucket> points = points_ ? std::move(*points_) : read_points();
    std::vector<size_t> within;
    for (size_t i = 0; i < points.size(); ++i) {
      if (is_within(points[i].first_step, points[i].first_time)) within.push_back(i);
    }
    if (request_.width <= 0 && within.size() <= request_.points) take_points(points, within);
    else {
      if (levels_.empty() && has_times() && request_.width <= 0 && !within.empty())
        shift_ = shift_for(points[within.front()].first_step, points[within.back()].first_step, request_.points);
      for (const SeriesBucket& p : points) {
        if (p.first_step >= begin_of_range(low_, shift_)) buckets_.push_back(p);
      }
      smoothed_.insert(smoothed_.end(), points.begin(), points.end());
      finish_from_buckets();
    }
  } catch (const Error& e) { window_.problem = e.what(); }

  void take_points(const std::vector<SeriesBucket>& points, const std::vector<size_t>& within) {
    window_.width = 0;
    Smoother smoother = new_smoother();
    if (smooths()) {
      for (const SeriesBucket& before : smoothed_) smoother.add(before);
    }
    size_t next = 0;
    for (const size_t i : within) {
      window_.buckets.push_back(points[i]);
      if (!smooths()) continue;
      while (next <= i) smoother.add(points[next++]);
      window_.smooth.push_back(smoother.value());
    }
  }

  void finish_from_buckets() {
    window_.width = int64_t{1} << shift_;
    window_.buckets = merged(buckets_, shift_);
    if (!smooths()) return;
    Smoother smoother = new_smoother();
    auto next = smoothed_.begin();
    for (const SeriesBucket& bucket : window_.buckets) {
      for (; next != smoothed_.end() && next->first_step <= bucket.last_step; ++next) smoother.add(*next);
      window_.smooth.push_back(smoother.value());
    }
  }

  Smoother new_smoother() const {
    return request_.half_life > 0 ? Smoother::by_steps(request_.half_life) : Smoother::by_points(request_.weight);
  }

  void drop_other_times() {
    if (!has_times()) return;
    size_t kept = 0;
    for (size_t i = 0; i < window_.buckets.size(); ++i) {
      const SeriesBucket& b = window_.buckets[i];
      if (b.last_time < request_.begin || b.first_time > request_.end) continue;
      window_.buckets[kept] = b;
      if (smooths()) window_.smooth[kept] = window_.smooth[i];
      ++kept;
    }
    window_.buckets.resize(kept);
    if (smooths()) window_.smooth.resize(kept);
  }

  IndexedRun run_;
  WindowRequest request_;
  LongSeries long_series_;
  IndexStore store_;
  query::SeriesName name_;
  SeriesFacts facts_;
  std::map<int, int64_t> levels_;  // and how many buckets each has
  SeriesWindow window_;
  int64_t low_ = 1, high_ = 0;  // steps that are shown
  int shift_ = 0;               // of 2^shift steps a bucket, where points are too many
  std::vector<SeriesBucket> buckets_, smoothed_;
  bool reads_log_ = false;
  int64_t read_begin_ = 0, read_end_ = 0;            // steps that are read
  std::optional<std::vector<SeriesBucket>> points_;  // where the index has them
  std::optional<std::vector<LogPart>> parts_;        // of the log that hold them; none: it is read as a whole
};

}  // namespace

std::vector<SeriesWindow> read_windows(const Database& database, const std::vector<RunWindow>& asked) {
  std::vector<Making> all;
  all.reserve(asked.size());
  for (const RunWindow& one : asked) all.emplace_back(database, one);
  for_all(all.size(), 1, [&](size_t i) { all[i].finish(); });
  std::vector<SeriesWindow> windows;
  for (Making& making : all) windows.push_back(making.take());
  return windows;
}

}  // namespace stet::tracking
