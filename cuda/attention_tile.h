// What attention's kernels share. A block has kSide rows of its own, queries or keys, and goes through the others, its
// partners, kSide at a time. Of each such tile it makes scores in registers and from them weights in shared memory,
// which then are multiplied with the partners' rows. No matrix of queries by keys is ever in global memory: a score has
// one value, so whoever needs it makes it again.
#pragma once

#include "stet/cuda/async_copy.h"
#include "stet/cuda/dialect.h"
#include "stet/cuda/functions.h"
#include "stet/cuda/map.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/contract.h"

namespace stet::cuda::attention {

inline constexpr int kSide = 64;      // rows of a tile, and columns of the slices that wider matrices are cut in
inline constexpr int kThreads = 128;  // of a block; a thread has 8 x 4 elements of a tile
inline constexpr int kWarps = kThreads / 32;
inline constexpr int kRows = 8, kColumns = 4;
inline constexpr int kChunk = contract::kProductChunk,
                     kChunkTiles = kChunk / kSide;               // terms of one fma chain, and their tiles
inline constexpr int kBlockTiles = contract::kSumBlock / kSide;  // tiles of a block of the sum over the last axis
inline constexpr int64_t kMostRows = int64_t{1} << 30;

/// A slice of kSide rows. Rows lie so far apart that eight of them at one column meet every bank once, 16 bytes each.
struct Tile {
  alignas(16) float at[kSide][kSide + 4];
};

using Sums = float[kRows][kColumns];

/// Rows of one head in global memory. A block keeps those that it needs in shared memory: they are asked for rarely,
/// and would take many registers.
struct Matrix {
  float* data;
  int64_t stride;
  int rows, columns;
  bool fours;  // rows may be read 16 bytes at a time
};

/// The rows of all heads, [B, H, rows, columns]; for kernels, by value. x may have fewer heads, each of which then
/// stands for `group` of them.
struct Heads {
  float* data;
  int64_t batch_stride, head_stride, stride;
  int heads, group, rows, columns;
  bool fours;

  explicit Heads(const Tensor& x, int64_t of_batch)
      : data(x.mutable_data_as<float>()),
        batch_stride(x.strides()[0]),
        head_stride(x.strides()[1]),
        stride(x.strides()[2]),
        heads(static_cast<int>(of_batch)),
        group(static_cast<int>(of_batch / x.size(1))),
        rows(static_cast<int>(x.size(2))),
        columns(static_cast<int>(x.size(3))),
        fours(is_aligned<float>(x) && batch_stride % 4 == 0 && head_stride % 4 == 0 && stride % 4 == 0) {}
  /// Heads that lie one after another in scratch memory.
  Heads(float* data, int rows, int columns, int64_t stride)
      : data(data),
        batch_stride(rows * stride),
        head_stride(0),
        stride(stride),
        heads(1),
        group(1),
        rows(rows),
        columns(columns),
        fours(stride % 4 == 0) {}

  __device__ __forceinline__ Matrix of(int64_t head) const {
    return {data + head / heads * batch_stride + head % heads / group * head_stride, stride, rows, columns, fours};
  }
};

/// What is added to scores, [B, H, queries, keys]; for kernels, by value. Without one, data is null.
struct Mask {
  const float* data = nullptr;
  int64_t batch_stride = 0, head_stride = 0, stride = 0;
  int heads = 1;

  explicit Mask(const Tensor& x) {
    if (!x.defined()) return;
    data = x.data_as<float>();
    batch_stride = x.strides()[0], head_stride = x.strides()[1], stride = x.strides()[2];
    heads = static_cast<int>(x.size(1));
  }
  /// Of one head.
  __device__ __forceinline__ const float* of(int64_t head) const {
    return data == nullptr ? nullptr : data + head / heads * batch_stride + head % heads * head_stride;
  }
};

__host__ __device__ inline int tiles_of(int rows) { return (rows + kSide - 1) / kSide; }

struct Extents {
  int64_t heads;  // of all batches
  int queries, keys, width, value_width;
  float scale;
  bool causal;
  Mask mask;

  Extents(const AttentionRule& rule, const AttentionInputs& in)
      : heads(in.q.size(0) * in.q.size(1)),
        queries(static_cast<int>(in.q.size(2))),
        keys(static_cast<int>(in.k.size(2))),
        width(static_cast<int>(in.q.size(3))),
        value_width(static_cast<int>(in.v.size(3))),
        scale(rule.scale),
        causal(rule.causal),
        mask(rule.mask) {}

