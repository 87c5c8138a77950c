// The kernel of matmul and linear for one tile, and its launches; each tile's is compiled in a source of its own.
#pragma once

#include <algorithm>
#include <type_traits>

#include "stet/cuda/chunk_sums.h"
#include "stet/cuda/divide.h"
#include "stet/cuda/matmul.h"
#include "stet/cuda/product_matrix.h"
#include "stet/cuda/strided.h"

namespace stet::cuda_kernels {

/// y [batch, M, N] = a [batch, M, K] x b [batch, K, N]; y's elements lie side by side in memory, though not always in
/// this order.
template <class T> struct Product {
  cuda::Operand<T> a, b;
  cuda::MatrixOutput<T> y;
  int64_t terms;          // K
  cuda::Layout<2> batch;  // of a and b
  int64_t y_step;         // from one product's to the next

  __host__ __device__ int64_t elements() const { return batch.elements * y_step; }
};

/// What one launch computes.
template <class T> struct ProductPart {
  int64_t first_tile;  // of all products' tiles, one product after another
  int down, across;    // tiles of a product
  int64_t begin;       // of K
  int terms;
  bool by_chunks;     // a chunk a blockIdx.y, with a result of its own in `sums`; else sums are the totals of
                      // product_tile.h, or null
  bool resume, keep;  // as there
  T* sums;
};

/// Where a tile of a product lies, in tiles. Tiles that are worked on at the same time lie in a part that is about
/// square, eight rows of tiles high, so that few rows and columns of the operands are in use.
struct TilePlace {
  int row, column;

