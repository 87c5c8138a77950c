#include <algorithm>
#include <cstring>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cpu_kernels {
namespace {

void require_in_range(const char* op, const Tensor& index, int64_t n) {
  const int64_t* at = index.data_as<int64_t>();
  for (int64_t i = 0; i < index.elements(); ++i) {
    if (at[i] < 0 || at[i] >= n) raise<DataError>("{}: index {} at position {} is not in 0 to {}", op, at[i], i, n - 1);
  }
}

int64_t grain(int64_t elements_each) {
  return std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, elements_each));
}

template <class T> void accumulate(T& to, T value) {
  if constexpr (std::is_same_v<T, bool>) to = to || value;
  else to = scalar_ops::add(to, value);
}

}  // namespace

void index_select(const Tensor& x, const Tensor& index, const Tensor& y) {
  const int64_t n = x.size(1), inner = x.size(2), m = index.elements();
  require_in_range("index_select", index, n);
  const int64_t* at = index.data_as<int64_t>();
  const auto bytes = static_cast<int64_t>(size_of(x.dtype())) * inner;
  const char* from = x.data_as<char>();
  char* to = y.mutable_data_as<char>();
  parallel_for(x.size(0) * m, grain(inner), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      std::memcpy(to + r * bytes, from + (r / m * n + at[r % m]) * bytes, static_cast<size_t>(bytes));
    }
  });
}

void index_add(const Tensor& g, const Tensor& index, const Tensor& y) {
  const int64_t n = y.size(1), inner = y.size(2), m = index.elements();
  require_in_range("index_add", index, n);
  const int64_t* at = index.data_as<int64_t>();
  visit_dtype(g.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T* from = g.data_as<T>();
    T* to = y.mutable_data_as<T>();
    // One owner for each element of y: threads divide the columns, and every column takes its sources in ascending
    // order.
    parallel_for(y.size(0) * inner, grain(m + n), [&](int64_t begin, int64_t end) {
      while (begin < end) {
        const int64_t o = begin / inner, column = begin % inner, width = std::min(end - begin, inner - column);
        for (int64_t row = 0; row < n; ++row) std::fill_n(to + (o * n + row) * inner + column, width, T{0});
        for (int64_t j = 0; j < m; ++j) {
          T* out = to + (o * n + at[j]) * inner + column;
          const T* in = from + (o * m + j) * inner + column;
          for (int64_t i = 0; i < width; ++i) accumulate(out[i], in[i]);
        }
        begin += width;
      }
    });
  });
}

void gather(const Tensor& x, const Tensor& index, const Tensor& y) {
  const int64_t n = x.size(1), inner = x.size(2), m = index.size(1);
  require_in_range("gather", index, n);
  const int64_t* at = index.data_as<int64_t>();
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T* from = x.data_as<T>();
    T* to = y.mutable_data_as<T>();
    parallel_for(x.size(0), grain(m * inner), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        for (int64_t e = o * m * inner, i = 0; e < (o + 1) * m * inner; ++e, i = i + 1 == inner ? 0 : i + 1) {
          to[e] = from[(o * n + at[e]) * inner + i];
        }
      }
    });
  });
}

void scatter_add(const Tensor& g, const Tensor& index, const Tensor& y) {
  const int64_t n = y.size(1), inner = y.size(2), m = index.size(1);
  require_in_range("scatter_add", index, n);
  const int64_t* at = index.data_as<int64_t>();
  visit_dtype(g.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T* from = g.data_as<T>();
    T* to = y.mutable_data_as<T>();
    parallel_for(y.size(0), grain((m + n) * inner), [&](int64_t begin, int64_t end) {
      std::fill(to + begin * n * inner, to + end * n * inner, T{0});
      for (int64_t o = begin; o < end; ++o) {
        for (int64_t e = o * m * inner, i = 0; e < (o + 1) * m * inner; ++e, i = i + 1 == inner ? 0 : i + 1) {
          accumulate(to[(o * n + at[e]) * inner + i], from[e]);
        }
      }
    });
  });
}

void one_hot(const Tensor& index, const Tensor& y) {
  const int64_t classes = y.size(1);
  require_in_range("one_hot", index, classes);
  const int64_t* at = index.data_as<int64_t>();
  visit_dtype(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    T* to = y.mutable_data_as<T>();
    parallel_for(index.elements(), grain(classes), [&](int64_t begin, int64_t end) {
      std::fill(to + begin * classes, to + end * classes, T{0});
      for (int64_t i = begin; i < end; ++i) to[i * classes + at[i]] = T{1};
    });
  });
}

}  // namespace stet::cpu_kernels