  /// The last key that a query reaches by causality, and the first query that reaches a key.
  __device__ __forceinline__ int last_key(int query) const { return causal ? query + keys - queries : keys - 1; }
  __device__ __forceinline__ int first_query(int key) const { return causal ? key - (keys - queries) : 0; }
};

/// Tiles of keys, at least one, that some of the queries of a tile reach, and whether a pair of the two tiles may not
/// be seen.
__device__ __forceinline__ int key_tiles(const Extents& s, int first_query) {
  const int all = tiles_of(s.keys), last = s.last_key(first_query + kSide - 1);
  return last < 0 ? 1 : last / kSide + 1 < all ? last / kSide + 1 : all;
}
__device__ __forceinline__ bool some_apart(const Extents& s, int first_query, int key_tile) {
  return s.mask.data != nullptr || (s.causal && key_tile * kSide + kSide - 1 > s.last_key(first_query));
}

/// Of one head: which keys a query sees, and its scores.
class Sight {
 public:
  __device__ Sight(const Extents& s, int64_t head) : shape_(s), mask_(s.mask.of(head)) {}

  __device__ __forceinline__ bool sees(int query, int key) const {
    if (query >= shape_.queries || key >= shape_.keys || key > shape_.last_key(query)) return false;
    return mask_ == nullptr || mask_[query * shape_.mask.stride + key] != -__builtin_inff();
  }
  /// From the product of a pair that may not be there.
  __device__ __forceinline__ float score(float product, int query, int key) const {
    const float scaled = product * shape_.scale;
    return mask_ != nullptr && query < shape_.queries && key < shape_.keys
               ? scaled + mask_[query * shape_.mask.stride + key]
               : scaled;
  }

 private:
  const Extents& shape_;
  const float* mask_;
};

/// Which elements of a tile a thread has.
struct Place {
  int warp, x, y;  // a warp's lanes are 4 x 8

  __device__ Place()
      : warp(static_cast<int>(threadIdx.x) / 32),
        x(static_cast<int>(threadIdx.x) % 4),
        y(static_cast<int>(threadIdx.x) % 32 / 4) {}
  __device__ __forceinline__ int row(int i) const { return y + 8 * i; }
  /// Of scores: columns 0 and 2 differ by 32, and so do 1 and 3. A thread thus adds all that two lanes of a sum over
  /// the last axis add.
  __device__ __forceinline__ int column(int j) const { return 8 * warp + x + 4 * (j % 2) + 32 * (j / 2); }
  /// Of products of weights with rows: four neighbours from here on.
  __device__ __forceinline__ int first_column() const { return 16 * warp + 4 * x; }
};

/// Columns of a slice that are multiplied; those behind the matrix's last are +0 in its tiles.
__device__ __forceinline__ int columns_of(int columns, int slice) {
  const int left = columns - slice * kSide;
  return left >= kSide ? kSide : (left + 15) / 16 * 16;
}

template <int kFloats> __device__ __forceinline__ void copy_slice(Tile& to, const Matrix& from, int first, int slice) {
  const int width = columns_of(from.columns, slice);
  const int bits = (width <= 16   ? 4
                    : width <= 32 ? 5
                                  : 6) -
                   (kFloats == 4 ? 2 : 0);  // of the thread's number that choose the column
  const int column = (static_cast<int>(threadIdx.x) & ((1 << bits) - 1)) * kFloats;
  if (column >= width) return;
  const int left = from.columns - slice * kSide - column, there = left < 0 ? 0 : left < kFloats ? left : kFloats;
  const int step = kThreads >> bits;
  int row = static_cast<int>(threadIdx.x) >> bits;
  const float* source = from.data + (first + row) * from.stride + slice * kSide + column;
  const int64_t apart = step * from.stride;
  const int rows = there > 0 ? from.rows - first : 0;
#pragma unroll 4
  for (; row < kSide; row += step, source += apart) {
    copy_async<4 * kFloats>(&to.at[row][column], row < rows ? source : from.data, row < rows ? 4 * there : 0);
  }
}

/// Begins to copy rows from `first` on, +0 behind the last one. The caller closes the group of copies.
__device__ __forceinline__ void copy_slice(Tile& to, const Matrix& from, int first, int slice) {
  if (from.fours) copy_slice<4>(to, from, first, slice);
  else copy_slice<1>(to, from, first, slice);
}

/// sums[i][j] goes on with the terms a[row i][c] * b[column j][c], c ascending.
__device__ __forceinline__ void add_row_products(Sums& sums, const Tile& a, const Tile& b, int width,
                                                 const Place& place) {
  for (int c = 0; c < width; c += 16) {
#pragma unroll
    for (int u = 0; u < 16; u += 4) {
      Four<float> left[kRows], right[kColumns];
#pragma unroll
      for (int i = 0; i < kRows; ++i) left[i] = *reinterpret_cast<const Four<float>*>(&a.at[place.row(i)][c + u]);
#pragma unroll
      for (int j = 0; j < kColumns; ++j)
        right[j] = *reinterpret_cast<const Four<float>*>(&b.at[place.column(j)][c + u]);
#pragma unroll
      for (int x = 0; x < 4; ++x) {
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
#pragma unroll
          for (int j = 0; j < kColumns; ++j) sums[i][j] = multiply_add(left[i].of[x], right[j].of[x], sums[i][j]);
        }
      }
    }
  }
}

