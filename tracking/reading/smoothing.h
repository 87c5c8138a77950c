// Smoothing, alike for the page, plots and queries.
#pragma once

#include <cstdint>

#include "stet/tracking/reading/series_window.h"

namespace stet::tracking {

/// The weighted mean of all finite values so far, in which a value d steps before the last one has the weight
/// 2^(-d / half_life). By points, one that k finite ones followed has weight^k: query's `.smooth(weight)`, which for
/// points at equal distances is the same with weight = 2^(-distance / half_life).
///
/// Of a bucket the mean is taken for each of its values, at equal distances between its first and its last step. It
/// differs from smoothing the points themselves by at most (1 - r) / (4 r) of a bucket's range, max - min, where r is
/// the weight of a bucket's first point beside its last, if its points lie at equal distances; a half-life of ten
/// widths makes that 0.018. It never leaves the range of the means.
class Smoother {
 public:
  static Smoother by_steps(double half_life) { return Smoother(half_life, 0); }
  static Smoother by_points(double weight) { return Smoother(0, weight); }

  /// Of later steps than all before.
  void add(const SeriesBucket& bucket);
  /// NaN as long as nothing was finite.
  double value() const;

 private:
  Smoother(double half_life, double weight) : half_life_(half_life), weight_(weight) {}
  double half_life_, weight_;
  double sum_ = 0, weights_ = 0;
  int64_t last_step_ = 0;
};

}  // namespace stet::tracking
