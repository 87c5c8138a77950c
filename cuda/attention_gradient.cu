// Attention's gradient in three kernels: what each query's row has of its own, then the queries' gradients by blocks of
// queries, and the keys' and values' by blocks of keys. Both of the latter make the scores and the weights again.
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

// Of a query's row: h = g / total and delta = sum(h · o).
__global__ void rows_of_queries(Heads g, Heads o, const float* totals, Heads h, float* deltas, int64_t n) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * cuda::warps_of_block() + cuda::warp_of_block();
  if (row >= n) return;  // a whole warp
  const int64_t head = row / g.rows;
  const Matrix from = g.of(head), result = o.of(head), to = h.of(head);
  const int64_t at = row % g.rows;
  const float total = totals[row];
  const float delta = cuda::row_sum(g.columns, [&](int64_t e) {
    const float quotient = from.data[at * from.stride + e] / total;
    to.data[at * to.stride + e] = quotient;
    return quotient * result.data[at * result.stride + e];
  });
  if (cuda::lane_of_warp() == 0) deltas[row] = delta;
}

// By queries, `own` are queries and h, `partners` keys and values; by keys the other way round. The gradient of h is
// not asked for.
struct Backward {
  Extents shape;
  Heads own_first, own_second, first, second;
  Heads d_first, d_second;
  const float *extremes, *deltas;  // [heads, queries]
  float* d_mask;                   // [heads, queries, keys]; null by keys, and where nobody asks for it
};

// With one slice, a block's own rows stay in shared memory, and the partners' are there for all of a tile's products.
// Else each slice is copied when a product asks for it, and the block computes kSlices slices of each result.
struct Operands {
  Matrix own_first, own_second, first, second, d_first, d_second;
};
template <int kSlices, int kBuffers> struct Shared : Operands {
  Tile own[kBuffers], partners[kBuffers], weights;
  float most[kSide], deltas[kSide];
};
template <> struct Shared<1, 2> : Operands {
  Tile own[2], first_rows[2], second_rows, weights;
  float most[kSide], deltas[kSide];  // of the block's own queries
};

template <bool kByKeys, int kSlices, int kBuffers> class BackwardWalk {
 public:
  __device__ BackwardWalk(Shared<kSlices, kBuffers>& shared, const Work& work, int begin, int end, int first_slice)
      : shared_(shared), own_(work.tile * kSide), first_slice_(first_slice), tile_(begin), end_(end) {}

  // Slices that the scores' product and the slopes' go through, and those of the block's results.
  __device__ int score_slices() const { return kSlices == 1 ? 1 : tiles_of(shared_.first.columns); }
  __device__ int slope_slices() const { return kSlices == 1 ? 1 : tiles_of(shared_.second.columns); }
  __device__ int first_results() const { return results(shared_.first); }
  __device__ int second_results() const { return kByKeys ? results(shared_.second) : 0; }

  __device__ void copy_own() {
    copy_slice(shared_.own[0], shared_.own_first, own_, 0);
    copy_slice(shared_.own[1], shared_.own_second, own_, 0);
  }
  __device__ void copy(int buffer) {
    const int row = tile_ * kSide;
    if constexpr (kSlices == 1) {
      if (phase_ == 0) copy_slice(shared_.first_rows[tile_ % 2], shared_.first, row, 0);
      else copy_slice(shared_.second_rows, shared_.second, row, 0);
    } else {
      if (phase_ == 0) copy_slice(shared_.own[buffer], shared_.own_first, own_, slice_);
      if (phase_ == 1) copy_slice(shared_.own[buffer], shared_.own_second, own_, slice_);
      const int slice = phase_ < 2 ? slice_ : first_slice_ + slice_;
      copy_slice(shared_.partners[buffer], phase_ == 0 || phase_ == 3 ? shared_.first : shared_.second, row, slice);
    }
  }
  __device__ void step() {
    if (++slice_ < stages(phase_)) return;
    slice_ = 0;
    do {
      phase_ = (phase_ + 1) % 4;
      if (phase_ == 0) ++tile_;
    } while (stages(phase_) == 0);
  }
  __device__ bool is_over() const { return tile_ == end_; }

 private:
  // The phases of a tile: scores, slopes, and, but for those whose rows are there already, products with the second and
  // the first of the partners.
  __device__ int stages(int phase) const {
    if (phase < 2) return phase == 0 ? score_slices() : slope_slices();
    if (kSlices == 1) return 0;
    return phase == 2 ? second_results() : first_results();
  }
  __device__ int results(const Matrix& x) const {
    const int left = tiles_of(x.columns) - first_slice_;
    return left < 0 ? 0 : left < kSlices ? left : kSlices;
  }

  Shared<kSlices, kBuffers>& shared_;
  int own_, first_slice_, tile_, end_, phase_ = 0, slice_ = 0;
};

