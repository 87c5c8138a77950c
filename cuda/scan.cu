#include <algorithm>

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::Queue;

namespace {

constexpr int64_t kChain = contract::kScanChain;

template <class T> struct Sum {
  static __device__ T start() { return T{0}; }
  __device__ T operator()(T a, T b) const { return scalar_ops::add(a, b); }
};
template <class T> struct Product {
  static __device__ T start() { return T{1}; }
  __device__ T operator()(T a, T b) const { return scalar_ops::mul(a, b); }
};

// [outer, n, inner], whose columns are gone through from one end.
struct Columns {
  int64_t outer, n, inner;
  bool reverse;
  // Where the k-th element from that end of a column lies.
  __device__ int64_t at(int64_t column, int64_t k) const {
    const int64_t o = column / inner, i = column - o * inner;
    return (o * n + (reverse ? n - 1 - k : k)) * inner + i;
  }
};

// A thread a chain: those of neighbouring columns first, as they lie side by side. ends [outer, chains, inner] takes
// what each chain ends in; null where there is one chain.
template <class T, class Op> __global__ void run_chains(const T* x, T* y, Columns s, int64_t chains, T* ends) {
  const int64_t columns = s.outer * s.inner;
  for (int64_t t = cuda::global_thread(); t < columns * chains; t += cuda::global_threads()) {
    const int64_t c = t / columns, column = t - c * columns;
    const int64_t last = (c + 1) * kChain < s.n ? (c + 1) * kChain : s.n;
    T v = Op::start();
    for (int64_t k = c * kChain; k < last; ++k) {
      v = Op()(v, x[s.at(column, k)]);
      y[s.at(column, k)] = v;
    }
    if (ends != nullptr) ends[Columns{s.outer, chains, s.inner, false}.at(column, c)] = v;
  }
}

template <class T, class Op> __global__ void add_offsets(const T* offsets, Columns s, int64_t chains, T* y) {
  const int64_t columns = s.outer * s.inner, later = s.n - kChain;
  for (int64_t t = cuda::global_thread(); t < columns * later; t += cuda::global_threads()) {
    const int64_t k = t / columns + kChain, column = t % columns;
    T& to = y[s.at(column, k)];
    to = Op()(offsets[Columns{s.outer, chains, s.inner, false}.at(column, k / kChain - 1)], to);
  }
}

template <class T, class Op> void run(Queue& queue, const T* x, T* y, const Columns& s) {
  const int64_t columns = s.outer * s.inner, chains = (s.n + kChain - 1) / kChain;
  if (chains == 1) {
    return queue.launch(run_chains<T, Op>, Grid::over(columns), x, y, s, chains, static_cast<T*>(nullptr));
  }
  cuda::Scratch<T> ends(queue, columns * chains), offsets(queue, columns * chains);
  queue.launch(run_chains<T, Op>, Grid::over(columns * chains), x, y, s, chains, ends.data());
  run<T, Op>(queue, ends.data(), offsets.data(), {s.outer, chains, s.inner, false});
  queue.launch(add_offsets<T, Op>, Grid::over(columns * (s.n - kChain)), offsets.data(), s, chains, y);
}

template <class T> __global__ void recur(const T* m, const T* b, T* y, Columns s) {
  const Columns between{s.outer, s.n - 1, s.inner, s.reverse};
  for (int64_t column = cuda::global_thread(); column < s.outer * s.inner; column += cuda::global_threads()) {
    T v = b[s.at(column, 0)];
    y[s.at(column, 0)] = v;
    for (int64_t k = 1; k < s.n; ++k) {
      v = m[between.at(column, k - 1)] * v + b[s.at(column, k)];
      y[s.at(column, k)] = v;
    }
  }
}

}  // namespace

void cumulate(Queue& queue, Cumulation op, const Tensor& x, bool reverse, const Tensor& y) {
  const Columns s{x.size(0), x.size(1), x.size(2), reverse};
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if constexpr (sizeof(T) == 1) {
      refuse_dtype(x.dtype(), "float32, float64, int32 or int64");
    } else {
      if (op == Cumulation::sum) run<T, Sum<T>>(queue, x.data_as<T>(), y.mutable_data_as<T>(), s);
      else run<T, Product<T>>(queue, x.data_as<T>(), y.mutable_data_as<T>(), s);
    }
  });
}

void recurrence(Queue& queue, const Tensor& m, const Tensor& b, bool reverse, const Tensor& y) {
  const Columns s{b.size(0), b.size(1), b.size(2), reverse};
  visit_floating(b.dtype(), [&](auto sample) {
    using T = decltype(sample);
    queue.launch(recur<T>, Grid::over(s.outer * s.inner), m.data_as<T>(), b.data_as<T>(), y.mutable_data_as<T>(), s);
  });
}

}  // namespace stet::cuda_kernels
