// Each result is owned by one thread, which goes through its window, or through the windows that hold it, in the
// contract's order.
#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>

#include "stet/cuda/divide.h"
#include "stet/cuda/pool.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Divisor, cuda::Grid, cuda::Queue;

namespace {

// Geometry, and how a launch's threads are dealt out to the result's planes, rows and groups of columns. I counts
// elements: uint32_t, which divides quickly, where all of them fit, else int64_t.
template <class I> struct Plan {
  using Place = std::make_signed_t<I>;
  Place h, w, oh, ow, kh, kw, stride_h, stride_w, pad_h, pad_w;
  Divisor<I> groups, rows, by_stride_h, by_stride_w;
  int64_t threads;

  struct At {
    I plane;
    Place row, group;
  };
  __device__ At at(int64_t thread) const {
    const auto line = cuda::divide(static_cast<I>(thread), groups);
    const auto plane = cuda::divide(line.quotient, rows);
    return {plane.quotient, static_cast<Place>(plane.rest), static_cast<Place>(line.rest)};
  }
};

template <class Place> struct Span { Place begin, end; };

// The positions from `begin` on that a window of that extent holds and the image has.
template <class Place> __device__ Span<Place> inside(Place begin, Place extent, Place size) {
  return {begin < 0 ? 0 : begin, begin + extent < size ? begin + extent : size};
}

// The outputs whose windows hold the position that is `at` after the padding's begin.
template <int kStride, class I, class Place>
__device__ Span<Place> holders(Place at, Place extent, const Divisor<I>& stride, Place outputs) {
  const auto quotient = [&](Place x) {
    if constexpr (kStride == 0) return static_cast<Place>(stride.quotient(static_cast<I>(x)));
    else return x / kStride;
  };
  const Place last = quotient(at) + 1;
  return {at < extent ? 0 : quotient(at - extent) + 1, last < outputs ? last : outputs};
}

// Calls visit(value, place in the plane) for the window's elements in ascending (kh, kw). A window whose extent kKernel
// is known is loaded as a whole first.
template <int kKernel, class T, class I, class Visit>
__device__ void visit_window(const Plan<I>& p, const T* plane, typename Plan<I>::Place top,
                             typename Plan<I>::Place left, const Visit& visit) {
  using Place = typename Plan<I>::Place;
  if constexpr (kKernel == 0) {
    const auto rows = inside(top, p.kh, p.h), columns = inside(left, p.kw, p.w);
    for (Place i = rows.begin; i < rows.end; ++i) {
      for (Place j = columns.begin; j < columns.end; ++j) visit(plane[i * p.w + j], i * p.w + j);
    }
  } else {
    T values[kKernel * kKernel];
    bool is_inside[kKernel * kKernel];
#pragma unroll
    for (int k = 0; k < kKernel * kKernel; ++k) {
      const Place i = top + k / kKernel, j = left + k % kKernel;
      is_inside[k] = i >= 0 && i < p.h && j >= 0 && j < p.w;
      values[k] = is_inside[k] ? plane[i * p.w + j] : T(0);
    }
#pragma unroll
    for (int k = 0; k < kKernel * kKernel; ++k) {
      if (is_inside[k]) visit(values[k], (top + k / kKernel) * p.w + left + k % kKernel);
    }
  }
}

template <class T, class I, int kKernel> __global__ void max_forward(const T* x, T* y, int64_t* index, Plan<I> p) {
  using Place = typename Plan<I>::Place;
  for (int64_t o = cuda::global_thread(); o < p.threads; o += cuda::global_threads()) {
    const auto at = p.at(o);
    T best = 0;
    Place best_place = -1;
    visit_window<kKernel>(p, x + at.plane * static_cast<I>(p.h * p.w), at.row * p.stride_h - p.pad_h,
                          at.group * p.stride_w - p.pad_w, [&](T value, Place place) {
                            const bool better = best_place < 0 || above(value, best);
                            best = better ? value : best;
                            best_place = better ? place : best_place;
                          });
    y[o] = best;
    index[o] = best_place;
  }
}

template <class T, class I, int kKernel> __global__ void avg_forward(const T* x, T* y, T count, Plan<I> p) {
  for (int64_t o = cuda::global_thread(); o < p.threads; o += cuda::global_threads()) {
    const auto at = p.at(o);
    // Padding needs no adding: the sum is never -0.
    T sum = 0;
    visit_window<kKernel>(p, x + at.plane * static_cast<I>(p.h * p.w), at.row * p.stride_h - p.pad_h,
                          at.group * p.stride_w - p.pad_w, [&](T value, typename Plan<I>::Place) { sum += value; });
    y[o] = sum / count;
  }
}

// A gradient's sum after output o, whose window holds the position `place` of the plane.
template <class T> struct OfMaximum {
  const T* dy;
  const int64_t* index;
  __device__ T operator()(T sum, int64_t o, int64_t place) const {
    const T g = dy[o];  // not only where it counts, so that it needn't wait for the index
    return index[o] == place ? sum + g : sum;
  }
};
template <class T> struct OfMean {
  const T* dy;
  T count;
  __device__ T operator()(T sum, int64_t o, int64_t) const { return sum + dy[o] / count; }
};

// A thread's columns of a row, in one access.
template <class T, int kEach> struct alignas(kEach * sizeof(T)) Columns { T of[kEach]; };

template <class T, class I, int kKernel, int kStride, int kEach, class F>
__global__ void gather_windows(T* dx, Plan<I> p, F after) {
  using Place = typename Plan<I>::Place;
  for (int64_t thread = cuda::global_thread(); thread < p.threads; thread += cuda::global_threads()) {
    const auto at = p.at(thread);
    const auto rows = holders<kStride>(at.row + p.pad_h, kKernel == 0 ? p.kh : Place(kKernel), p.by_stride_h, p.oh);
    Columns<T, kEach> sums;
#pragma unroll
    for (int e = 0; e < kEach; ++e) {
      const Place column = at.group * kEach + e;
      const auto columns =
          holders<kStride>(column + p.pad_w, kKernel == 0 ? p.kw : Place(kKernel), p.by_stride_w, p.ow);
      T sum = 0;
      for (Place t = rows.begin; t < rows.end; ++t) {
        for (Place u = columns.begin; u < columns.end; ++u) {
          sum =
              after(sum,
                    static_cast<int64_t>((at.plane * static_cast<I>(p.oh) + static_cast<I>(t)) * static_cast<I>(p.ow) +
                                         static_cast<I>(u)),
                    static_cast<int64_t>(at.row * p.w + column));
        }
      }
      sums.of[e] = sum;
    }
    reinterpret_cast<Columns<T, kEach>*>(dx)[thread] = sums;
  }
}

bool is_small(const Window& s) {
  const int64_t numbers[] = {s.n * s.c * s.h * s.w,
                             s.n * s.c * s.out_h() * s.out_w(),
                             s.h + 2 * s.pad_h,
                             s.w + 2 * s.pad_w,
                             s.stride_h,
                             s.stride_w};
  return *std::max_element(std::begin(numbers), std::end(numbers)) < std::numeric_limits<int32_t>::max();
}

// For results of n * c planes of rows, each of `groups` threads.
template <class I> Plan<I> make_plan(const Window& s, int64_t rows, int64_t groups) {
  using Place = typename Plan<I>::Place;
  const auto place = [](int64_t x) { return static_cast<Place>(x); };
  return {
      place(s.h),         place(s.w),        place(s.out_h()),       place(s.out_w()),       place(s.kh),
      place(s.kw),        place(s.stride_h), place(s.stride_w),      place(s.pad_h),         place(s.pad_w),
      Divisor<I>(groups), Divisor<I>(rows),  Divisor<I>(s.stride_h), Divisor<I>(s.stride_w), s.n * s.c * rows * groups};
}

template <int kKernel> using Extent = std::integral_constant<int, kKernel>;

// Calls run(type of elements, plan, known extent of the kernel or 0) for a forward kernel.
template <class Run> void launch_forward(const Window& s, const Tensor& y, const Run& run) {
  if (y.elements() == 0) return;
  visit_floating(y.dtype(), [&](auto sample) {
    if (!is_small(s)) return run(sample, make_plan<int64_t>(s, s.out_h(), s.out_w()), Extent<0>());
    const auto plan = make_plan<uint32_t>(s, s.out_h(), s.out_w());
    if (s.kh == 2 && s.kw == 2) return run(sample, plan, Extent<2>());
    if (s.kh == 3 && s.kw == 3) return run(sample, plan, Extent<3>());
    run(sample, plan, Extent<0>());
  });
}

template <class T, class I, int kKernel, int kStride, int kEach, class F>
void launch_gradient(Queue& queue, const Window& s, const Tensor& dx, const F& after) {
  const auto plan = make_plan<I>(s, s.h, s.w / kEach);
  queue.launch(gather_windows<T, I, kKernel, kStride, kEach, F>, Grid::over(plan.threads), dx.mutable_data_as<T>(),
               plan, after);
}

template <class T, class F> void gradient(Queue& queue, const Window& s, const Tensor& dx, const F& after) {
  if (!is_small(s)) return launch_gradient<T, int64_t, 0, 0, 1>(queue, s, dx, after);
  // dx is new, so its memory is aligned.
  const bool by_fours = s.w % 4 == 0, strides_by_two = s.stride_h == 2 && s.stride_w == 2;
  if (!by_fours) return launch_gradient<T, uint32_t, 0, 0, 1>(queue, s, dx, after);
  if (strides_by_two && s.kh == 2 && s.kw == 2) return launch_gradient<T, uint32_t, 2, 2, 4>(queue, s, dx, after);
  if (strides_by_two && s.kh == 3 && s.kw == 3) return launch_gradient<T, uint32_t, 3, 2, 4>(queue, s, dx, after);
  launch_gradient<T, uint32_t, 0, 0, 4>(queue, s, dx, after);
}

bool is_adaptive(const Window& s) { return s.adaptive_h > 0 || s.adaptive_w > 0; }

// Whether all windows' means are divided by one number.
bool has_one_count(const Window& s) {
  const bool whole = s.over_h == 0 && s.over_w == 0, padded = s.pad_h > 0 || s.pad_w > 0;
  return !is_adaptive(s) && whole && (s.count_padding || !padded);
}

}  // namespace

