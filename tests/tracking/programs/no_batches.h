#pragma once

#include <cstdint>
#include <optional>

#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"

namespace stet {

// A loader that has nothing.
struct NoBatches : Stateful {
  using Batch = Tensor;
  int64_t at = -1;
  std::optional<Tensor> next() { return std::nullopt; }
  int64_t batches_per_epoch() const { return 0; }
  int64_t epoch() const { return at; }
  void start_epoch(int64_t epoch) { at = epoch; }
  void members(Visitor& v) override { v("epoch", at); }
};

}  // namespace stet
