#include "stet/cuda/attention_tile.h"
#include "stet/cuda/errors.h"
#include "stet/cuda/functions.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/row_sum.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Queue;

namespace {

using namespace cuda::attention;

struct Forward {
  Extents shape;
  Heads q, k, v, o;
  float *extremes, *totals;
  float* block_sums;  // [groups of slices, heads, queries, blocks of 1024 keys]; not used where there is one
};

// With one slice, which holds a whole query and a whole value, the queries stay in shared memory. Else each slice of
// queries is copied beside the keys' slice that it meets, and a block computes kSlices slices of the result.
template <int kSlices, int kBuffers> struct Shared {
  Matrix q, k, v, o;
  Tile own[kSlices == 1 ? 1 : kBuffers], partners[kBuffers], weights;
  float most[kWarps][kSide], totals[kSide];
};

// The keys' tiles from the last to the first, for the rows' maxima, then keys and values from the first on; the first
// tile's scores are made once.
template <int kSlices, int kBuffers> class ForwardWalk {
 public:
  __device__ ForwardWalk(Shared<kSlices, kBuffers>& shared, const Work& work, int tiles, int first_slice)
      : shared_(shared), own_(work.tile), tiles_(tiles), first_slice_(first_slice), tile_(tiles - 1) {}

  __device__ int key_slices() const { return kSlices == 1 ? 1 : tiles_of(shared_.k.columns); }
  __device__ int value_slices() const {
    const int left = tiles_of(shared_.v.columns) - first_slice_;
    return left < kSlices ? left : kSlices;
  }
  __device__ void copy_queries() { copy_slice(shared_.own[0], shared_.q, own_ * kSide, 0); }
  __device__ void copy(int buffer) {
    if (phase_ == Phase::values)
      return copy_slice(shared_.partners[buffer], shared_.v, tile_ * kSide, first_slice_ + slice_);
    if constexpr (kSlices != 1) copy_slice(shared_.own[buffer], shared_.q, own_ * kSide, slice_);
    copy_slice(shared_.partners[buffer], shared_.k, tile_ * kSide, slice_);
  }
  __device__ void step() {
    if (++slice_ < (phase_ == Phase::values ? value_slices() : key_slices())) return;
    slice_ = 0;
    if (phase_ == Phase::maxima && tile_ > 0) {
      --tile_;
    } else if (phase_ == Phase::values) {
      ++tile_;
      phase_ = Phase::weights;
    } else {
      phase_ = Phase::values;
    }
  }
  __device__ bool is_over() const { return tile_ == tiles_; }

 private:
  enum class Phase { maxima, weights, values };

  Shared<kSlices, kBuffers>& shared_;
  int own_, tiles_, first_slice_, tile_, slice_ = 0;
  Phase phase_ = Phase::maxima;
};

// Each row's sum of a block of the last axis, of which a thread has two lanes' sums: to shared memory where it is the
// only block, else to a list. With the last block, the list's sum to shared memory. The tile of weights is free before
// and after.
__device__ __forceinline__ void end_block(float (&lanes)[kRows][2], Tile& weights, float (&totals)[kSide], float* list,
                                          int64_t list_stride, int block, int rows, bool last, const Place& place) {
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      weights.at[place.row(i)][place.column(j)] = lanes[i][j];
      lanes[i][j] = 0;
    }
  }
  __syncthreads();
  const int lane = cuda::lane_of_warp();
#pragma unroll 4
  for (int i = 0; i < kSide / kWarps; ++i) {
    const int row = place.warp * (kSide / kWarps) + i;
    const float sum = cuda::halve<cuda::Add<float>>(weights.at[row][lane]);
    if (lane != 0) continue;
    totals[row] = sum;
    if (row < rows && !(last && block == 0)) list[row * list_stride + block] = sum;
  }
  if (!last || block == 0) return;
  __syncwarp();
  for (int i = 0; i < kSide / kWarps; ++i) {
    const int row = place.warp * (kSide / kWarps) + i;
    if (row >= rows) break;
    const float sum = cuda::row_sum(block + 1, [&](int64_t b) { return list[row * list_stride + b]; });
    if (lane == 0) totals[row] = sum;
  }
}

