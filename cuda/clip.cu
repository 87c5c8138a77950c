#include <algorithm>
#include <limits>
#include <vector>

#include "stet/cuda/many.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/row_sum.h"
#include "stet/tensor/clip_factors.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

// Three passes, none of which the host waits for: sums of squares of blocks of 1024 elements, a warp each, of the
// gradients as they are and scaled, since only the sum of them all says whether the first overflow; in one block, each
// gradient's sum of those, the chain of these and the factor; then the scaling, which reads nothing where the factor is
// 1 and the gradients stay where they are.
namespace stet::cuda_kernels {

using cuda::Add, cuda::Four, cuda::kSumBlock, cuda::Many, cuda::Queue;

namespace {

constexpr unsigned kThreads = 256;
constexpr int kWarps = static_cast<int>(kThreads / cuda::kWarp);
constexpr int kFours = 2;                   // that a thread of the last pass has under way
constexpr int64_t kByWarp = 4 * kSumBlock;  // a gradient with more blocks is summed by all warps together

/// Sums of squares: of elements as they are, and of those multiplied by kClipScale.
template <class T> using Sums = cuda::Several<T, 2>;

template <class T> struct Squares {
  const T* x;
  Sums<T>* sums;  // of its blocks
  int64_t elements;
};
template <class T> struct Scaled {
  const T* x;
  T* y;
  int64_t elements;
  bool is_aligned;
};
/// Sums of the blocks of one gradient: `elements` of them.
template <class T> struct Blocks {
  const Sums<T>* sums;
  int64_t elements;
};

template <class T> __global__ void __launch_bounds__(kThreads) square_blocks(Many<Squares<T>> many) {
  const auto place = many.place();
  const Squares<T>& a = many.arrays[place.array];
  const int64_t block = place.piece * kWarps + cuda::warp_of_block(), begin = block * kSumBlock;
  if (begin >= a.elements) return;
  const T* const x = a.x;
  const Sums<T> sum = cuda::fold_block<Add<Sums<T>>>(
      begin, static_cast<int>(a.elements - begin < kSumBlock ? a.elements - begin : kSumBlock), [x](int64_t i) {
        const T scaled = x[i] * contract::kClipScale<T>;
        return Sums<T>{x[i] * x[i], scaled * scaled};
      });
  if (cuda::lane_of_warp() == 0) a.sums[block] = sum;
}

/// What is kept between launches, and what the last one finds.
template <class T> struct Clipping {
  Sums<T> total;
  ClipFactors<T> by;
};

template <class T> struct ChainShared {
  cuda::BlockSums<Sums<T>> blocks;
  Sums<T> sums[Many<Blocks<T>>::kMost];
};

/// One block: adds the gradients' sums to the chain, and in the last launch ends it.
template <class T>
__global__ void __launch_bounds__(1024)
    chain(Many<Blocks<T>> many, T max_norm, bool is_last, Clipping<T>* state, T* norm) {
  auto& shared = cuda::shared<ChainShared<T>>();
  for (int i = cuda::warp_of_block(); i < many.count; i += cuda::warps_of_block()) {
    if (many.arrays[i].elements > kByWarp) continue;
    const Sums<T>* const sums = many.arrays[i].sums;
    const Sums<T> sum = cuda::row_sum(many.arrays[i].elements, [sums](int64_t b) { return sums[b]; });
    if (cuda::lane_of_warp() == 0) shared.sums[i] = sum;
  }
  for (int i = 0; i < many.count; ++i) {
    if (many.arrays[i].elements <= kByWarp) continue;
    const Sums<T>* const sums = many.arrays[i].sums;
    const Sums<T> sum = cuda::row_sum_by_block(
        many.arrays[i].elements, [sums](int64_t b) { return sums[b]; }, shared.blocks);
    if (threadIdx.x == 0) shared.sums[i] = sum;
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  Sums<T> total = state->total;
  for (int i = 0; i < many.count; ++i) total = Add<Sums<T>>()(total, shared.sums[i]);
  state->total = total;
  if (!is_last) return;
  const T plain = sqrt(total.of[0]);
  const bool overflows = plain > std::numeric_limits<T>::max();
  const T n = overflows ? sqrt(total.of[1]) : plain;
  *norm = overflows ? n / contract::kClipScale<T> : n;
  state->by = overflows ? clip_factors_of_scaled(max_norm, n) : clip_factors(max_norm, n);
}

template <class T>
__global__ void __launch_bounds__(kThreads) scale_pieces(Many<Scaled<T>> many, const Clipping<T>* state) {
  const auto place = many.place();
  const Scaled<T>& a = many.arrays[place.array];
  const ClipFactors<T> by = state->by;
  if (by.changes_nothing() && a.x == a.y) return;
  const int64_t first = place.piece * kFours * kThreads + threadIdx.x;
  Four<T> v[kFours];
  for (int k = 0; k < kFours; ++k) v[k] = cuda::load_four(a.x, first + k * kThreads, a.elements, a.is_aligned);
  for (int k = 0; k < kFours; ++k) {
    for (int j = 0; j < 4; ++j) v[k].of[j] = (v[k].of[j] * by.first) * by.second;
    cuda::store_four(v[k], a.y, first + k * kThreads, a.elements, a.is_aligned);
  }
}

int64_t blocks_of(const Tensor& g) { return (g.elements() + kSumBlock - 1) / kSumBlock; }

template <class T>
void end_chain(Queue& queue, const std::vector<Blocks<T>>& all, T max_norm, Clipping<T>* state, T* norm) {
  size_t done = 0;
  do {
    Many<Blocks<T>> many{};
    for (; many.count < Many<Blocks<T>>::kMost && done < all.size(); ++done) many.arrays[many.count++] = all[done];
    queue.launch(chain<T>, {.blocks = {1}, .threads = 1024, .shared = sizeof(ChainShared<T>)}, many, max_norm,
                 done == all.size(), state, norm);
  } while (done < all.size());
}

template <class T>
void clip(Queue& queue, double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to,
          const Tensor& norm) {
  int64_t count = 0;
  for (const Tensor& g : gradients) count += blocks_of(g);
  cuda::Scratch<Sums<T>> sums(queue, count);
  cuda::Scratch<Clipping<T>> state(queue, 1);
  queue.fill_zero(state.data(), sizeof(Clipping<T>));
  std::vector<Squares<T>> squares;
  std::vector<Blocks<T>> blocks;
  std::vector<Scaled<T>> scaled;
  Sums<T>* next = sums.data();
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Tensor& g = gradients[i];
    if (g.elements() == 0) continue;  // adds +0
    squares.push_back({g.data_as<T>(), next, g.elements()});
    blocks.push_back({next, blocks_of(g)});
    scaled.push_back({g.data_as<T>(), to[i].mutable_data_as<T>(), g.elements(),
                      cuda::is_aligned<T>(g) && cuda::is_aligned<T>(to[i])});
    next += blocks_of(g);
  }
  cuda::launch_many(queue, square_blocks<T>, int64_t{kWarps} * kSumBlock, {.blocks = {}, .threads = kThreads}, squares);
  end_chain(queue, blocks, static_cast<T>(max_norm), state.data(), norm.mutable_data_as<T>());
  cuda::launch_many(queue, scale_pieces<T>, int64_t{4} * kFours * kThreads, {.blocks = {}, .threads = kThreads}, scaled,
                    state.data());
}

}  // namespace

void clip_norm(Queue& queue, double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to,
               const Tensor& norm) {
  visit_floating(norm.dtype(), [&](auto sample) { clip<decltype(sample)>(queue, max_norm, gradients, to, norm); });
}

}  // namespace stet::cuda_kernels
