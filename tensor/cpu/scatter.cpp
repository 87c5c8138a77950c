#include <algorithm>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"

namespace stet::cpu_kernels {

void last_writers(const Tensor& index, const Tensor& y) {
  const int64_t n = y.size(1), inner = y.size(2), m = index.size(1);
  const int64_t* at = index.data_as<int64_t>();
  int64_t* to = y.mutable_data_as<int64_t>();
  for (int64_t e = 0; e < index.elements(); ++e) {
    if (at[e] < 0 || at[e] >= n)
      raise<DataError>("scatter: index {} at position {} is not in 0 to {}", at[e], e, n - 1);
  }
  parallel_for(y.size(0), std::max<int64_t>(1, kElementGrain / ((m + n) * inner + 1)), [&](int64_t begin, int64_t end) {
    std::fill(to + begin * n * inner, to + end * n * inner, int64_t{-1});
    for (int64_t o = begin; o < end; ++o) {
      const int64_t* row = at + o * m * inner;
      for (int64_t j = 0; j < m; ++j, row += inner) {
        for (int64_t i = 0; i < inner; ++i) to[(o * n + row[i]) * inner + i] = j;
      }
    }
  });
}

}  // namespace stet::cpu_kernels
