#include "stet/cuda/functions.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Four, cuda::Queue;

namespace {

constexpr auto kSqrtHalf = static_cast<float>(contract::kSqrtHalf);
constexpr auto kTwoOverSqrtPi = static_cast<float>(contract::kTwoOverSqrtPi);

__device__ __forceinline__ float one_plus_erf_of(float x) { return cuda::erf(x * kSqrtHalf) + 1.0f; }

__device__ __forceinline__ float gradient_of(float g, float x, float one_plus_erf) {
  const float half = x * 0.5f, u = x * kSqrtHalf;
  const float through_erf = ((g * half) * (cuda::exp(-(u * u)) * kTwoOverSqrtPi)) * kSqrtHalf;
  const float through_half = (g * one_plus_erf) * 0.5f;
  return through_erf + through_half;
}

// The first 4 * fours elements four at a time, the others one at a time.
__global__ void forward(const float* x, float* y, float* kept, int64_t n, int64_t fours) {
  for (int64_t i = cuda::global_thread(); i < fours; i += cuda::global_threads()) {
    const Four<float> from = reinterpret_cast<const Four<float>*>(x)[i];
    Four<float> sum, to;
    for (int j = 0; j < 4; ++j) {
      sum.of[j] = one_plus_erf_of(from.of[j]);
      to.of[j] = (from.of[j] * 0.5f) * sum.of[j];
    }
    if (kept != nullptr) reinterpret_cast<Four<float>*>(kept)[i] = sum;
    reinterpret_cast<Four<float>*>(y)[i] = to;
  }
  for (int64_t i = 4 * fours + cuda::global_thread(); i < n; i += cuda::global_threads()) {
    const float sum = one_plus_erf_of(x[i]);
    if (kept != nullptr) kept[i] = sum;
    y[i] = (x[i] * 0.5f) * sum;
  }
}

__global__ void backward(const float* g, const float* x, const float* kept, float* dx, int64_t n, int64_t fours) {
  for (int64_t i = cuda::global_thread(); i < fours; i += cuda::global_threads()) {
    const Four<float> upstream = reinterpret_cast<const Four<float>*>(g)[i],
                      from = reinterpret_cast<const Four<float>*>(x)[i],
                      sum = reinterpret_cast<const Four<float>*>(kept)[i];
    Four<float> to;
    for (int j = 0; j < 4; ++j) to.of[j] = gradient_of(upstream.of[j], from.of[j], sum.of[j]);
    reinterpret_cast<Four<float>*>(dx)[i] = to;
  }
  for (int64_t i = 4 * fours + cuda::global_thread(); i < n; i += cuda::global_threads())
    dx[i] = gradient_of(g[i], x[i], kept[i]);
}

}  // namespace

// All tensors are contiguous, y, one_plus_erf and dx are new; views of x and g begin anywhere.

void gelu(Queue& queue, const Tensor& x, const Tensor& y, const Tensor& one_plus_erf) {
  const int64_t n = y.elements();
  if (n == 0) return;
  float* kept = one_plus_erf.defined() ? one_plus_erf.mutable_data_as<float>() : nullptr;
  const bool fours = cuda::is_aligned<float>(x);
  queue.launch(forward, cuda::Grid::over(n, fours ? 4 : 1), x.data_as<float>(), y.mutable_data_as<float>(), kept, n,
               fours ? n / 4 : 0);
}

void gelu_gradient(Queue& queue, const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx) {
  const int64_t n = dx.elements();
  if (n == 0) return;
  const bool fours = cuda::is_aligned<float>(g) && cuda::is_aligned<float>(x);
  queue.launch(backward, cuda::Grid::over(n, fours ? 4 : 1), g.data_as<float>(), x.data_as<float>(),
               one_plus_erf.data_as<float>(), dx.mutable_data_as<float>(), n, fours ? n / 4 : 0);
}

}  // namespace stet::cuda_kernels
