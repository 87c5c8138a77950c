#include <limits>

#include "stet/cuda/many.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cuda_kernels {

using cuda::Four, cuda::Many, cuda::Queue;

namespace {

constexpr unsigned kThreads = 256;
constexpr int64_t kPiece = 4 * kThreads;  // elements of a block: four a thread, of several arrays, are enough under way

// A parameter of either optimizer; what comes before a step may lie where what comes after it goes.
template <class T> struct SgdArray {
  const T *g, *p, *b;  // b: null without momentum
  T *p_out, *b_out;
  int64_t elements;
  T rate, momentum, take, weight_decay;
  bool is_nesterov, is_aligned;
};
template <class T> struct AdamArray {
  const T *g, *p, *m, *v;
  T *p_out, *m_out, *v_out;
  int64_t elements;
  T rate, scale, epsilon, b1, c1, b2, c2, weight_decay, decay;
  bool is_aligned;
};

/// +0 below the smallest normal number; NaN stays, as it is not below.
template <class T> __device__ __forceinline__ T flush(T x) {
  return scalar_ops::abs(x) < std::numeric_limits<T>::min() ? T{0} : x;
}

// Elements 4 * at … 4 * at + 3 of a parameter.
template <class T> __device__ __forceinline__ void step(const SgdArray<T>& a, int64_t at) {
  const auto load = [&](const T* x) { return cuda::load_four(x, at, a.elements, a.is_aligned); };
  Four<T> u = load(a.g), p = load(a.p), b{};
  if (a.b != nullptr) b = load(a.b);
  for (int j = 0; j < 4; ++j) {
    if (a.weight_decay != 0) u.of[j] = u.of[j] + a.weight_decay * p.of[j];
    if (a.b != nullptr) {
      b.of[j] = flush(a.momentum * b.of[j] + a.take * u.of[j]);
      u.of[j] = a.is_nesterov ? u.of[j] + a.momentum * b.of[j] : b.of[j];
    }
    p.of[j] = p.of[j] - a.rate * u.of[j];
  }
  if (a.b != nullptr) cuda::store_four(b, a.b_out, at, a.elements, a.is_aligned);
  cuda::store_four(p, a.p_out, at, a.elements, a.is_aligned);
}

template <class T> __device__ __forceinline__ void step(const AdamArray<T>& a, int64_t at) {
  const auto load = [&](const T* x) { return cuda::load_four(x, at, a.elements, a.is_aligned); };
  Four<T> g = load(a.g), p = load(a.p), m = load(a.m), v = load(a.v);
  for (int j = 0; j < 4; ++j) {
    T d = g.of[j];
    if (a.weight_decay != 0) d = d + a.weight_decay * p.of[j];
    m.of[j] = flush(a.b1 * m.of[j] + a.c1 * d);
    v.of[j] = flush(a.b2 * v.of[j] + (a.c2 * d) * d);
    T change = (a.rate * m.of[j]) / (sqrt(v.of[j]) * a.scale + a.epsilon);
    if (a.decay != 0) change = a.decay * p.of[j] + change;
    p.of[j] = p.of[j] - change;
  }
  cuda::store_four(m, a.m_out, at, a.elements, a.is_aligned);
  cuda::store_four(v, a.v_out, at, a.elements, a.is_aligned);
  cuda::store_four(p, a.p_out, at, a.elements, a.is_aligned);
}

template <class Array> __global__ void __launch_bounds__(kThreads) step_pieces(Many<Array> many) {
  const auto place = many.place();
  const Array& a = many.arrays[place.array];
  const int64_t at = place.piece * kThreads + threadIdx.x;
  if (4 * at < a.elements) step(a, at);
}

template <class T> const T* data(const Tensor& t) { return t.defined() ? t.data_as<T>() : nullptr; }

template <class T, class... Tensors> bool all_aligned(const Tensors&... t) {
  return ((!t.defined() || cuda::is_aligned<T>(t)) && ...);
}

template <class T> SgdArray<T> array(const SgdTask& t) {
  const SgdStep& s = t.step;
  const bool has_momentum = t.from.momentum.defined();
  return {.g = data<T>(t.gradient),
          .p = data<T>(t.from.parameter),
          .b = data<T>(t.from.momentum),
          .p_out = t.to.parameter.mutable_data_as<T>(),
          .b_out = has_momentum ? t.to.momentum.mutable_data_as<T>() : nullptr,
          .elements = t.gradient.elements(),
          .rate = static_cast<T>(s.rate),
          .momentum = static_cast<T>(s.momentum),
          .take = static_cast<T>(s.take),
          .weight_decay = static_cast<T>(s.weight_decay),
          .is_nesterov = s.nesterov,
          .is_aligned = all_aligned<T>(t.gradient, t.from.parameter, t.from.momentum, t.to.parameter, t.to.momentum)};
}

template <class T> AdamArray<T> array(const AdamTask& t) {
  const AdamStep& s = t.step;
  return {.g = data<T>(t.gradient),
          .p = data<T>(t.from.parameter),
          .m = data<T>(t.from.mean),
          .v = data<T>(t.from.square),
          .p_out = t.to.parameter.mutable_data_as<T>(),
          .m_out = t.to.mean.mutable_data_as<T>(),
          .v_out = t.to.square.mutable_data_as<T>(),
          .elements = t.gradient.elements(),
          .rate = static_cast<T>(s.rate),
          .scale = static_cast<T>(s.scale),
          .epsilon = static_cast<T>(s.epsilon),
          .b1 = static_cast<T>(s.beta1),
          .c1 = static_cast<T>(1 - s.beta1),
          .b2 = static_cast<T>(s.beta2),
          .c2 = static_cast<T>(1 - s.beta2),
          .weight_decay = static_cast<T>(s.weight_decay),
          .decay = static_cast<T>(s.decay),
          .is_aligned = all_aligned<T>(t.gradient, t.from.parameter, t.from.mean, t.from.square, t.to.parameter,
                                       t.to.mean, t.to.square)};
}

// Of all parameters of that type.
template <class T, class Task> void step_all(Queue& queue, std::span<const Task> tasks) {
  using Array = decltype(array<T>(tasks.front()));
  std::vector<Array> arrays;
  for (const Task& t : tasks) {
    if (t.gradient.dtype() == dtype_of<T>) arrays.push_back(array<T>(t));
  }
  cuda::launch_many(queue, step_pieces<Array>, kPiece, {.blocks = {}, .threads = kThreads}, arrays);
}

}  // namespace

void sgd(Queue& queue, std::span<const SgdTask> tasks) {
  step_all<float>(queue, tasks);
  step_all<double>(queue, tasks);
}

void adam(Queue& queue, std::span<const AdamTask> tasks) {
  step_all<float>(queue, tasks);
  step_all<double>(queue, tasks);
}

}  // namespace stet::cuda_kernels
