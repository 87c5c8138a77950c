#include <algorithm>
#include <type_traits>

#include "stet/cuda/divide.h"
#include "stet/cuda/index_add.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/report.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Fault, cuda::Grid, cuda::IndexDivisor, cuda::Queue;

namespace {

/// Reports what is not in 0 to n - 1.
__global__ void check_all(const int64_t* index, int64_t m, int64_t n, Fault::Kind kind, cuda::Reports reports) {
  for (int64_t j = cuda::global_thread(); j < m; j += cuda::global_threads())
    cuda::check_index(reports, kind, index[j], j, n);
}

// Where y's elements come from: at(t) is the place in x of y's element t, or -1 where the index is wrong.
struct SelectFrom {
  const int64_t* index;
  cuda::Reports reports;
  IndexDivisor inner, m;
  int64_t n;
  __device__ int64_t operator()(int64_t t) const {
    const auto row = inner(t), source = m(row.quotient);
    const int64_t i = index[source.rest];
    if (!cuda::check_index(reports, Fault::index_select, i, source.rest, n)) return -1;
    return (source.quotient * n + i) * inner.value() + row.rest;
  }
};
struct GatherFrom {
  const int64_t* index;
  cuda::Reports reports;
  IndexDivisor inner, plane;  // plane = m * inner
  int64_t n;
  __device__ int64_t operator()(int64_t t) const {
    const int64_t i = index[t];
    if (!cuda::check_index(reports, Fault::gather, i, t, n)) return -1;
    return (plane(t).quotient * n + i) * inner.value() + inner(t).rest;
  }
};

// y[t] = x[from(t)]. A thread has kEach elements under way at once.
template <class U, int kEach, class From> __global__ void collect(const U* x, U* y, int64_t elements, From from) {
  const int64_t each = int64_t{kEach} * blockDim.x;
  for (int64_t first = blockIdx.x * each + threadIdx.x; first < elements; first += each * gridDim.x) {
    int64_t at[kEach];
    U value[kEach];
    for (int k = 0; k < kEach; ++k) {
      const int64_t t = first + k * int64_t{blockDim.x};
      at[k] = t < elements ? from(t) : -1;
    }
    for (int k = 0; k < kEach; ++k) {
      if (at[k] >= 0) value[k] = x[at[k]];
    }
    for (int k = 0; k < kEach; ++k) {
      if (at[k] >= 0) y[first + k * int64_t{blockDim.x}] = value[k];
    }
  }
}

// Calls body with a value of the widest type, up to 16 bytes, that divides rows of `bytes` bytes and the tensors'
// addresses.
template <class Body> void visit_unit(int64_t bytes, const Tensor& x, const Tensor& y, const Body& body) {
  const auto all =
      static_cast<uintptr_t>(bytes) | reinterpret_cast<uintptr_t>(x.data()) | reinterpret_cast<uintptr_t>(y.data());
  if (all % 16 == 0) body(cuda::Four<uint32_t>{});
  else if (all % 8 == 0) body(uint64_t{});
  else if (all % 4 == 0) body(uint32_t{});
  else body(uint8_t{});
}

}  // namespace

void index_select(Queue& queue, const Tensor& x, const Tensor& index, const Tensor& y) {
  const int64_t n = x.size(1), m = index.elements(), bytes = x.size(2) * static_cast<int64_t>(size_of(x.dtype()));
  const int64_t* const at = index.data_as<int64_t>();
  if (y.elements() == 0) {
    return queue.launch(check_all, Grid::over(m), at, m, n, Fault::index_select, queue.reports());
  }
  visit_unit(bytes, x, y, [&](auto unit) {
    using U = decltype(unit);
    constexpr int kEach = sizeof(U) == 16 ? 2 : 4;
    const int64_t inner = bytes / static_cast<int64_t>(sizeof(U)), units = y.size(0) * m * inner;
    const SelectFrom from{at, queue.reports(), IndexDivisor(inner, units), IndexDivisor(m, units), n};
    queue.launch(collect<U, kEach, SelectFrom>, Grid::over(units, kEach), x.data_as<U>(), y.mutable_data_as<U>(), units,
                 from);
  });
}

void gather(Queue& queue, const Tensor& x, const Tensor& index, const Tensor& y) {
  const int64_t n = x.size(1), m = index.size(1), inner = x.size(2), elements = y.elements();
  if (elements == 0) return;
  const GatherFrom from{index.data_as<int64_t>(), queue.reports(), IndexDivisor(inner, elements),
                        IndexDivisor(m * inner, elements), n};
  const auto launch = [&](auto unit) {
    using U = decltype(unit);
    queue.launch(collect<U, 4, GatherFrom>, Grid::over(elements, 4), x.data_as<U>(), y.mutable_data_as<U>(), elements,
                 from);
  };
  switch (size_of(x.dtype())) {
    case 8: return launch(uint64_t{});
    case 4: return launch(uint32_t{});
    default: return launch(uint8_t{});
  }
}

