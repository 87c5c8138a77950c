// What a part of a program takes from counters and from state that moves on, so that it can run again and take the
// same: places on the tape, draws of streams, values.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet {

struct Counted {
  std::vector<uint64_t> places;
  std::vector<Draw> draws;
  std::vector<Tensor> values;
};

/// While one lives, what this thread takes is written down, or taken from what was (`again`). They nest: what runs
/// again within may be written down in its turn.
class Counting {
 public:
  Counting(Counted& counted, bool again);
  ~Counting();
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;

  /// Whether all that was written down was taken again.
  bool is_over() const {
    return place_ == counted_.places.size() && draw_ == counted_.draws.size() && value_ == counted_.values.size();
  }

 private:
  friend uint64_t next_place(const std::function<uint64_t()>& next);
  friend Draw next_draw(const std::function<Draw()>& next);
  friend Tensor next_value(const std::function<Tensor()>& next);
  friend bool recomputing();  // of checkpoint.h

  template <class T>
  static T take(Counting* from, std::vector<T> Counted::*list, size_t Counting::*at, const std::function<T()>& next);

  Counted& counted_;
  bool again_;
  size_t place_ = 0, draw_ = 0, value_ = 0;
  Counting* outer_;
};

/// What next() gives, or what was taken at this point before. Throw UsageError where more is taken than was.
uint64_t next_place(const std::function<uint64_t()>& next);
Draw next_draw(const std::function<Draw()>& next);
/// For layers whose calls change what they compute with.
Tensor next_value(const std::function<Tensor()>& next);

}  // namespace stet
