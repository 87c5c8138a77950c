// What a generating network keeps of the positions that it has seen.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// Keys and values of attention layers, so that a token costs one position, not all before it again. Each layer has
/// memory for `capacity` positions of `batch` sequences and writes new ones behind the others: nothing is copied or
/// joined. What attention gives through it has the bits of attention over all positions at once. Values alone are kept:
/// use it under Evaluation or NoGrad. It is moved, not copied.
class KvCache {
 public:
  struct Pair {
    Tensor keys, values;  ///< [B, heads, positions, D]
  };

  class Layer {
   public:
    Layer(int64_t batch, int64_t capacity) : batch_(batch), capacity_(capacity) {}
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;
    Layer(Layer&&) = default;
    Layer& operator=(Layer&&) = default;

    /// Adds the keys and values of new positions, [B, heads, t, D] each, and gives those of all so far, as views.
    /// Throws UsageError where they don't fit, or have a gradient.
    Pair append(const Tensor& keys, const Tensor& values);
    /// Positions so far.
    int64_t length() const { return length_; }
    /// Forgets the positions from `length` on.
    void truncate(int64_t length) { length_ = std::min(length_, length); }

    /// Those of another sequence, which cross attention makes once.
    Pair memory;

   private:
    // [capacity, B, heads, D], so that a position's elements lie side by side.
    Tensor store(Tensor& all, const Tensor& x) const;
    void leave_to_views(Tensor& all) const;

    int64_t batch_, capacity_, length_ = 0;
    int64_t shown_ = 0;  // positions that views may show
    Tensor keys_, values_;
  };

  /// Throws UsageError unless all are positive.
  KvCache(int64_t layers, int64_t batch, int64_t capacity);

  /// Throws UsageError if there is no such layer.
  Layer& operator[](int64_t i);
  /// Positions that the first layer has seen: the number of the next one.
  int64_t length() const { return layers_.front().length(); }
  int64_t capacity() const { return capacity_; }
  /// Forgets all, for other sequences.
  void clear();
  /// Forgets the positions from `length` on, as after a call that threw in a later layer; of 0, all, as clear does.
  void truncate(int64_t length);

 private:
  int64_t batch_, capacity_;
  std::vector<Layer> layers_;
};

}  // namespace stet::nn
