// The peak of fused multiply-adds of a GPU's registers, which products are compared with.
#include "gpu_peak.h"

#include "stet/cuda/dialect.h"

namespace gpu_bench {
namespace {

constexpr int kChains = 16, kThreads = 256;

__global__ void multiply_adds(float* to, int rounds, float factor, float term) {
  float chain[kChains];
  for (int i = 0; i < kChains; ++i) chain[i] = static_cast<float>(threadIdx.x + i);
  for (int r = 0; r < rounds; ++r) {
#pragma unroll
    for (int i = 0; i < kChains; ++i) chain[i] = stet::cuda::multiply_add(chain[i], factor, term);
  }
  float sum = 0;
  for (int i = 0; i < kChains; ++i) sum += chain[i];
  to[stet::cuda::global_thread()] = sum;
}

}  // namespace

int64_t peak_threads(const stet::cuda::Queue& queue) { return int64_t{8} * queue.multiprocessors() * kThreads; }

double peak_flops(const stet::cuda::Queue& queue, int rounds) {
  return 2.0 * kChains * rounds * static_cast<double>(peak_threads(queue));
}

void run_peak(stet::cuda::Queue& queue, float* to, int rounds) {
  const stet::cuda::Grid grid{.blocks = {static_cast<unsigned>(peak_threads(queue) / kThreads)}, .threads = kThreads};
  queue.launch(multiply_adds, grid, to, rounds, 0.999f, 0.001f);
}

}  // namespace gpu_bench