template <bool kByKeys, int kSlices, int kBuffers> __global__ void __launch_bounds__(kThreads, 2) backward(Backward x) {
  auto& shared = cuda::shared<Shared<kSlices, kBuffers>>();
  const Extents& s = x.shape;
  const int own_rows = kByKeys ? s.keys : s.queries, partner_rows = kByKeys ? s.queries : s.keys;
  const Work work(s, tiles_of(own_rows), !kByKeys);
  const Place place;
  const Sight sight(s, work.head);
  const int first = work.tile * kSide, first_partner = kByKeys ? s.first_query(first) : 0;
  const int begin = first_partner > 0 ? first_partner / kSide : 0;
  const int end = kByKeys || x.d_mask != nullptr ? tiles_of(partner_rows) : key_tiles(s, first),
            first_slice = static_cast<int>(blockIdx.y) * kSlices;
  if (threadIdx.x == 0) {
    static_cast<Operands&>(shared) = {x.own_first.of(work.head), x.own_second.of(work.head), x.first.of(work.head),
                                      x.second.of(work.head),    x.d_first.of(work.head),    x.d_second.of(work.head)};
  }
  __syncthreads();
  BackwardWalk<kByKeys, kSlices, kBuffers> walk(shared, work, begin, end, first_slice);
  if constexpr (kSlices == 1) walk.copy_own();
  Pipeline<kBuffers, BackwardWalk<kByKeys, kSlices, kBuffers>> pipeline(walk);

  // f(query, key) of a pair.
  const auto pair = [&](int row, int j, int tile, const auto& f) {
    const int own = first + row, partner = tile * kSide + place.column(j);
    return kByKeys ? f(partner, own) : f(own, partner);
  };
  const auto seen = [&](int row, int j, int tile) {
    return pair(row, j, tile, [&](int query, int key) { return sight.sees(query, key); });
  };
  // A query's numbers: by queries in shared memory, from the first stage's barrier on; by keys those of the thread's
  // columns.
  float most[kColumns], delta[kColumns];
  const auto of_query = [&](const float* all, int query) {
    return query < s.queries ? all[work.head * s.queries + query] : 0.0f;
  };
  if (const int row = static_cast<int>(threadIdx.x); !kByKeys && row < kSide) {
    shared.most[row] = of_query(x.extremes, first + row);
    shared.deltas[row] = of_query(x.deltas, first + row);
  }

  Sums firsts[kSlices], seconds[kSlices], sums;  // by queries, seconds are not used
#pragma unroll
  for (int slice = 0; slice < kSlices; ++slice) clear(firsts[slice]), clear(seconds[slice]);
  bool begun = false;
  for (int tile = begin; tile < end; ++tile) {
    const int left = partner_rows - tile * kSide;
    const bool some = kByKeys ? some_apart(s, tile * kSide, work.tile) : some_apart(s, first, tile);
    if constexpr (kByKeys) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        most[j] = of_query(x.extremes, tile * kSide + place.column(j));
        delta[j] = of_query(x.deltas, tile * kSide + place.column(j));
      }
    }
    if constexpr (kSlices == 1) {
      pipeline.next();
      clear(sums);
      add_row_products(sums, shared.own[0], shared.first_rows[tile % 2], columns_of(s.width, 0), place);
    } else {
      multiply_slices<kBuffers == 1>(sums, pipeline, shared.own, shared.partners, s.width, place);
    }
    for_each(sums, [&](int i, int j, float sum) {
      return pair(place.row(i), j, tile, [&](int query, int key) { return sight.score(sum, query, key); });
    });
    put(sums, shared.weights, place);
    make_weights(
        shared.weights, place, [&](int row, int j) { return kByKeys ? most[j] : shared.most[row]; },
        [&](int row, int j) { return seen(row, j, tile); });
    if constexpr (kSlices == 1) {
      pipeline.next();
      clear(sums);
      add_row_products(sums, shared.own[1], shared.second_rows, columns_of(s.value_width, 0), place);
    } else {
      multiply_slices<kBuffers == 1>(sums, pipeline, shared.own, shared.partners, s.value_width, place);
    }
    for_each(sums, [&](int i, int j, float product) {
      const int row = place.row(i);
      const bool is_seen = seen(row, j, tile);
      const float slope =
          shared.weights.at[row][place.column(j)] * ((product + 0.0f) - (kByKeys ? delta[j] : shared.deltas[row]));
      if (x.d_mask != nullptr && blockIdx.y == 0) {
        const int query = first + row, key = tile * kSide + place.column(j);
        if (query < s.queries && key < s.keys)
          x.d_mask[(work.head * s.queries + query) * s.keys + key] = is_seen ? slope : 0.0f;
      }
      return is_seen ? slope * s.scale + 0.0f : apart();
    });
    if constexpr (kByKeys) {
#pragma unroll
      for (int slice = 0; slice < kSlices; ++slice) {
        if (slice >= walk.second_results()) break;
        const Tile* rows;
        if constexpr (kSlices == 1) rows = &shared.second_rows;
        else rows = &shared.partners[pipeline.next()];
        add_weighted_rows(seconds[slice], shared.weights, *rows, left, columns_of(s.value_width, first_slice + slice),
                          some, place);
      }
      __syncthreads();
    }
    put(sums, shared.weights, place);
    if constexpr (kSlices == 1) __syncthreads();