/// The weight of a pair that does not meet. Those that do have none: a -0 is made +0, which changes no sum.
__device__ __forceinline__ float apart() { return -0.0f; }
__device__ __forceinline__ bool is_apart(float weight) { return __float_as_int(weight) == __float_as_int(-0.0f); }

/// `kSome`: weights may be apart(), and such a pair is left out. Else all meet, and their weights are +0 where they are
/// not seen.
template <bool kSome>
__device__ __forceinline__ void add_weighted_rows_of(Sums& sums, const Tile& weights, const Tile& x, int terms,
                                                     const Place& place) {
  for (int k = 0; k < terms; k += 16) {
#pragma unroll(kSome ? 1 : 4)
    for (int u = 0; u < 16; u += 4) {
      Four<float> left[kRows], right[4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) left[i] = *reinterpret_cast<const Four<float>*>(&weights.at[place.row(i)][k + u]);
#pragma unroll
      for (int t = 0; t < 4; ++t)
        right[t] = *reinterpret_cast<const Four<float>*>(&x.at[k + u + t][place.first_column()]);
#pragma unroll
      for (int t = 0; t < 4; ++t) {
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          if (kSome && is_apart(left[i].of[t])) continue;
#pragma unroll
          for (int j = 0; j < kColumns; ++j) sums[i][j] = multiply_add(left[i].of[t], right[t].of[j], sums[i][j]);
        }
      }
    }
  }
}

/// sums[i][j] goes on with the terms weights[row i][k] * x[k][first_column + j] of the first `partners` rows of x, k
/// ascending. A weight of +0 and a row of +0 change no sum; where a partner that a row does not meet may be infinite,
/// its weight is apart(), which `some` leaves out.
__device__ __forceinline__ void add_weighted_rows(Sums& sums, const Tile& weights, const Tile& x, int partners,
                                                  int columns, bool some, const Place& place) {
  if (16 * place.warp >= columns) return;
  const int terms = partners >= kSide ? kSide : (partners + 15) / 16 * 16;
  if (some) add_weighted_rows_of<true>(sums, weights, x, terms, place);
  else add_weighted_rows_of<false>(sums, weights, x, terms, place);
}

__device__ __forceinline__ void clear(Sums& sums) {
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) sums[i][j] = 0;
  }
}

/// value = f(i, j, value) for a thread's elements.
template <class F> __device__ __forceinline__ void for_each(Sums& values, const F& f) {
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) values[i][j] = f(i, j, values[i][j]);
  }
}

/// total += chains, which begin anew.
__device__ __forceinline__ void add_chains(Sums& total, Sums& chains) {
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) total[i][j] = total[i][j] + chains[i][j];
  }
  clear(chains);
}

