#include <algorithm>
#include <cmath>

#include "stet/tensor/cpu/pool_rows.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {
namespace {

// Elements of work below which another thread costs more than it saves.
constexpr int64_t kLeastElements = int64_t{1} << 16;

// The positions that the window of output t holds.
Range window_of(const PoolAxis& a, int64_t t) { return {a.begin(t), a.end(t)}; }

// The outputs whose windows are of one extent, a stride apart, and lie wholly inside.
Range whole_windows(const PoolAxis& a) {
  if (a.adaptive) return {0, 0};
  const int64_t begin = std::min(a.outputs, pieces_of(a.pad, a.stride));
  const int64_t last_start = a.size + a.pad - a.extent;
  return {begin, std::clamp(last_start < 0 ? 0 : last_start / a.stride + 1, begin, a.outputs)};
}

// Whether b comes after a in the order of maximum: a NaN above all, -0 below +0.
template <class T> bool above(T b, T a) {
  if (std::isnan(a)) return false;
  return b > a || std::isnan(b) || (b == a && std::signbit(a) && !std::signbit(b));
}

template <class T> void max_of_window(const Window& s, const T* plane, Range rows, Range cols, T& y, int64_t& index) {
  index = rows.begin * s.w + cols.begin;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = cols.begin; j < cols.end; ++j) {
      if (above(plane[i * s.w + j], plane[index])) index = i * s.w + j;
    }
  }
  y = plane[index];
}

template <class T> T sum_of_window(const Window& s, const T* plane, Range rows, Range cols) {
  // Padding needs no adding: the sum is never -0.
  T sum = 0;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (int64_t j = cols.begin; j < cols.end; ++j) sum += plane[i * s.w + j];
  }
  return sum;
}

// Elements that a plane's windows hold, about.
int64_t work_of(const PoolAxis& down, const PoolAxis& across) {
  const auto held = [](const PoolAxis& a) { return a.adaptive ? a.size + a.outputs : a.outputs * a.extent; };
  return held(down) * held(across);
}

// Calls body(plane) for each of the n * c planes, on the threads.
template <class Body> void for_each_plane(const Window& s, int64_t work, const Body& body) {
  parallel_for(s.n * s.c, std::max<int64_t>(1, kLeastElements / std::max<int64_t>(1, work)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t p = begin; p < end; ++p) body(p);
               });
}

template <class T> void max_forward(const Window& s, const T* x, T* y, int64_t* index) {
  const PoolAxis down = rows_of(s), across = columns_of(s);
  const int64_t oh = down.outputs, ow = across.outputs;
  const Range whole = whole_windows(across);
  const PoolKernels<T>& kernels = pool_kernels<T>();
  for_each_plane(s, work_of(down, across), [&](int64_t p) {
    const T* plane = x + p * s.h * s.w;
    for (int64_t t = 0; t < oh; ++t) {
      const Range rows = window_of(down, t);
      T* to = y + (p * oh + t) * ow;
      int64_t* at = index + (p * oh + t) * ow;
      const int64_t first = rows.begin * s.w + whole.begin * s.stride_w - s.pad_w;
      const PoolRow row = {s.w, rows.size(), s.kw, s.stride_w, whole.size(), first};
      const int64_t done = whole.size() > 0 ? kernels.max(row, plane + first, to + whole.begin, at + whole.begin) : 0;
      for (Range rest : {Range{0, whole.begin}, Range{whole.begin + done, ow}}) {
        for (int64_t u = rest.begin; u < rest.end; ++u) {
          max_of_window(s, plane, rows, window_of(across, u), to[u], at[u]);
        }
      }
    }
  });
}

template <class T> void max_gradient(const Window& s, const T* dy, const int64_t* index, T* dx) {
  const int64_t outputs = s.out_h() * s.out_w(), inputs = s.h * s.w;
  for_each_plane(s, inputs, [&](int64_t p) {
    T* plane = dx + p * inputs;
    std::fill_n(plane, inputs, T(0));
    for (int64_t i = p * outputs; i < (p + 1) * outputs; ++i) plane[index[i]] += dy[i];
  });
}

template <class T> void avg_forward(const Window& s, const T* x, T* y) {
  const PoolAxis down = rows_of(s), across = columns_of(s);
  const int64_t oh = down.outputs, ow = across.outputs;
  const Range whole = whole_windows(across);
  const PoolKernels<T>& kernels = pool_kernels<T>();
  for_each_plane(s, work_of(down, across), [&](int64_t p) {
    const T* plane = x + p * s.h * s.w;
    for (int64_t t = 0; t < oh; ++t) {
      const Range rows = window_of(down, t);
      T* to = y + (p * oh + t) * ow;
      const T* first = plane + rows.begin * s.w + whole.begin * s.stride_w - s.pad_w;
      const PoolRow row = {s.w, rows.size(), s.kw, s.stride_w, whole.size(), 0};
      const int64_t height = down.count(t);
      const T divisor = static_cast<T>(height * s.kw);
      const int64_t done = whole.size() > 0 ? kernels.avg(row, first, divisor, to + whole.begin) : 0;
      for (Range rest : {Range{0, whole.begin}, Range{whole.begin + done, ow}}) {
        for (int64_t u = rest.begin; u < rest.end; ++u) {
          to[u] = sum_of_window(s, plane, rows, window_of(across, u)) / static_cast<T>(height * across.count(u));
        }
      }
    }
  });
}

template <class T> void avg_gradient(const Window& s, const T* dy, T* dx) {
  const PoolAxis down = rows_of(s), across = columns_of(s);
  const int64_t oh = down.outputs, ow = across.outputs;
  for_each_plane(s, work_of(down, across), [&](int64_t p) {
    T* plane = dx + p * s.h * s.w;
    std::fill_n(plane, s.h * s.w, T(0));
    // Outputs in ascending order each add to their window: so every position meets them in that order.
    for (int64_t t = 0; t < oh; ++t) {
      const Range rows = window_of(down, t);
      for (int64_t u = 0; u < ow; ++u) {
        const Range cols = window_of(across, u);
        const T share = dy[(p * oh + t) * ow + u] / static_cast<T>(down.count(t) * across.count(u));
        for (int64_t i = rows.begin; i < rows.end; ++i) {
          for (int64_t j = cols.begin; j < cols.end; ++j) plane[i * s.w + j] += share;
        }
      }
    }
  });
}

}  // namespace

void max_pool2d(const Window& s, const Tensor& x, const Tensor& y, const Tensor& index) {
  visit_floating(x.dtype(), [&]<class T>(T) {
    max_forward(s, x.data_as<T>(), y.mutable_data_as<T>(), index.mutable_data_as<int64_t>());
  });
}

void max_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx) {
  visit_floating(dy.dtype(), [&]<class T>(T) {
    max_gradient(s, dy.data_as<T>(), index.data_as<int64_t>(), dx.mutable_data_as<T>());
  });
}

void avg_pool2d(const Window& s, const Tensor& x, const Tensor& y) {
  visit_floating(x.dtype(), [&]<class T>(T) { avg_forward(s, x.data_as<T>(), y.mutable_data_as<T>()); });
}

void avg_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& dx) {
  visit_floating(dy.dtype(), [&]<class T>(T) { avg_gradient(s, dy.data_as<T>(), dx.mutable_data_as<T>()); });
}

}  // namespace stet::cpu_kernels
