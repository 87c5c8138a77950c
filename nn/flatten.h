// Layers that change the shape alone.
#pragma once

#include <vector>

#include "stet/nn/module.h"

namespace stet::nn {

/// Axes from `first` to `last` become one: [N, C, H, W] to [N, C * H * W].
class Flatten : public Module {
 public:
  explicit Flatten(int first = 1, int last = -1) : first_(first), last_(last) {}
  /// Throws UsageError where x has no such axes, or the first comes after the last.
  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  int first_, last_;
};

/// One axis becomes several: Unflatten(1, {3, 4}) takes [N, 12] to [N, 3, 4]. One extent may be -1.
class Unflatten : public Module {
 public:
  /// Throws UsageError where there are no extents.
  Unflatten(int axis, std::vector<int64_t> extents);
  /// Throws UsageError where the extents don't multiply to the axis's.
  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  int axis_;
  std::vector<int64_t> extents_;
};

}  // namespace stet::nn