void index_add(Queue& queue, const Tensor& g, const Tensor& index, const Tensor& y) {
  const cuda::AddShape shape{.outer = y.size(0), .n = y.size(1), .m = index.elements(), .inner = y.size(2)};
  const int64_t* const at = index.data_as<int64_t>();
  if (y.elements() == 0)
    return queue.launch(check_all, Grid::over(shape.m), at, shape.m, shape.n, Fault::index_add, queue.reports());
  visit_dtype(g.dtype(), [&](auto sample) {
    using T = decltype(sample);
    cuda::add_rows<T>(queue, g.data_as<T>(), at, y.mutable_data_as<T>(), shape, Fault::index_add);
  });
}

namespace {

// A thread owns rows of one column of y, which starts as zeros, and goes through the column's sources in ascending
// order: `parts` threads a column.
template <class T>
__global__ void scatter_to_columns(const T* g, const int64_t* index, T* y, cuda::AddShape s, int64_t parts,
                                   cuda::Reports reports) {
  constexpr int kEach = 8;
  const int64_t columns = s.outer * s.inner, rows = (s.n + parts - 1) / parts;
  for (int64_t t = cuda::global_thread(); t < columns * parts; t += cuda::global_threads()) {
    const int64_t column = t % columns, first = t / columns * rows, o = column / s.inner, i = column % s.inner;
    const int64_t source = o * s.m * s.inner + i;
    T* const to = y + o * s.n * s.inner + i;
    for (int64_t j = 0; j < s.m; j += kEach) {
      int64_t at[kEach];
      T value[kEach];
      for (int k = 0; k < kEach; ++k) {
        if (j + k < s.m) at[k] = index[source + (j + k) * s.inner], value[k] = g[source + (j + k) * s.inner];
      }
      for (int k = 0; k < kEach && j + k < s.m; ++k) {
        if (!cuda::check_index(reports, Fault::scatter_add, at[k], source + (j + k) * s.inner, s.n)) continue;
        if (at[k] >= first && at[k] < first + rows) cuda::accumulate(to[at[k] * s.inner], value[k]);
      }
    }
  }
}

}  // namespace

void scatter_add(Queue& queue, const Tensor& g, const Tensor& index, const Tensor& y) {
  const cuda::AddShape shape{.outer = y.size(0), .n = y.size(1), .m = index.size(1), .inner = y.size(2)};
  const int64_t columns = shape.outer * shape.inner;
  if (columns == 0 || shape.n + shape.m == 0) return;
  if (shape.n == 0)
    return queue.launch(check_all, Grid::over(index.elements()), index.data_as<int64_t>(), index.elements(), int64_t{0},
                        Fault::scatter_add, queue.reports());
  visit_dtype(g.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T* const from = g.data_as<T>();
    T* const to = y.mutable_data_as<T>();
    // All sources of one column have one list of indices, as those of index_add.
    if (columns == 1) return cuda::add_rows<T>(queue, from, index.data_as<int64_t>(), to, shape, Fault::scatter_add);
    queue.fill_zero(to, static_cast<size_t>(y.elements()) * sizeof(T));
    // Few columns have their rows divided among more threads, each of which reads all the indices.
    const int64_t wanted = shape.m < 64 ? 1 : int64_t{1024} * queue.multiprocessors() / columns;
    const int64_t parts = std::clamp<int64_t>(wanted, 1, shape.n);
    queue.launch(scatter_to_columns<T>, Grid::over(columns * parts), from, index.data_as<int64_t>(), to, shape, parts,
                 queue.reports());
  });
}

namespace {

template <class T>
__global__ void mark_classes(const int64_t* index, int64_t elements, IndexDivisor classes, T* y,
                             cuda::Reports reports) {
  for (int64_t t = cuda::global_thread(); t < elements; t += cuda::global_threads()) {
    const auto [row, place] = classes(t);
    const int64_t at = index[row];
    if (place == 0) cuda::check_index(reports, Fault::one_hot, at, row, classes.value());
    y[t] = static_cast<T>(at == place);
  }
}

}  // namespace

void one_hot(Queue& queue, const Tensor& index, const Tensor& y) {
  const int64_t m = index.elements(), classes = y.size(1), elements = y.elements();
  const int64_t* const at = index.data_as<int64_t>();
  if (elements == 0) {
    if (m > 0) queue.launch(check_all, Grid::over(m), at, m, classes, Fault::one_hot, queue.reports());
    return;
  }
  visit_dtype(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    queue.launch(mark_classes<T>, Grid::over(elements), at, elements, IndexDivisor(classes, elements),
                 y.mutable_data_as<T>(), queue.reports());
  });
}

}  // namespace stet::cuda_kernels