template <int kSlices, int kBuffers>
__global__ void __launch_bounds__(kThreads, kSlices == 1 ? 3 : 2) forward(Forward x) {
  auto& shared = cuda::shared<Shared<kSlices, kBuffers>>();
  const Extents& s = x.shape;
  const Work work(s, tiles_of(s.queries), true);
  const Place place;
  const Sight sight(s, work.head);
  const int first = work.tile * kSide, tiles = key_tiles(s, first);
  const int first_slice = static_cast<int>(blockIdx.y) * kSlices;
  if (threadIdx.x == 0) {
    shared.q = x.q.of(work.head);
    shared.k = x.k.of(work.head);
    shared.v = x.v.of(work.head);
    shared.o = x.o.of(work.head);
  }
  __syncthreads();
  ForwardWalk<kSlices, kBuffers> walk(shared, work, tiles, first_slice);
  if constexpr (kSlices == 1) walk.copy_queries();
  Pipeline<kBuffers, ForwardWalk<kSlices, kBuffers>> pipeline(walk);

  // The scaled scores of a tile.
  Sums score;
  const auto make_scores = [&] {
    if constexpr (kSlices == 1) {
      clear(score);
      const int buffer = pipeline.next();
      add_row_products(score, shared.own[0], shared.partners[buffer], columns_of(s.width, 0), place);
    } else {
      multiply_slices<kBuffers == 1>(score, pipeline, shared.own, shared.partners, s.width, place);
    }
  };
  const auto scaled = [&](int tile) {
    for_each(score, [&](int i, int j, float sum) {
      return sight.score(sum, first + place.row(i), tile * kSide + place.column(j));
    });
  };
  const auto seen = [&](int row, int j, int tile) { return sight.sees(first + row, tile * kSide + place.column(j)); };

  // Which of two zeros, or whether a NaN is the maximum shows nowhere: the former changes no difference's power of e,
  // the latter makes the row's sum NaN.
  float most[kRows];
#pragma unroll
  for (int i = 0; i < kRows; ++i) most[i] = -__builtin_inff();
  for (int tile = tiles - 1; tile >= 0; --tile) {
    make_scores();
    scaled(tile);
    for_each(score, [&](int i, int j, float value) {
      if (seen(place.row(i), j, tile)) most[i] = fmaxf(most[i], value);
      return value;
    });
  }
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    most[i] = fmaxf(most[i], __shfl_xor_sync(cuda::kAllLanes, most[i], 1));
    most[i] = fmaxf(most[i], __shfl_xor_sync(cuda::kAllLanes, most[i], 2));
    if (place.x == 0) shared.most[place.warp][place.row(i)] = most[i];
  }
  __syncthreads();
  const int thread = static_cast<int>(threadIdx.x);
  if (thread < kSide) {
    for (int warp = 1; warp < kWarps; ++warp)
      shared.most[0][thread] = fmaxf(shared.most[0][thread], shared.most[warp][thread]);
  }
  __syncthreads();

  const int blocks = (tiles_of(s.keys) + kBlockTiles - 1) / kBlockTiles;
  const int64_t own = work.head * s.queries + first;
  float* const block_sums = x.block_sums + (blockIdx.y * s.heads * s.queries + own) * blocks;
  const auto as_it_is = [](int, float sum) { return sum; };
  Sums sums[kSlices];
  for (int slice = 0; slice < kSlices; ++slice) clear(sums[slice]);
  float lanes[kRows][2] = {};
  bool begun = false;
  for (int tile = 0; tile < tiles; ++tile) {
    const bool last = tile == tiles - 1;
    if (tile > 0) {
      make_scores();
      scaled(tile);
    }
    put(score, shared.weights, place);
    make_weights(
        shared.weights, place, [&](int row, int) { return shared.most[0][row]; },
        [&](int row, int j) { return seen(row, j, tile); });
    for_each(score, [&](int i, int j, float value) {
      lanes[i][j % 2] += shared.weights.at[place.row(i)][place.column(j)];
      return value;
    });
#pragma unroll
    for (int slice = 0; slice < kSlices; ++slice) {
      if (slice >= walk.value_slices()) break;
      const int buffer = pipeline.next();
      add_weighted_rows(sums[slice], shared.weights, shared.partners[buffer], s.keys - tile * kSide,
                        columns_of(s.value_width, first_slice + slice), some_apart(s, first, tile), place);
    }
    if (last || (tile + 1) % kBlockTiles == 0) {
      end_block(lanes, shared.weights, shared.totals, block_sums, blocks, tile / kBlockTiles, s.queries - first, last,
                place);
    }
    if (!last && (tile + 1) % kChunkTiles == 0) {
#pragma unroll
      for (int slice = 0; slice < kSlices; ++slice)
        end_chunk(sums[slice], shared.o, first, first_slice + slice, begun, place, as_it_is);
      begun = true;
    }
  }
  __syncthreads();
  // A sum is 0 where nothing is seen alone, since the greatest score gives 1.
  const auto total = [&](int row) { return shared.totals[row] == 0 ? 1.0f : shared.totals[row]; };
#pragma unroll
  for (int slice = 0; slice < kSlices; ++slice) {
    end_chunk(sums[slice], shared.o, first, first_slice + slice, begun, place,
              [&](int i, float sum) { return sum / total(place.row(i)); });
  }
  if (blockIdx.y == 0 && thread < kSide && first + thread < s.queries) {
    x.extremes[own + thread] = shared.most[0][thread];
    x.totals[own + thread] = total(thread);
  }
}

template <int kSlices, int kBuffers> void launch(Queue& queue, Forward x) {
  const int groups = (tiles_of(x.shape.value_width) + kSlices - 1) / kSlices;
  const int key_blocks = (tiles_of(x.shape.keys) + kBlockTiles - 1) / kBlockTiles;
  cuda::Scratch<float> block_sums(queue, key_blocks > 1 ? groups * x.shape.heads * x.shape.queries * key_blocks : 0);
  x.block_sums = block_sums.data();
  const int64_t blocks = x.shape.heads * tiles_of(x.shape.queries);
  queue.launch(forward<kSlices, kBuffers>,
               {.blocks = {blocks, groups}, .threads = kThreads, .shared = sizeof(Shared<kSlices, kBuffers>)}, x);
}

}  // namespace

void attention(Queue& queue, const AttentionRule& rule, const AttentionInputs& in, const Tensor& o,
               const Tensor& extremes, const Tensor& totals) {
  if (in.q.size(2) > kMostRows || in.k.size(2) > kMostRows) cuda::no_kernel(queue, "attention of more than 2^30 rows");
  const Extents shape(rule, in);
  const Forward x = {shape,
                     Heads(in.q, in.q.size(1)),
                     Heads(in.k, in.q.size(1)),
                     Heads(in.v, in.q.size(1)),
                     Heads(o, in.q.size(1)),
                     extremes.mutable_data_as<float>(),
                     totals.mutable_data_as<float>(),
                     nullptr};
  if (shape.width <= kSide && shape.value_width <= kSide && queue.most_shared() >= sizeof(Shared<1, 2>))
    launch<1, 2>(queue, x);
  else if (shape.width <= kChunk && queue.most_shared() >= sizeof(Shared<2, 2>)) launch<2, 2>(queue, x);
  else launch<2, 1>(queue, x);
}

}  // namespace stet::cuda_kernels
