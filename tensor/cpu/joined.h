// One parallel loop over many arrays: small ones share a range, so that a network's many biases don't cost a loop each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {

/// Calls body(i, begin, end) for parts of array i, 0 <= i < count, of length(i) items, until all are covered; `grain`
/// items are the least that a thread is worth.
template <class Length, class Body>
void for_joined(size_t count, const Length& length, const Body& body, int64_t grain = kElementGrain) {
  std::vector<int64_t> ends(count);
  int64_t total = 0;
  for (size_t i = 0; i < count; ++i) ends[i] = total += length(i);
  parallel_for(total, grain, [&](int64_t begin, int64_t end) {
    auto i = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin());
    for (; begin < end; ++i) {
      const int64_t start = i == 0 ? 0 : ends[i - 1], stop = std::min(end, ends[i]);
      if (begin < stop) body(i, begin - start, stop - start);
      begin = stop;
    }
  });
}

}  // namespace stet::cpu_kernels
