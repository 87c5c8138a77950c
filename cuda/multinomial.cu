#include "stet/cuda/queue.h"
#include "stet/cuda/report.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/weighted_choice.h"

namespace stet::cuda_kernels {

using cuda::Fault, cuda::Grid, cuda::Queue;

namespace {

// A thread a row: its weights, or the sums of them, in binary64. What is no weight makes the last of its row NaN.
template <class T> __global__ void widen(const T* weights, int64_t rows, int64_t n, bool as_sums, double* to) {
  for (int64_t row = cuda::global_thread(); row < rows; row += cuda::global_threads()) {
    double sum = 0;
    bool are_weights = true;
    for (int64_t i = 0; i < n; ++i) {
      const double w = weights[row * n + i];
      are_weights = are_weights && weighted_choice::is_weight(w);
      sum += w;
      to[row * n + i] = as_sums ? sum : w;
    }
    if (!are_weights) to[row * n + n - 1] = __int_as_float(0x7fc00000);
  }
}

// A thread a draw.
__global__ void draw_with(const double* sums, int64_t rows, int64_t n, const int64_t* words, int64_t count, int64_t* y,
                          cuda::Reports reports) {
  for (int64_t t = cuda::global_thread(); t < rows * count; t += cuda::global_threads()) {
    const int64_t row = t / count;
    const double* const own = sums + row * n;
    if (n == 0 || !weighted_choice::is_total(own[n - 1])) cuda::report(reports, Fault::multinomial, row, 0);
    else y[t] = weighted_choice::chosen(own, n, weighted_choice::unit(words[2 * t], words[2 * t + 1]));
  }
}

// A thread a row.
__global__ void draw_without(double* weights, int64_t rows, int64_t n, const int64_t* words, int64_t count, int64_t* y,
                             cuda::Reports reports) {
  for (int64_t row = cuda::global_thread(); row < rows; row += cuda::global_threads()) {
    if (!weighted_choice::draw_without(weights + row * n, n, words + 2 * row * count, count, y + row * count))
      cuda::report(reports, Fault::multinomial, row, 0);
  }
}

}  // namespace

void multinomial(Queue& queue, const Tensor& weights, const Tensor& words, bool replacement, const Tensor& y) {
  const int64_t rows = weights.size(0), n = weights.size(1), count = y.size(1);
  cuda::Scratch<double> own(queue, rows * n + 1);
  visit_floating(weights.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if (n > 0) queue.launch(widen<T>, Grid::over(rows), weights.data_as<T>(), rows, n, replacement, own.data());
  });
  if (replacement) {
    queue.launch(draw_with, Grid::over(rows * count), own.data(), rows, n, words.data_as<int64_t>(), count,
                 y.mutable_data_as<int64_t>(), queue.reports());
  } else {
    queue.launch(draw_without, Grid::over(rows), own.data(), rows, n, words.data_as<int64_t>(), count,
                 y.mutable_data_as<int64_t>(), queue.reports());
  }
}

}  // namespace stet::cuda_kernels
