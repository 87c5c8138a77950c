// Equal parts of a batch, for gradient accumulation.
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {

/// n equal parts of each tensor along its first axis, side by side: `for (auto [xi, yi] : chunks(4, x, y)) g +=
/// backward(...)`. Throws UsageError if n does not divide an extent.
template <class... Tensors> auto chunks(int64_t n, const Tensors&... tensors) {
  const auto equal = [n](const Tensor& x) {
    if (n < 1 || x.size(0) % n != 0) raise("chunks: {} parts don't divide axis 0 of {}", n, x.shape().to_string());
    return chunk(x, n);
  };
  const std::vector<std::vector<Tensor>> parts{equal(tensors)...};
  const auto tuple = [&]<size_t... K>(size_t i, std::index_sequence<K...>) { return std::make_tuple(parts[K][i]...); };
  using Indices = std::index_sequence_for<Tensors...>;
  std::vector<decltype(tuple(0, Indices()))> result;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) result.push_back(tuple(i, Indices()));
  return result;
}

}  // namespace stet
