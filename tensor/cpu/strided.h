// Iteration over the elements of tensors of one shape whose memory is laid out differently.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "stet/tensor/parallel.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// Bytes of memory traffic under which another thread costs more than it saves, in elements.
inline constexpr int64_t kElementGrain = 16384;

/// The common logical shape of N tensors with axes merged wherever all of them allow it. `for_rows` visits it as rows
/// along the innermost axis.
template <size_t N> class StridedLoop {
 public:
  using Offsets = std::array<int64_t, N>;  // in elements, one a tensor

  explicit StridedLoop(const std::array<const Tensor*, N>& tensors) {
    const Shape& shape = tensors[0]->shape();
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
    elements_ = shape.elements();
  }

  /// The merged axes, the innermost last, and each tensor's steps along them.
  const std::vector<int64_t>& extents() const { return extents_; }
  const std::vector<Offsets>& all_steps() const { return steps_; }
  /// Steps along the rows.
  const Offsets& steps() const { return steps_.back(); }

  /// Calls body(offsets, n) for runs of n elements along rows, on all threads, covering every element once.
  template <class Body> void for_rows(const Body& body) const {
    if (elements_ == 0) return;
    const int64_t length = extents_.back();
    if (extents_.size() == 1) {
      parallel_for(length, kElementGrain, [&](int64_t begin, int64_t end) {
        Offsets at;
        for (size_t t = 0; t < N; ++t) at[t] = begin * steps()[t];
        body(at, end - begin);
      });
      return;
    }
    parallel_for(elements_ / length, std::max<int64_t>(1, kElementGrain / length), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) body(row_offsets(row), length);
    });
  }

 private:
  bool merges(const Offsets& steps, int64_t extent) const {
    for (size_t t = 0; t < N; ++t) {
      if (steps_.back()[t] != steps[t] * extent) return false;
    }
    return true;
  }

  Offsets row_offsets(int64_t row) const {
    Offsets at{};
    for (size_t axis = extents_.size() - 1; axis-- > 0;) {
      const int64_t i = row % extents_[axis];
      row /= extents_[axis];
      for (size_t t = 0; t < N; ++t) at[t] += i * steps_[axis][t];
    }
    return at;
  }

  std::vector<int64_t> extents_;
  std::vector<Offsets> steps_;
  int64_t elements_ = 0;
};

/// Calls visit(T{}) with the C++ type of a dtype.
template <class Visit> void visit_dtype(DType dtype, const Visit& visit) {
  switch (dtype) {
    case DType::float32: return visit(float{});
    case DType::float64: return visit(double{});
    case DType::int32: return visit(int32_t{});
    case DType::int64: return visit(int64_t{});
    case DType::uint8: return visit(uint8_t{});
    case DType::boolean: return visit(bool{});
  }
}

/// Of float32 and float64 alone.
template <class Visit> void visit_floating(DType dtype, const Visit& visit) {
  if (dtype == DType::float64) visit(double{});
  else visit(float{});
}

}  // namespace stet
