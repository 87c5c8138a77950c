#include "stet/cuda/digest.h"

#include <vector>

#include "stet/cuda/dialect.h"
#include "stet/cuda/many.h"
#include "stet/tensor/digest_word.h"

namespace stet::cuda_kernels {

using cuda::Many, cuda::Queue;
using digest_word::Binary32, digest_word::Binary64, digest_word::Raw;

namespace {

constexpr int kThreads = 256, kWarps = kThreads / static_cast<int>(cuda::kWarp);
constexpr int kEach = 4;               // pairs of words that a thread has under way
constexpr int64_t kPiece = 64 * 1024;  // bytes of a block

enum class Kind { raw, binary32, binary64 };

struct Array {
  DigestSalt salt;
  const unsigned char* data;
  int64_t elements;        // bytes
  unsigned long long* to;  // low and high
  Kind kind;
};

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

/// This thread's part of bytes begin … end - 1, where begin is a multiple of 16: pairs of words where the data is
/// aligned to them, and the rest byte by byte. Zeros stand after the last byte.
template <class Words> __device__ Digest sum_words(const Array& a, int64_t begin, int64_t end) {
  Digest sum;
  const auto* const pairs = reinterpret_cast<const Pair*>(a.data);
  const int64_t pairs_end = reinterpret_cast<uintptr_t>(a.data) % sizeof(Pair) == 0 ? end / 16 : begin / 16;
  for (int64_t first = begin / 16 + threadIdx.x; first < pairs_end; first += kEach * kThreads) {
    Pair pair[kEach];
    for (int k = 0; k < kEach; ++k) {
      if (first + k * kThreads < pairs_end) pair[k] = pairs[first + k * kThreads];
    }
    for (int k = 0; k < kEach; ++k) {
      const int64_t i = first + k * kThreads;
      if (i >= pairs_end) continue;
      digest_word::add<Words>(a.salt, 2 * i, pair[k].of[0], sum);
      digest_word::add<Words>(a.salt, 2 * i + 1, pair[k].of[1], sum);
    }
  }
  for (int64_t i = 2 * pairs_end + threadIdx.x; 8 * i < end; i += kThreads) {
    uint64_t word = 0;
    for (int k = 0; k < 8; ++k) {
      if (8 * i + k < end) word |= static_cast<uint64_t>(a.data[8 * i + k]) << (8 * k);
    }
    digest_word::add<Words>(a.salt, i, word, sum);
  }
  return sum;
}

__global__ void __launch_bounds__(kThreads) add_pieces(Many<Array> many) {
  const auto place = many.place();
  const Array& a = many.arrays[place.array];
  const int64_t begin = place.piece * kPiece, end = begin + kPiece < a.elements ? begin + kPiece : a.elements;
  const Digest sum = a.kind == Kind::binary32   ? sum_words<Binary32>(a, begin, end)
                     : a.kind == Kind::binary64 ? sum_words<Binary64>(a, begin, end)
                                                : sum_words<Raw>(a, begin, end);
  add_block(sum, a.to);
}

Kind kind_of(DType dtype) {
  return visit_dtype(dtype, []<class T>(T) {
    if (std::is_same_v<T, float>) return Kind::binary32;
    return std::is_same_v<T, double> ? Kind::binary64 : Kind::raw;
  });
}

}  // namespace

void add_digests(Queue& queue, std::span<const DigestTask> tasks, unsigned long long* to) {
  std::vector<Array> arrays;
  for (const DigestTask& t : tasks) {
    const int64_t bytes = t.value.elements() * static_cast<int64_t>(size_of(t.value.dtype()));
    arrays.push_back({t.salt, static_cast<const unsigned char*>(t.value.data()), bytes, to, kind_of(t.value.dtype())});
    to += 2;
  }
  cuda::launch_many(queue, add_pieces, kPiece, {.blocks = {}, .threads = kThreads, .shared = sizeof(Digest[kWarps])},
                    arrays);
}

}  // namespace stet::cuda_kernels
