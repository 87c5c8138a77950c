#include "stet/cuda/divide.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::IndexDivisor, cuda::Queue;

namespace {

template <class T>
__global__ void resample_all(const T* x, const int64_t* starts, const int64_t* sources, const T* weights, T* y,
                             int64_t elements, IndexDivisor inner, IndexDivisor m, int64_t n) {
  for (int64_t e = cuda::global_thread(); e < elements; e += cuda::global_threads()) {
    const auto row = inner(e), place = m(row.quotient);
    const T* const from = x + place.quotient * n * inner.value() + row.rest;
    int64_t t = starts[place.rest];
    const int64_t end = starts[place.rest + 1];
    T sum = t < end ? weights[t] * from[sources[t] * inner.value()] : T{0};
    for (++t; t < end; ++t) sum = sum + weights[t] * from[sources[t] * inner.value()];
    y[e] = sum;
  }
}

}  // namespace

void resample(Queue& queue, const Tensor& x, const Taps& taps, const Tensor& y) {
  const int64_t elements = y.elements();
  visit_floating(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    queue.launch(resample_all<T>, Grid::over(elements), x.data_as<T>(), taps.starts.data_as<int64_t>(),
                 taps.sources.data_as<int64_t>(), taps.weights.data_as<T>(), y.mutable_data_as<T>(), elements,
                 IndexDivisor(x.size(2), elements), IndexDivisor(y.size(1), elements), x.size(1));
  });
}

}  // namespace stet::cuda_kernels