/// Adds a chunk's chains to what y holds of the chunks before it (+0 if `begun` is false), and clears them. finish(i,
/// sum) makes what is written. Each element of y belongs to one thread, so that no barrier is needed.
template <class Finish>
__device__ __forceinline__ void end_chunk(Sums& sums, const Matrix& y, int first, int slice, bool begun,
                                          const Place& place, const Finish& finish) {
  const int column = slice * kSide + place.first_column();
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    if (first + place.row(i) >= y.rows) break;
    float* to = y.data + (first + place.row(i)) * y.stride + column;
    if (y.fours && column + 4 <= y.columns) {
      Four<float> all = begun ? *reinterpret_cast<const Four<float>*>(to) : Four<float>{};
#pragma unroll
      for (int j = 0; j < kColumns; ++j) all.of[j] = finish(i, all.of[j] + sums[i][j]);
      *reinterpret_cast<Four<float>*>(to) = all;
    } else {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        if (column + j < y.columns) to[j] = finish(i, (begun ? to[j] : 0.0f) + sums[i][j]);
      }
    }
  }
  clear(sums);
}

/// Goes from stage to stage of a walk; a stage is what a product finds in shared memory. With two buffers, the next one
/// is on its way meanwhile.
///
///   struct Walk {
///     void copy(int buffer);   // begins to copy the stage that it stands at
///     void step();
///     bool is_over() const;
///   };
template <int kBuffers, class Walk> class Pipeline {
 public:
  __device__ explicit Pipeline(Walk& walk) : walk_(walk) {
    if constexpr (kBuffers == 2) walk_.copy(0);
    commit_copies();
  }
  /// A barrier: whatever was written to shared memory before is seen after. Gives the buffer that the stage is in.
  __device__ __forceinline__ int next() {
    if constexpr (kBuffers == 1) {
      __syncthreads();
      walk_.copy(0);
      walk_.step();
      commit_copies();
    }
    wait_for_copies<0>();
    __syncthreads();
    if constexpr (kBuffers == 1) return 0;
    const int buffer = buffer_;
    buffer_ ^= 1;
    walk_.step();
    if (!walk_.is_over()) walk_.copy(buffer_);
    commit_copies();
    return buffer;
  }

 private:
  Walk& walk_;
  int buffer_ = 0;
};

/// sums[i][j] = own row i · partner's row column j, over all slices of their columns, which the pipeline brings to own
/// and partners. Without kChunks the columns are one chain's, and a product of -0 stays one: neither e^x nor a sum from
/// +0 tells zeros apart, and who does adds +0.
template <bool kChunks, class Pipeline, class Tiles>
__device__ __forceinline__ void multiply_slices(Sums& sums, Pipeline& pipeline, const Tiles& own, const Tiles& partners,
                                                int columns, const Place& place) {
  Sums total;
  if constexpr (kChunks) clear(total);
  clear(sums);
  for (int slice = 0; slice < tiles_of(columns); ++slice) {
    if (kChunks && slice != 0 && slice % kChunkTiles == 0) add_chains(total, sums);
    const int buffer = pipeline.next();
    add_row_products(sums, own[buffer], partners[buffer], columns_of(columns, slice), place);
  }
  if constexpr (kChunks) for_each(sums, [&](int i, int j, float chain) { return total[i][j] + chain; });
}

/// Puts a thread's scores into the tile of weights.
__device__ __forceinline__ void put(const Sums& scores, Tile& weights, const Place& place) {
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) weights.at[place.row(i)][place.column(j)] = scores[i][j];
  }
}

/// e^(score - most(row, j)) in place of the thread's scores, apart() where it isn't seen(row, j). A row at a time: more
/// of them at once take too many registers.
template <class Most, class Seen>
__device__ __forceinline__ void make_weights(Tile& weights, const Place& place, const Most& most, const Seen& seen) {
#pragma unroll 1
  for (int i = 0; i < kRows; ++i) {
    const int row = place.row(i);
    float power[kColumns];
#pragma unroll
    for (int j = 0; j < kColumns; ++j) power[j] = exp(weights.at[row][place.column(j)] - most(row, j));
#pragma unroll
    for (int j = 0; j < kColumns; ++j) weights.at[row][place.column(j)] = seen(row, j) ? power[j] : apart();
  }
}

/// Which rows a block has. Causal blocks come in the order of their work, the most of it first.
struct Work {
  int64_t head;
  int tile;

  /// `last_is_most`: the later rows meet more partners.
  __device__ Work(const Extents& s, int tiles, bool last_is_most) {
    const int64_t block = blockIdx.x;
    if (s.causal) {
      head = block % s.heads;
      tile = static_cast<int>(block / s.heads);
      if (last_is_most) tile = tiles - 1 - tile;
    } else {
      head = block / tiles;
      tile = static_cast<int>(block % tiles);
    }
  }
};

}  // namespace stet::cuda::attention
