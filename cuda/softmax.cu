#include "stet/cuda/divide.h"
#include "stet/cuda/errors.h"
#include "stet/cuda/functions.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/report.h"
#include "stet/cuda/row_team.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Fault, cuda::Grid, cuda::Queue, cuda::RowTeam;

namespace {

// A row's largest number in one instruction an element. A NaN, or the sign of a zero, may be lost: the one is in the
// sum of e^(x - m) all the same, and the other makes no difference to e^(x - m), nor to what is subtracted from a
// logarithm, which is never -0.
struct LargestNumber {
  static __device__ __forceinline__ float start() { return -INFINITY; }
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

enum class Result { softmax, log_softmax, cross_entropy };

// x [rows, n] and what is made of it: y [rows, n], the last's exponentials; the pointers after y are the last's alone.
struct Rows {
  const float* x;
  float* y;
  int64_t rows, n;
  const int64_t* target = nullptr;
  float *loss = nullptr, *total = nullptr;
  cuda::Reports reports{};
};

// Of a row with the maximum m and the total t.
__device__ void set_loss(const Rows& a, int64_t row, float m, float t) {
  a.total[row] = t;
  const int64_t target = a.target[row];
  if (!cuda::check_index(a.reports, Fault::cross_entropy, target, row, a.n)) return;
  a.loss[row] = cuda::log(t) - (a.x[row * a.n + target] - m);
}

template <Result kResult, int kItems, bool kBlock>
__global__ void __launch_bounds__(cuda::kTeamThreads<float, kBlock>) rows_by_team(Rows a, int lanes) {
  const RowTeam<float, kItems, kBlock> team(a.rows, a.n, lanes);
  const float* x = a.x + team.row() * a.n;
  float* y = a.y + team.row() * a.n;
  float v[kItems];
  team.each([&](int k, int i) { v[k] = x[i]; });
  const float m = team.template fold<LargestNumber>([&](int k) { return v[k]; });
  const float t = team.sum([&](int k) {
    const float d = v[k] - m, e = cuda::exp(d);
    v[k] = kResult == Result::log_softmax ? d : e;
    return e;
  });
  const float log_t = kResult == Result::log_softmax ? cuda::log(t) : 0;
#pragma unroll
  for (int k = 0; k < kItems; ++k) {
    if constexpr (kResult == Result::softmax) v[k] = v[k] / t;
    if constexpr (kResult == Result::log_softmax) v[k] = v[k] - log_t;
  }
  team.store(y, [&](int k) { return v[k]; });
  if constexpr (kResult == Result::cross_entropy) {
    if (team.leads()) set_loss(a, team.row(), m, t);
  }
}

constexpr unsigned kLongRowThreads = 512;

// Rows that no block holds: they are read again, from the second-level cache for the most part.
template <Result kResult> __global__ void __launch_bounds__(kLongRowThreads) rows_by_block(Rows a) {
  auto& sums = cuda::shared<cuda::BlockSums<float>>();
  const int64_t row = blockIdx.x;
  const float* x = a.x + row * a.n;
  float* y = a.y + row * a.n;
  const float m = cuda::fold_row_by_block<LargestNumber>(
      a.n, [=](int64_t i) { return x[i]; }, sums);
  const auto exponential = [=](int64_t i) {
    const float e = cuda::exp(__ldg(x + i) - m);  // __ldg: so that it need not wait for what is stored
    if constexpr (kResult != Result::log_softmax) y[i] = e;
    return e;
  };
  const float t = cuda::row_sum_by_block(a.n, exponential, sums);
  if constexpr (kResult == Result::softmax) {
    cuda::map_row_by_block(
        a.n, [=](int64_t i) { return y[i] / t; }, [=](int64_t i, float v) { y[i] = v; });
  } else if constexpr (kResult == Result::log_softmax) {
    const float log_t = cuda::log(t);
    cuda::map_row_by_block(
        a.n, [=](int64_t i) { return (x[i] - m) - log_t; }, [=](int64_t i, float v) { y[i] = v; });
  } else {
    if (threadIdx.x == 0) set_loss(a, row, m, t);
  }
}

template <Result kResult> void launch_rows(Queue& queue, const Rows& a) {
  if (a.n > cuda::kMostTeamRow<float>) {
    return queue.launch(rows_by_block<kResult>, {{a.rows}, kLongRowThreads, sizeof(cuda::BlockSums<float>)}, a);
  }
  cuda::launch_teams<float>(a.rows, a.n, [&](auto items, auto block, const Grid& grid, int lanes) {
    queue.launch(rows_by_team<kResult, items(), block()>, grid, a, lanes);
  });
}

Rows rows_of(const Tensor& x, const Tensor& y) {
  const int64_t n = x.size(-1);
  return {x.data_as<float>(), y.mutable_data_as<float>(), x.elements() / n, n};
}

}  // namespace

void softmax(Queue& queue, const Tensor& x, const Tensor& y) {
  cuda::require_float32(queue, x, "softmax of float64");
  launch_rows<Result::softmax>(queue, rows_of(x, y));
}

void log_softmax(Queue& queue, const Tensor& x, const Tensor& y) {
  cuda::require_float32(queue, x, "log_softmax of float64");
  launch_rows<Result::log_softmax>(queue, rows_of(x, y));
}

void cross_entropy(Queue& queue, const Tensor& logits, const Tensor& target, const Tensor& loss,
                   const Tensor& exponentials, const Tensor& total) {
  cuda::require_float32(queue, logits, "cross_entropy of float64");
  Rows a = rows_of(logits, exponentials);
  a.target = target.data_as<int64_t>();
  a.loss = loss.mutable_data_as<float>();
  a.total = total.mutable_data_as<float>();
  a.reports = queue.reports();
  launch_rows<Result::cross_entropy>(queue, a);
}

namespace {

template <class T, int kItems, bool kBlock>
__global__ void __launch_bounds__(cuda::kTeamThreads<T, kBlock>)
    gradient_by_team(const T* g, const T* y, int64_t rows, int64_t n, int lanes, T* dx) {
  const RowTeam<T, kItems, kBlock> team(rows, n, lanes);
  const int64_t at = team.row() * n;
  T upstream[kItems], value[kItems];
  team.each([&](int k, int i) {
    upstream[k] = g[at + i];
    value[k] = y[at + i];
  });
  const T level = team.sum([&](int k) { return upstream[k] * value[k]; });
  team.store(dx + at, [&](int k) { return value[k] * (upstream[k] - level); });
}

template <class T>
__global__ void __launch_bounds__(kLongRowThreads) gradient_by_block(const T* g, const T* y, int64_t n, T* dx) {
  auto& sums = cuda::shared<cuda::BlockSums<T>>();
  const int64_t at = int64_t{blockIdx.x} * n;
  const T level = cuda::row_sum_by_block(
      n, [=](int64_t i) { return g[at + i] * y[at + i]; }, sums);
  cuda::map_row_by_block(
      n, [=](int64_t i) { return y[at + i] * (g[at + i] - level); }, [=](int64_t i, T v) { dx[at + i] = v; });
}

}  // namespace

void softmax_gradient(Queue& queue, const Tensor& g, const Tensor& y, const Tensor& dx) {
  const int64_t n = y.size(-1), rows = y.elements() / n;
  visit_floating(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T *upstream = g.data_as<T>(), *value = y.data_as<T>();
    T* to = dx.mutable_data_as<T>();
    if (n > cuda::kMostTeamRow<T>) {
      return queue.launch(gradient_by_block<T>, {{rows}, kLongRowThreads, sizeof(cuda::BlockSums<T>)}, upstream, value,
                          n, to);
    }
    cuda::launch_teams<T>(rows, n, [&](auto items, auto block, const Grid& grid, int lanes) {
      queue.launch(gradient_by_team<T, items(), block()>, grid, upstream, value, rows, n, lanes, to);
    });
  });
}

