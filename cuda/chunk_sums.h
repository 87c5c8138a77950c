// A product whose chunks are blocks' tasks of their own, for a result so small that its tiles alone would leave a GPU
// idle: the chunks' sums wait in scratch memory, and are added in order here.
#pragma once

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"

namespace stet::cuda {

namespace chunk_sums {

/// What follows the sum of an element: nothing.
template <class T> struct Unchanged {
  __device__ T operator()(T total, int64_t) const { return total; }
};

inline constexpr int kLanes = 32, kWarps = 8, kBatch = 128;

template <class T> struct Shared { T sums[kBatch][kLanes]; };

// All warps bring the sums of 32 elements, and the first one's lanes add them.
template <class T, class Finish>
__global__ void add_many(const T* sums, int64_t chunks, int64_t elements, T* y, bool first, Finish finish) {
  auto& s = shared<Shared<T>>();
  const int lane = static_cast<int>(threadIdx.x) % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
  const int64_t element = static_cast<int64_t>(blockIdx.x) * kLanes + lane;
  T total = 0;
  if (warp == 0 && !first && element < elements) total = y[element];
  for (int64_t begin = 0; begin < chunks; begin += kBatch) {
    const int count = chunks - begin < kBatch ? static_cast<int>(chunks - begin) : kBatch;
#pragma unroll
    for (int i = 0; i < kBatch / kWarps; ++i) {
      const int chunk = warp + i * kWarps;
      if (chunk < count && element < elements) s.sums[chunk][lane] = sums[(begin + chunk) * elements + element];
    }
    __syncthreads();
    if (warp == 0) {
#pragma unroll 8
      for (int i = 0; i < count; ++i) total += s.sums[i][lane];
    }
    __syncthreads();
  }
  if (warp == 0 && element < elements) y[element] = finish(total, element);
}

// Each thread adds an element's.
template <class T, class Finish>
__global__ void add_few(const T* sums, int64_t chunks, int64_t elements, T* y, bool first, Finish finish) {
  for (int64_t i = global_thread(); i < elements; i += global_threads()) {
    T total = first ? T{0} : y[i];
#pragma unroll 4
    for (int64_t c = 0; c < chunks; ++c) total += sums[c * elements + i];
    y[i] = finish(total, i);
  }
}

}  // namespace chunk_sums

/// y [elements] = (first ? +0 : y) + sums[0] + sums[1] + …, in this order; sums is [chunks, elements]. Then y[i] =
/// finish(y[i], i).
template <class T, class Finish = chunk_sums::Unchanged<T>>
void add_chunks(Queue& queue, const T* sums, int64_t chunks, int64_t elements, T* y, bool first = true,
                Finish finish = {}) {
  using namespace chunk_sums;
  if (chunks <= 16)
    return queue.launch(add_few<T, Finish>, Grid::over(elements), sums, chunks, elements, y, first, finish);
  const int64_t blocks = (elements + kLanes - 1) / kLanes;
  queue.launch(add_many<T, Finish>, {.blocks = {blocks}, .threads = kLanes * kWarps, .shared = sizeof(Shared<T>)}, sums,
               chunks, elements, y, first, finish);
}

}  // namespace stet::cuda