void max_pool2d(Queue& queue, const Window& s, const Tensor& x, const Tensor& y, const Tensor& index) {
  if (is_adaptive(s)) return max_pool_by_axes(queue, s, x, y, index);
  launch_forward(s, y, [&]<class T, class I, int kKernel>(T, const Plan<I>& plan, Extent<kKernel>) {
    queue.launch(max_forward<T, I, kKernel>, Grid::over(plan.threads), x.data_as<T>(), y.mutable_data_as<T>(),
                 index.mutable_data_as<int64_t>(), plan);
  });
}

void max_pool2d_gradient(Queue& queue, const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx) {
  if (dx.elements() == 0) return;
  if (is_adaptive(s)) return max_pool_gradient_by_axes(queue, s, dy, index, dx);
  visit_floating(dx.dtype(), [&]<class T>(T) {
    gradient<T>(queue, s, dx, OfMaximum<T>{dy.data_as<T>(), index.data_as<int64_t>()});
  });
}

void avg_pool2d(Queue& queue, const Window& s, const Tensor& x, const Tensor& y) {
  if (!has_one_count(s)) return avg_pool_by_axes(queue, s, x, y);
  launch_forward(s, y, [&]<class T, class I, int kKernel>(T, const Plan<I>& plan, Extent<kKernel>) {
    queue.launch(avg_forward<T, I, kKernel>, Grid::over(plan.threads), x.data_as<T>(), y.mutable_data_as<T>(),
                 static_cast<T>(s.kh * s.kw), plan);
  });
}

void avg_pool2d_gradient(Queue& queue, const Window& s, const Tensor& dy, const Tensor& dx) {
  if (dx.elements() == 0) return;
  if (!has_one_count(s)) return avg_pool_gradient_by_axes(queue, s, dy, dx);
  visit_floating(dx.dtype(), [&]<class T>(T) {
    gradient<T>(queue, s, dx, OfMean<T>{dy.data_as<T>(), static_cast<T>(s.kh * s.kw)});
  });
}

}  // namespace stet::cuda_kernels
