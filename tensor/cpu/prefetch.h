// Memory that is fetched ahead of its use.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stet/tensor/cpu/tiling.h"

namespace stet::cpu_kernels {

/// Fetches memory into the second-level cache, one of `parts` with each call, between which other work keeps the
/// processor busy.
class Prefetch {
 public:
  Prefetch() = default;
  template <class T>
  Prefetch(const T* data, int64_t count, int64_t parts)
      : at_(reinterpret_cast<const char*>(data)),
        end_(reinterpret_cast<const char*>(data + count)),
        step_(pieces_of(count * static_cast<int64_t>(sizeof(T)), 64 * std::max<int64_t>(1, parts)) * 64) {}

  /// Fetches the next part, if there is one.
  void next() {
    for (const char* stop = std::min(end_, at_ + step_); at_ < stop; at_ += 64) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const char *at_ = nullptr, *end_ = nullptr;
  int64_t step_ = 0;
};

}  // namespace stet::cpu_kernels
