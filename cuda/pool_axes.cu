// Pooling by windows whose extents, or what their means are divided by, differ: a thread asks the axes where its window
// lies.
#include "stet/cuda/pool.h"
#include "stet/tensor/dtype.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::Queue;

namespace {

// Planes of images under windows, or of windows over images.
struct Planes {
  PoolAxis down, across;
  int64_t threads;  // elements of the result
};

struct At {
  int64_t plane, row, column;
};
__device__ At place_of(int64_t i, int64_t rows, int64_t columns) {
  return {i / columns / rows, i / columns % rows, i % columns};
}

// Calls visit(value, place in the plane) for the elements of output o's window, in ascending (kh, kw).
template <class T, class Visit> __device__ At visit_window(const Planes& p, const T* x, int64_t o, const Visit& visit) {
  const At at = place_of(o, p.down.outputs, p.across.outputs);
  const T* plane = x + at.plane * p.down.size * p.across.size;
  for (int64_t i = p.down.begin(at.row); i < p.down.end(at.row); ++i) {
    for (int64_t j = p.across.begin(at.column); j < p.across.end(at.column); ++j) {
      visit(plane[i * p.across.size + j], i * p.across.size + j);
    }
  }
  return at;
}

template <class T> __global__ void max_forward(const T* x, T* y, int64_t* index, Planes p) {
  for (int64_t o = cuda::global_thread(); o < p.threads; o += cuda::global_threads()) {
    T best = 0;
    int64_t best_place = -1;
    visit_window(p, x, o, [&](T value, int64_t place) {
      const bool better = best_place < 0 || above(value, best);
      best = better ? value : best;
      best_place = better ? place : best_place;
    });
    y[o] = best;
    index[o] = best_place;
  }
}

template <class T> __global__ void avg_forward(const T* x, T* y, Planes p) {
  for (int64_t o = cuda::global_thread(); o < p.threads; o += cuda::global_threads()) {
    T sum = 0;
    const At at = visit_window(p, x, o, [&](T value, int64_t) { sum += value; });
    y[o] = sum / static_cast<T>(p.down.count(at.row) * p.across.count(at.column));
  }
}

// Calls visit(output, row and column of it) for the windows that hold element i, in ascending order.
template <class Visit> __device__ void visit_holders(const Planes& p, int64_t i, const Visit& visit) {
  const At at = place_of(i, p.down.size, p.across.size);
  for (int64_t t = p.down.first(at.row); t < p.down.last(at.row); ++t) {
    for (int64_t u = p.across.first(at.column); u < p.across.last(at.column); ++u) {
      visit((at.plane * p.down.outputs + t) * p.across.outputs + u, t, u);
    }
  }
}

template <class T> __global__ void max_backward(const T* dy, const int64_t* index, T* dx, Planes p) {
  for (int64_t i = cuda::global_thread(); i < p.threads; i += cuda::global_threads()) {
    const int64_t place = i % (p.down.size * p.across.size);
    T sum = 0;
    visit_holders(p, i, [&](int64_t o, int64_t, int64_t) {
      if (index[o] == place) sum += dy[o];
    });
    dx[i] = sum;
  }
}

template <class T> __global__ void avg_backward(const T* dy, T* dx, Planes p) {
  for (int64_t i = cuda::global_thread(); i < p.threads; i += cuda::global_threads()) {
    T sum = 0;
    visit_holders(p, i, [&](int64_t o, int64_t t, int64_t u) {
      sum += dy[o] / static_cast<T>(p.down.count(t) * p.across.count(u));
    });
    dx[i] = sum;
  }
}

Planes planes_of(const Window& s, const Tensor& result) { return {rows_of(s), columns_of(s), result.elements()}; }

}  // namespace

void max_pool_by_axes(Queue& queue, const Window& s, const Tensor& x, const Tensor& y, const Tensor& index) {
  const Planes p = planes_of(s, y);
  visit_floating(y.dtype(), [&]<class T>(T) {
    queue.launch(max_forward<T>, Grid::over(p.threads), x.data_as<T>(), y.mutable_data_as<T>(),
                 index.mutable_data_as<int64_t>(), p);
  });
}

void max_pool_gradient_by_axes(Queue& queue, const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx) {
  const Planes p = planes_of(s, dx);
  visit_floating(dx.dtype(), [&]<class T>(T) {
    queue.launch(max_backward<T>, Grid::over(p.threads), dy.data_as<T>(), index.data_as<int64_t>(),
                 dx.mutable_data_as<T>(), p);
  });
}

void avg_pool_by_axes(Queue& queue, const Window& s, const Tensor& x, const Tensor& y) {
  const Planes p = planes_of(s, y);
  visit_floating(y.dtype(), [&]<class T>(T) {
    queue.launch(avg_forward<T>, Grid::over(p.threads), x.data_as<T>(), y.mutable_data_as<T>(), p);
  });
}

void avg_pool_gradient_by_axes(Queue& queue, const Window& s, const Tensor& dy, const Tensor& dx) {
  const Planes p = planes_of(s, dx);
  visit_floating(dx.dtype(), [&]<class T>(T) {
    queue.launch(avg_backward<T>, Grid::over(p.threads), dy.data_as<T>(), dx.mutable_data_as<T>(), p);
  });
}

}  // namespace stet::cuda_kernels
