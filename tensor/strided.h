// The memory of tensors of one shape, whose elements lie differently.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

/// The common logical shape of N tensors with axes merged wherever all of them allow it.
template <size_t N> class StridedAxes {
 public:
  using Offsets = std::array<int64_t, N>;  // in elements, one a tensor

  explicit StridedAxes(const std::array<const Tensor*, N>& tensors) {
    const Shape& shape = tensors[0]->shape();
    elements_ = shape.elements();
    if (elements_ == 0) {  // its other extents may have a product past int64
      extents_.push_back(0);
      steps_.push_back({});
      return;
    }
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] == 1) continue;
      Offsets steps;
      for (size_t t = 0; t < N; ++t) steps[t] = tensors[t]->strides()[static_cast<size_t>(i)];
      if (!extents_.empty() && merges(steps, shape[i])) {
        extents_.back() *= shape[i];
        steps_.back() = steps;
      } else {
        extents_.push_back(shape[i]);
        steps_.push_back(steps);
      }
    }
    if (extents_.empty()) {
      extents_.push_back(1);
      steps_.push_back({});
      steps_.back().fill(1);
    }
  }

  int64_t elements() const { return elements_; }
  /// The merged axes, the innermost last, and each tensor's steps along them.
  const std::vector<int64_t>& extents() const { return extents_; }
  const std::vector<Offsets>& all_steps() const { return steps_; }
  /// Along the innermost axis.
  const Offsets& steps() const { return steps_.back(); }

  /// Where the row-th row along the innermost axis begins.
  Offsets row_offsets(int64_t row) const {
    Offsets at{};
    for (size_t axis = extents_.size() - 1; axis-- > 0;) {
      const int64_t i = row % extents_[axis];
      row /= extents_[axis];
      for (size_t t = 0; t < N; ++t) at[t] += i * steps_[axis][t];
    }
    return at;
  }

 private:
  bool merges(const Offsets& steps, int64_t extent) const {
    for (size_t t = 0; t < N; ++t) {
      if (steps_.back()[t] != steps[t] * extent) return false;
    }
    return true;
  }

  std::vector<int64_t> extents_;
  std::vector<Offsets> steps_;
  int64_t elements_ = 0;
};

}  // namespace stet
