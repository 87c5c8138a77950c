// Iteration over the elements of tensors of one shape whose memory is laid out differently, on all threads.
#pragma once

#include <algorithm>

#include "stet/tensor/parallel.h"
#include "stet/tensor/strided.h"

namespace stet::cpu_kernels {

/// Bytes of memory traffic under which another thread costs more than it saves, in elements.
inline constexpr int64_t kElementGrain = 16384;

/// Visits N tensors as rows along the innermost of their merged axes.
template <size_t N> class StridedLoop : public StridedAxes<N> {
 public:
  using typename StridedAxes<N>::Offsets;
  using StridedAxes<N>::StridedAxes;

  /// Calls body(offsets, n) for runs of n elements along rows, covering every element once.
  template <class Body> void for_rows(const Body& body) const {
    if (this->elements() == 0) return;
    const int64_t length = this->extents().back();
    if (this->extents().size() == 1) {
      parallel_for(length, kElementGrain, [&](int64_t begin, int64_t end) {
        Offsets at;
        for (size_t t = 0; t < N; ++t) at[t] = begin * this->steps()[t];
        body(at, end - begin);
      });
      return;
    }
    parallel_for(this->elements() / length, std::max<int64_t>(1, kElementGrain / length),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t row = begin; row < end; ++row) body(this->row_offsets(row), length);
                 });
  }
};

}  // namespace stet::cpu_kernels
