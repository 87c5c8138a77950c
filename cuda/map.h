// Kernels that compute an element of the result from the elements at its place. F is a trivially copyable functor with
// a __device__ operator().
#pragma once

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/strided.h"

namespace stet::cuda {

// Four neighbouring elements as one access to memory.
template <class T> struct alignas(4 * sizeof(T)) Four { T of[4]; };

/// Elements 4 * at … 4 * at + 3 of n, as one access where they lie aligned; zeros where there are none.
template <class T> __device__ __forceinline__ Four<T> load_four(const T* x, int64_t at, int64_t n, bool is_aligned) {
  if (is_aligned && 4 * at + 4 <= n) return reinterpret_cast<const Four<T>*>(x)[at];
  Four<T> v{};
  for (int j = 0; j < 4; ++j) {
    if (4 * at + j < n) v.of[j] = x[4 * at + j];
  }
  return v;
}
template <class T>
__device__ __forceinline__ void store_four(const Four<T>& v, T* y, int64_t at, int64_t n, bool is_aligned) {
  if (is_aligned && 4 * at + 4 <= n) {
    reinterpret_cast<Four<T>*>(y)[at] = v;
  } else {
    for (int j = 0; j < 4; ++j) {
      if (4 * at + j < n) y[4 * at + j] = v.of[j];
    }
  }
}

template <class X, class Y, class F> __global__ void map_plain(const X* x, Y* y, int64_t n, F f) {
  const int64_t fours = n / 4;
  for (int64_t i = global_thread(); i < fours; i += global_threads()) {
    const Four<X> from = reinterpret_cast<const Four<X>*>(x)[i];
    Four<Y> to;
    for (int j = 0; j < 4; ++j) to.of[j] = f(from.of[j]);
    reinterpret_cast<Four<Y>*>(y)[i] = to;
  }
  const int64_t rest = 4 * fours + global_thread();
  if (rest < n) y[rest] = f(x[rest]);
}

template <class X, class Y, class F> __global__ void map_strided(const X* x, Y* y, Layout<2> layout, F f) {
  for (int64_t i = global_thread(); i < layout.elements; i += global_threads()) {
    const auto at = layout.at(i);
    y[at.of[1]] = f(x[at.of[0]]);
  }
}

template <class X, class Y, class F> __global__ void zip_plain(const X* a, const X* b, Y* y, int64_t n, F f) {
  const int64_t fours = n / 4;
  for (int64_t i = global_thread(); i < fours; i += global_threads()) {
    const Four<X> p = reinterpret_cast<const Four<X>*>(a)[i], q = reinterpret_cast<const Four<X>*>(b)[i];
    Four<Y> to;
    for (int j = 0; j < 4; ++j) to.of[j] = f(p.of[j], q.of[j]);
    reinterpret_cast<Four<Y>*>(y)[i] = to;
  }
  const int64_t rest = 4 * fours + global_thread();
  if (rest < n) y[rest] = f(a[rest], b[rest]);
}

template <class X, class Y, class F> __global__ void zip_strided(const X* a, const X* b, Y* y, Layout<3> layout, F f) {
  for (int64_t i = global_thread(); i < layout.elements; i += global_threads()) {
    const auto at = layout.at(i);
    y[at.of[2]] = f(a[at.of[0]], b[at.of[1]]);
  }
}

/// Whether fours of T may be read there: views begin anywhere.
template <class T> bool is_aligned(const Tensor& t) {
  return reinterpret_cast<uintptr_t>(t.data()) % (4 * sizeof(T)) == 0;
}

/// y[..] = f(x[..]); both of one shape and any layout.
template <class X, class Y, class F> void map(Queue& queue, const Tensor& x, const Tensor& y, F f) {
  const Layout<2> l = layout<2>({&x, &y});
  if (l.elements == 0) return;
  if (l.is_plain() && is_aligned<X>(x) && is_aligned<Y>(y)) {
    queue.launch(map_plain<X, Y, F>, Grid::over(l.elements, 4), x.data_as<X>(), y.mutable_data_as<Y>(), l.elements, f);
  } else {
    queue.launch(map_strided<X, Y, F>, Grid::over(l.elements), x.data_as<X>(), y.mutable_data_as<Y>(), l, f);
  }
}

/// y[..] = f(a[..], b[..]).
template <class X, class Y, class F> void zip(Queue& queue, const Tensor& a, const Tensor& b, const Tensor& y, F f) {
  const Layout<3> l = layout<3>({&a, &b, &y});
  if (l.elements == 0) return;
  if (l.is_plain() && is_aligned<X>(a) && is_aligned<X>(b) && is_aligned<Y>(y)) {
    queue.launch(zip_plain<X, Y, F>, Grid::over(l.elements, 4), a.data_as<X>(), b.data_as<X>(), y.mutable_data_as<Y>(),
                 l.elements, f);
  } else {
    queue.launch(zip_strided<X, Y, F>, Grid::over(l.elements), a.data_as<X>(), b.data_as<X>(), y.mutable_data_as<Y>(),
                 l, f);
  }
}

}  // namespace stet::cuda
