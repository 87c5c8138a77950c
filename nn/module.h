// Module: a part of a network.
#pragma once

#include <cstdint>
#include <string>

#include "stet/tensor/mode.h"
#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"

namespace stet::nn {

/// A part of a network: layers, and what users compose of them. It names its members and is called with tensors; what
/// it takes and gives is its own affair, so a layer with two inputs needs nothing special. Copying one copies its
/// cells. Whether it trains or evaluates is ambient (`training()`), so no module holds a flag that could be left wrong.
class Module : public Stateful {};

/// Height and width, for kernels, strides and padding: `{3, 5}`, or `3` for both.
struct Size2d {
  int64_t h, w;
  Size2d(int64_t both) : h(both), w(both) {}  // NOLINT: `.stride = 2` reads as it should
  Size2d(int64_t height, int64_t width) : h(height), w(width) {}
  std::pair<int64_t, int64_t> pair() const { return {h, w}; }
  bool operator==(const Size2d&) const = default;
};

/// "3x5".
std::string to_string(const Size2d& size);

}  // namespace stet::nn
