// The runs of adjacent axes that a reduction goes through, for every device: docs/numerics.md, "Sums".
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

/// The product of the extents of axes begin … end - 1.
inline int64_t product_of(const std::vector<int64_t>& dims, size_t begin, size_t end) {
  return elements_of(std::span(dims).subspan(begin, end - begin));
}

/// A tensor [outer, n, inner] whose middle is reduced. `last`: it holds the tensor's last axis, so inner is 1.
struct ReducedRun {
  int64_t outer, n, inner;
  bool last;
};

/// Calls fold(from, run, to) for one run after another, the last first; both tensors are contiguous, and the last `to`
/// is y; all have y's dtype but the first `from`, which has x's. At least one axis of x is reduced.
template <class Fold>
void for_reduced_runs(const Tensor& x, const std::vector<bool>& reduced, const Tensor& y, const Fold& fold) {
  Tensor from = contiguous(x.detach());
  std::vector<int64_t> dims = x.shape().dims();  // extents still to be reduced, or kept
  const auto first = static_cast<size_t>(std::find(reduced.begin(), reduced.end(), true) - reduced.begin());
  for (size_t begin, end = reduced.size(); end > first; end = begin) {
    begin = end - 1;
    if (!reduced[begin]) continue;
    while (begin > first && reduced[begin - 1]) --begin;
    const ReducedRun run{product_of(dims, 0, begin), product_of(dims, begin, end), product_of(dims, end, dims.size()),
                         end == reduced.size()};
    const Tensor to = begin == first ? y : Tensor::uninitialized({run.outer, run.inner}, y.dtype(), x.device());
    fold(from, run, to);
    std::fill(dims.begin() + static_cast<std::ptrdiff_t>(begin), dims.begin() + static_cast<std::ptrdiff_t>(end), 1);
    from = to;
  }
}

}  // namespace stet