  __device__ TilePlace(int tile, int down, int across) {
    constexpr int kHigh = 8;
    const int band = tile / (kHigh * across), in_band = tile % (kHigh * across),
              high = down - band * kHigh < kHigh ? down - band * kHigh : kHigh;
    row = band * kHigh + in_band % high;
    column = in_band / high;
  }
};

template <class S, cuda::Access kA, cuda::Access kB>
__global__ void __launch_bounds__(S::kThreads, S::kBlocks)
    multiply(const Product<typename S::Element> p, const ProductPart<typename S::Element> part) {
  using T = typename S::Element;
  const int64_t index = part.first_tile + blockIdx.x, tiles = static_cast<int64_t>(part.down) * part.across,
                i = index / tiles;
  const TilePlace place(static_cast<int>(index - i * tiles), part.down, part.across);
  const auto at = p.batch.at(i);
  const int64_t begin = part.begin + blockIdx.y * cuda::kProductChunk, left = part.begin + part.terms - begin;
  const int terms = part.by_chunks && left > cuda::kProductChunk ? cuda::kProductChunk : static_cast<int>(left);
  const auto operand = [begin](const cuda::Operand<T>& x, int64_t offset) {
    return cuda::Operand<T>{x.data + offset + begin * x.k_stride, x.lines, x.line_stride, x.k_stride};
  };
  const cuda::MatrixLoader<T, kA> a(operand(p.a, at.of[0]), static_cast<int64_t>(place.row) * S::kM, terms);
  const cuda::MatrixLoader<T, kB> b(operand(p.b, at.of[1]), static_cast<int64_t>(place.column) * S::kN, terms);
  T* const to = part.by_chunks ? part.sums + blockIdx.y * p.elements() : p.y.data;
  T* const totals = part.by_chunks ? nullptr : part.sums + static_cast<int64_t>(blockIdx.x) * (S::kM * S::kN);
  const cuda::MatrixTile<T> y{p.y, to + i * p.y_step, !part.by_chunks, place.row, place.column, S::kM, S::kN};
  cuda::product_tile<S>(cuda::shared<typename S::Shared>(), a, b, terms, y, {totals, part.resume, part.keep});
}

template <class T> cuda::Access access_of(const cuda::Operand<T>& x, const cuda::Layout<2>& batch, int which) {
  using cuda::Access;
  if (x.k_stride == 1 && x.line_stride <= cuda::kMostStride) return Access::along_k;
  bool aligned = reinterpret_cast<uintptr_t>(x.data) % 16 == 0 && x.k_stride % cuda::kPacked<T> == 0;
  for (int axis = 0; axis < batch.axes; ++axis)
    aligned = aligned && (batch.extents[axis] == 1 || batch.steps[axis][which] % cuda::kPacked<T> == 0);
  return aligned && x.line_stride == 1 && x.k_stride <= cuda::kMostStride ? Access::packed : Access::single;
}

/// Calls f with both accesses as constants: both are single where one of them must be, to have fewer kernels.
template <class F> void visit_accesses(cuda::Access a, cuda::Access b, const F& f) {
  using cuda::Access;
  const auto with = [&](auto first) {
    if (b == Access::along_k) f(first, std::integral_constant<Access, Access::along_k>());
    else f(first, std::integral_constant<Access, Access::packed>());
  };
  const std::integral_constant<Access, Access::single> single;
  if (a == Access::single || b == Access::single) f(single, single);
  else if (a == Access::along_k) with(std::integral_constant<Access, Access::along_k>());
  else with(std::integral_constant<Access, Access::packed>());
}

/// What follows a sum of chunks.
template <class T> struct FinishProduct {
  const T* bias;  // or null
  int64_t columns;
  Activation activation;
  bool last;

  __device__ T operator()(T total, int64_t i) const {
    return last ? cuda::finish_product(total, bias == nullptr ? nullptr : bias + i % columns, activation) : total;
  }
};

/// All of a product in tiles of S. Of the plan, what S is and whether p is swapped has been done.
template <class S>
void launch_product(cuda::Queue& queue, const Product<typename S::Element>& p, const ProductPlan& plan) {
  using T = typename S::Element;
  ProductPart<T> part{};
  part.down = static_cast<int>(cuda::pieces_of(p.a.lines, S::kM));
  part.across = static_cast<int>(cuda::pieces_of(p.b.lines, S::kN));
  const int64_t tiles = p.batch.elements * part.down * part.across, blocks = std::min(tiles, plan.most_blocks);
  // All tiles' terms [begin, begin + terms), and so many chunks at one time.
  const auto launch = [&](int64_t chunks) {
    visit_accesses(access_of(p.a, p.batch, 0), access_of(p.b, p.batch, 1), [&](auto a, auto b) {
      queue.launch(multiply<S, decltype(a)::value, decltype(b)::value>,
                   {.blocks = {std::min(blocks, tiles - part.first_tile), chunks},
                    .threads = S::kThreads,
                    .shared = sizeof(typename S::Shared)},
                   p, part);
    });
  };
  if (!plan.by_chunks) {
    cuda::Scratch<T> totals(queue, p.terms > cuda::kProductChunk ? blocks * S::kM * S::kN : 0);
    part.sums = totals.data();
    for (; part.first_tile < tiles; part.first_tile += blocks) {
      part.begin = 0;
      do {
        part.terms = static_cast<int>(std::min(plan.most_terms, p.terms - part.begin));
        part.resume = part.begin > 0, part.keep = part.begin + part.terms < p.terms;
        launch(1);
        part.begin += part.terms;
      } while (part.keep);
    }
    return;
  }
  constexpr int64_t kScratchBytes = int64_t{256} << 20;
  const int64_t chunks = cuda::pieces_of(p.terms, cuda::kProductChunk),
                bytes = p.elements() * static_cast<int64_t>(sizeof(T));
  const int64_t at_once = std::max<int64_t>(
      1, std::min({chunks, cuda::Grid::kMostYZ, kScratchBytes / bytes, plan.most_terms / cuda::kProductChunk}));
  cuda::Scratch<T> sums(queue, at_once * p.elements());
  part.by_chunks = true;
  part.sums = sums.data();
  for (int64_t chunk = 0; chunk < chunks; chunk += at_once) {
    const int64_t count = std::min(at_once, chunks - chunk);
    part.begin = chunk * cuda::kProductChunk;
    part.terms = static_cast<int>(std::min(count * cuda::kProductChunk, p.terms - part.begin));
    for (part.first_tile = 0; part.first_tile < tiles; part.first_tile += blocks) launch(count);
    const bool across_columns = p.y.bias_column_stride != 0 || p.y.bias == nullptr;
    const FinishProduct<T> finish{p.y.bias, across_columns ? p.b.lines : p.a.lines, p.y.activation,
                                  chunk + count == chunks};
    cuda::add_chunks<T>(queue, sums.data(), count, p.elements(), p.y.data, chunk == 0, finish);
  }
}

using Tile128x128 = cuda::Tile<float, 128, 128, 8, 16>;
using Tile64x64 = cuda::Tile<float, 64, 64, 8, 4>;
using Tile32x32 = cuda::Tile<float, 32, 32, 4, 2>;
using Tile16x128 = cuda::Tile<float, 16, 128, 4, 4>;
using TileDouble = cuda::Tile<double, 64, 64, 4, 4>;

extern template void launch_product<Tile128x128>(cuda::Queue&, const Product<float>&, const ProductPlan&);
extern template void launch_product<Tile64x64>(cuda::Queue&, const Product<float>&, const ProductPlan&);
extern template void launch_product<Tile32x32>(cuda::Queue&, const Product<float>&, const ProductPlan&);
extern template void launch_product<Tile16x128>(cuda::Queue&, const Product<float>&, const ProductPlan&);
extern template void launch_product<TileDouble>(cuda::Queue&, const Product<double>&, const ProductPlan&);

}  // namespace stet::cuda_kernels