namespace {

// kEach neighbouring elements of a row a step. `place`: where a row's element of g lies.
template <class T, int kEach>
__global__ void from_exponentials(const T* g, cuda::Layout<1> place, const int64_t* target, const T* exponentials,
                                  const T* total, T* dx, int64_t elements, cuda::IndexDivisor n) {
  struct alignas(kEach * sizeof(T)) Elements {
    T of[kEach];
  };
  for (int64_t t = cuda::global_thread(); t < elements / kEach; t += cuda::global_threads()) {
    const auto [row, first] = n(t * kEach);
    const T reciprocal = 1 / total[row], upstream = g[place.at(row).of[0]];
    const int64_t hit = target[row] - first;
    const Elements e = reinterpret_cast<const Elements*>(exponentials)[t];
    Elements to;
    for (int j = 0; j < kEach; ++j) {
      const T p = e.of[j] * reciprocal;
      to.of[j] = (j == hit ? p - 1 : p) * upstream;  // elsewhere the 0 that is subtracted changes nothing
    }
    reinterpret_cast<Elements*>(dx)[t] = to;
  }
}

}  // namespace

void cross_entropy_gradient(Queue& queue, const Tensor& g, const Tensor& target, const Tensor& exponentials,
                            const Tensor& total, const Tensor& dx) {
  const int64_t n = dx.size(-1), elements = dx.elements();
  if (elements == 0) return;
  visit_floating(dx.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const bool fours = n % 4 == 0 && cuda::is_aligned<T>(exponentials) && cuda::is_aligned<T>(dx);
    queue.launch(fours ? from_exponentials<T, 4> : from_exponentials<T, 1>, Grid::over(elements, fours ? 4 : 1),
                 g.data_as<T>(), cuda::layout<1>({&g}), target.data_as<int64_t>(), exponentials.data_as<T>(),
                 total.data_as<T>(), dx.mutable_data_as<T>(), elements, cuda::IndexDivisor(n, elements));
  });
}

}  // namespace stet::cuda_kernels
