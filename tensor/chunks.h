// Equal parts of a batch, for gradient accumulation.
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "stet/tensor/ops.h"

namespace stet {

/// n equal parts of each tensor along its first axis, side by side: `for (auto [xi, yi] : chunks(4, x, y)) g +=
/// backward(...)`. Throws UsageError if n does not divide an extent.
template <class... Tensors> auto chunks(int64_t n, const Tensors&... tensors) {
  const std::vector<std::vector<Tensor>> parts{split(tensors, n)...};
  const auto chunk = [&]<size_t... K>(size_t i, std::index_sequence<K...>) { return std::make_tuple(parts[K][i]...); };
  using Indices = std::index_sequence_for<Tensors...>;
  std::vector<decltype(chunk(0, Indices()))> result;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) result.push_back(chunk(i, Indices()));
  return result;
}

}  // namespace stet
