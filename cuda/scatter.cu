#include <algorithm>

#include "stet/cuda/divide.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/report.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Fault, cuda::Grid, cuda::IndexDivisor, cuda::Queue;

namespace {

__global__ void mark_none(long long* y, int64_t elements) {
  for (int64_t t = cuda::global_thread(); t < elements; t += cuda::global_threads()) y[t] = -1;
}

// The largest j of each place: whole numbers, so that any order gives it. plane = m * inner.
__global__ void mark_writers(const int64_t* index, int64_t elements, IndexDivisor plane, IndexDivisor inner, int64_t n,
                             long long* y, cuda::Reports reports) {
  for (int64_t t = cuda::global_thread(); t < elements; t += cuda::global_threads()) {
    const int64_t at = index[t];
    if (!cuda::check_index(reports, Fault::scatter, at, t, n)) continue;
    const auto outer = plane(t);
    const auto row = inner(outer.rest);
    atomicMax(y + (outer.quotient * n + at) * inner.value() + row.rest, static_cast<long long>(row.quotient));
  }
}

}  // namespace

void last_writers(Queue& queue, const Tensor& index, const Tensor& y) {
  static_assert(sizeof(long long) == sizeof(int64_t));
  const int64_t n = y.size(1), m = index.size(1), inner = y.size(2), elements = index.elements();
  auto* const to = static_cast<long long*>(y.mutable_data());
  if (y.elements() > 0) queue.launch(mark_none, Grid::over(y.elements()), to, y.elements());
  if (elements > 0) {
    queue.launch(mark_writers, Grid::over(elements), index.data_as<int64_t>(), elements,
                 IndexDivisor(m * inner, elements), IndexDivisor(inner, elements), n, to, queue.reports());
  }
}

}  // namespace stet::cuda_kernels
