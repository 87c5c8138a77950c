#include <type_traits>

#include "stet/cuda/errors.h"
#include "stet/cuda/functions.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/philox.h"

namespace stet::cuda_kernels {

using cuda::Four, cuda::Grid, cuda::Queue;

namespace {

/// Where a draw's words come from.
struct Words {
  explicit Words(const Draw& draw)
      : key0(draw.key[0]), key1(draw.key[1]), call(draw.call), shard(draw.shard), tick(draw.tick) {}
  uint32_t key0, key1, call, shard, tick;

  /// Those of elements 4 * block … 4 * block + 3.
  __device__ PhiloxBlock operator()(int64_t block) const {
    return philox_block({{static_cast<uint32_t>(block), call, shard, tick}}, key0, key1);
  }
};

__device__ __forceinline__ float unit(uint32_t word) {
  return static_cast<float>(word >> contract::kUniformShift) * contract::kUniformStep;
}

struct Bits {
  __device__ Four<int64_t> operator()(const PhiloxBlock& w) const { return {{w.of[0], w.of[1], w.of[2], w.of[3]}}; }
};
// Draws are of float32; float64 has the same ones, widened.
template <class T> struct Uniform {
  __device__ Four<T> operator()(const PhiloxBlock& w) const {
    return {{unit(w.of[0]), unit(w.of[1]), unit(w.of[2]), unit(w.of[3])}};
  }
};
template <class T> struct Normal {
  __device__ Four<T> operator()(const PhiloxBlock& w) const {
    Four<T> z;
    for (int p = 0; p < 2; ++p) {
      const float radius = sqrt(cuda::log(static_cast<float>((w.of[2 * p] >> contract::kUniformShift) + 1) *
                                          contract::kUniformStep) *
                                -2.0f),
                  angle = 2 * unit(w.of[2 * p + 1]);
      z.of[2 * p] = radius * cuda::cospi(angle);
      z.of[2 * p + 1] = radius * cuda::sinpi(angle);
    }
    return z;
  }
};

template <class T, class F> __global__ void draw_all(Words words, T* y, int64_t n, F f) {
  for (int64_t block = cuda::global_thread(); 4 * block < n; block += cuda::global_threads())
    cuda::store_four<T>(f(words(block)), y, block, n, true);
}

template <class T>
__global__ void drop(const T* x, Words words, uint32_t threshold, T scale, T* y, int64_t n, bool is_aligned) {
  for (int64_t block = cuda::global_thread(); 4 * block < n; block += cuda::global_threads()) {
    Four<T> v = cuda::load_four(x, block, n, is_aligned);
    const PhiloxBlock w = words(block);
    for (int j = 0; j < 4; ++j) v.of[j] = w.of[j] < threshold ? T{0} : v.of[j] * scale;
    cuda::store_four(v, y, block, n, is_aligned);
  }
}

void require_counters(int64_t elements) {
  if (elements > contract::kMostDrawn) cuda::too_many_draws(elements);
}

}  // namespace

void random(Queue& queue, Distribution d, const Draw& draw, const Tensor& y) {
  const int64_t n = y.elements();
  require_counters(n);
  const auto launch = [&]<class T, class F>(T, F f) {
    if (n > 0) queue.launch(draw_all<T, F>, Grid::over(n, 4), Words(draw), y.mutable_data_as<T>(), n, f);
  };
  if (d == Distribution::bits) return launch(int64_t{}, Bits());
  visit_floating(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if (d == Distribution::uniform) launch(T{}, Uniform<T>());
    else launch(T{}, Normal<T>());
  });
}

void dropout(Queue& queue, const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y) {
  const int64_t n = y.elements();
  require_counters(n);
  if (n == 0) return;
  visit_floating(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const bool is_aligned = cuda::is_aligned<T>(x) && cuda::is_aligned<T>(y);
    queue.launch(drop<T>, Grid::over(n, 4), x.data_as<T>(), Words(draw), static_cast<uint32_t>(threshold),
                 static_cast<T>(scale), y.mutable_data_as<T>(), n, is_aligned);
  });
}

}  // namespace stet::cuda_kernels
