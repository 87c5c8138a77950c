#include "stet/cuda/digest.h"

#include <algorithm>

#include "stet/cuda/dialect.h"
#include "stet/tensor/digest_word.h"
#include "stet/tensor/dtype.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::Queue;
using digest_word::Binary32, digest_word::Binary64, digest_word::Raw;

namespace {

constexpr int kThreads = 256, kWarps = kThreads / static_cast<int>(cuda::kWarp);
constexpr int kEach = 4;  // pairs of words that a thread has under way

struct alignas(16) Pair {
  uint64_t of[2];
};

__device__ __forceinline__ Digest over_warp(Digest sum) {
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    sum.low += __shfl_xor_sync(cuda::kAllLanes, sum.low, lanes);
    sum.high += __shfl_xor_sync(cuda::kAllLanes, sum.high, lanes);
  }
  return sum;
}

/// Adds the block's sums to `to`: integers, so that the order doesn't matter.
__device__ void add_block(Digest sum, unsigned long long* to) {
  Digest* const warps = cuda::shared<Digest[kWarps]>();
  sum = over_warp(sum);
  if (threadIdx.x % cuda::kWarp == 0) warps[threadIdx.x / cuda::kWarp] = sum;
  __syncthreads();
  if (threadIdx.x >= cuda::kWarp) return;
  sum = over_warp(threadIdx.x < kWarps ? warps[threadIdx.x] : Digest{});
  if (threadIdx.x == 0) {
    atomicAdd(&to[0], static_cast<unsigned long long>(sum.low));
    atomicAdd(&to[1], static_cast<unsigned long long>(sum.high));
  }
}

/// Of pairs of words that lie at multiples of 16 bytes.
template <class Kind>
__global__ void __launch_bounds__(kThreads) add_pairs(DigestSalt salt, const Pair* data, int64_t pairs, unsigned long long* to) {
  Digest sum;
  const int64_t each = int64_t{kEach} * kThreads;
  for (int64_t first = blockIdx.x * each + threadIdx.x; first < pairs; first += each * gridDim.x) {
    Pair pair[kEach];
    for (int k = 0; k < kEach; ++k) {
      if (first + k * kThreads < pairs) pair[k] = data[first + k * kThreads];
    }
    for (int k = 0; k < kEach; ++k) {
      const int64_t i = first + k * kThreads;
      if (i >= pairs) continue;
      digest_word::add<Kind>(salt, 2 * i, pair[k].of[0], sum);
      digest_word::add<Kind>(salt, 2 * i + 1, pair[k].of[1], sum);
    }
  }
  add_block(sum, to);
}

/// Of words from number `begin` on, of elements U at any address; zeros stand after the last byte.
template <class Kind, class U>
__global__ void __launch_bounds__(kThreads) add_words(DigestSalt salt, const U* data, int64_t begin, int64_t elements, unsigned long long* to) {
  constexpr int kInWord = 8 / sizeof(U);
  Digest sum;
  for (int64_t i = begin + cuda::global_thread(); i * kInWord < elements; i += cuda::global_threads()) {
    uint64_t word = 0;
    for (int k = 0; k < kInWord; ++k) {
      if (i * kInWord + k < elements) word |= static_cast<uint64_t>(data[i * kInWord + k]) << (8 * sizeof(U) * k);
    }
    digest_word::add<Kind>(salt, i, word, sum);
  }
  add_block(sum, to);
}

template <class Kind, class U>
void launch(Queue& queue, const DigestSalt& salt, const void* data, int64_t elements, unsigned long long* to) {
  const auto grid = [&](int64_t blocks) {
    return Grid{.blocks = {static_cast<unsigned>(std::min<int64_t>(blocks, int64_t{8} * queue.multiprocessors()))}, .threads = kThreads, .shared = sizeof(Digest[kWarps])};
  };
  const int64_t pairs = reinterpret_cast<uintptr_t>(data) % 16 == 0 ? elements * static_cast<int64_t>(sizeof(U)) / 16 : 0;
  queue.launch(add_pairs<Kind>, grid((pairs + kThreads * kEach - 1) / (kThreads * kEach)), salt, static_cast<const Pair*>(data), pairs, to);
  const int64_t rest = elements - pairs * static_cast<int64_t>(16 / sizeof(U));
  queue.launch(add_words<Kind, U>, grid((rest + kThreads - 1) / kThreads), salt, static_cast<const U*>(data), 2 * pairs, elements, to);
}

}  // namespace

void add_digest(Queue& queue, const DigestSalt& salt, const Tensor& x, unsigned long long* to) {
  const int64_t n = x.elements();
  switch (x.dtype()) {
    case DType::float32: return launch<Binary32, uint32_t>(queue, salt, x.data(), n, to);
    case DType::float64: return launch<Binary64, uint64_t>(queue, salt, x.data(), n, to);
    case DType::int32: return launch<Raw, uint32_t>(queue, salt, x.data(), n, to);
    case DType::int64: return launch<Raw, uint64_t>(queue, salt, x.data(), n, to);
    default: return launch<Raw, uint8_t>(queue, salt, x.data(), n, to);
  }
}

}  // namespace stet::cuda_kernels