#pragma unroll
    for (int slice = 0; slice < kSlices; ++slice) {
      if (slice >= walk.first_results()) break;
      const Tile* rows;
      if constexpr (kSlices == 1) rows = &shared.first_rows[tile % 2];
      else rows = &shared.partners[pipeline.next()];
      add_weighted_rows(firsts[slice], shared.weights, *rows, left, columns_of(s.width, first_slice + slice), some,
                        place);
    }
    if (tile == end - 1 || (tile + 1) % kChunkTiles == 0) {
      const auto as_it_is = [](int, float sum) { return sum; };
#pragma unroll
      for (int slice = 0; slice < kSlices; ++slice) {
        end_chunk(firsts[slice], shared.d_first, first, first_slice + slice, begun, place, as_it_is);
        if constexpr (kByKeys)
          end_chunk(seconds[slice], shared.d_second, first, first_slice + slice, begun, place, as_it_is);
      }
      begun = true;
    }
  }
}

template <bool kByKeys, int kSlices, int kBuffers> void launch(Queue& queue, const Backward& x) {
  const auto groups = [](int columns) { return (tiles_of(columns) + kSlices - 1) / kSlices; };
  const int of_first = groups(x.shape.width), of_second = kByKeys ? groups(x.shape.value_width) : 0;
  const int64_t blocks = x.shape.heads * tiles_of(kByKeys ? x.shape.keys : x.shape.queries);
  queue.launch(backward<kByKeys, kSlices, kBuffers>,
               {.blocks = {blocks, of_first > of_second ? of_first : of_second},
                .threads = kThreads,
                .shared = sizeof(Shared<kSlices, kBuffers>)},
               x);
}

template <bool kByKeys> void choose(Queue& queue, const Backward& x) {
  const int width = x.shape.width > x.shape.value_width ? x.shape.width : x.shape.value_width;
  if (width <= kSide && queue.most_shared() >= sizeof(Shared<1, 2>)) launch<kByKeys, 1, 2>(queue, x);
  else if (width <= kChunk && queue.most_shared() >= sizeof(Shared<2, 2>)) launch<kByKeys, 2, 2>(queue, x);
  else launch<kByKeys, 2, 1>(queue, x);
}

}  // namespace

void attention_gradient(Queue& queue, const AttentionRule& rule, const AttentionInputs& in, const Tensor& o,
                        const Tensor& extremes, const Tensor& totals, const Tensor& g, const AttentionInputs& gradients,
                        const Tensor& d_mask) {
  if (in.q.size(2) > kMostRows || in.k.size(2) > kMostRows) cuda::no_kernel(queue, "attention of more than 2^30 rows");
  const Extents shape(rule, in);
  const int64_t rows = shape.heads * shape.queries, stride = (shape.value_width + 3) / 4 * 4;
  cuda::Scratch<float> shared(queue, rows * stride), deltas(queue, rows);
  const int64_t heads = in.q.size(1);
  const Heads q(in.q, heads), k(in.k, heads), v(in.v, heads),
      h(shared.data(), shape.queries, shape.value_width, stride);
  constexpr unsigned kWarpsOfRows = 8;
  queue.launch(rows_of_queries, {.blocks = {(rows + kWarpsOfRows - 1) / kWarpsOfRows}, .threads = 32 * kWarpsOfRows},
               Heads(g, heads), Heads(o, heads), totals.data_as<float>(), h, deltas.data(), rows);
  const auto* most = extremes.data_as<float>();
  const Heads dq(gradients.q, heads), dk(gradients.k, heads), dv(gradients.v, heads);
  float* const of_mask = d_mask.defined() ? d_mask.mutable_data_as<float>() : nullptr;
  choose<false>(queue, {shape, q, h, k, v, dq, dq, most, deltas.data(), of_mask});
  choose<true>(queue, {shape, k, v, q, h, dk, dv, most, deltas.data(), nullptr});
}

}  // namespace stet::cuda_kernels
