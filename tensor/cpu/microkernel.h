// The register tile under every product: matmul, convolution and both of convolution's gradients.
#pragma once

#include <cstdint>

namespace stet {

/// The contract cuts a product's K in chunks of this length, from k = 0. A chunk is one chain of fused multiply-adds in
/// ascending k, starting from +0; the chunks' sums are added, in order, to an accumulator that starts from +0.
inline constexpr int64_t kProductChunk = 512;

/// The tallest tile of any instruction set, and the widest.
inline constexpr int kMaxTileRows = 12, kMaxTileCols = 32;

/// Where a tile takes its left operand from: element (row, k).
template <class T> struct PackedRows {
  const T* data;  ///< at data[k * rows + row], as `pack` leaves it
};
template <class T> struct GatheredRows {
  const T* const* row;    ///< at row[row][offset[k]]: in place, wherever it lies
  const int64_t* offset;  ///< one for each k
};

/// Lanes [lane, lane + length) of a panel, whose elements lie side by side from source[offset[k]] on.
template <class T> struct LaneRun {
  const T* source;
  int64_t lane, length;
};

/// Register-tile kernels of one instruction set. Columns are lanes: at least the first `cols` of max_cols are computed
/// and written. One chunk's sums go to c, which has room for [rows, max_cols] with row stride `ldc`: c = +0 + sum if
/// `first`, else c = c + sum. Right operand: element (k, col) at b[k * ldb + col], max_cols of them readable.
template <class T> struct Microkernel {
  int max_rows;
  int max_cols;
  void (*packed)(int rows, int64_t cols, int64_t k, PackedRows<T> a, const T* b, int64_t ldb, T* c, int64_t ldc,
                 bool first);
  void (*gathered)(int rows, int64_t cols, int64_t k, GatheredRows<T> a, const T* b, int64_t ldb, T* c, int64_t ldc,
                   bool first);
  /// Copies elements (lane, k), at source[lane * lane_stride + k * k_stride], to packed[k * width + lane]; lanes from
  /// `lanes` up to `width` become +0.
  void (*pack)(const T* source, int64_t lanes, int64_t k, int64_t lane_stride, int64_t k_stride, int64_t width,
               T* packed);
  /// Copies `count` runs, which cover lanes from 0 on in ascending order, to packed[k * max_cols + lane]. Whole vectors
  /// are copied: up to kMaxTileCols elements are read beyond a run's end and written beyond the last k.
  void (*pack_runs)(const LaneRun<T>* runs, int64_t count, const int64_t* offset, int64_t k, T* packed);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const Microkernel<T>& microkernel();

/// Computes a tile of which only `cols` columns exist, or whose columns don't lie side by side in memory: c's element
/// (i, j) is at c[i * row_stride + j * col_stride]. `tile(out, ldc, first)` runs a kernel into the place that it is
/// given.
template <class T, class Tile>
void store_tile(const Microkernel<T>& kernel, int rows, int64_t cols, T* c, int64_t row_stride, int64_t col_stride,
                bool first, const Tile& tile) {
  if (cols == kernel.max_cols && col_stride == 1) return tile(c, row_stride, first);
  alignas(64) T sums[kMaxTileRows * kMaxTileCols];
  tile(sums, kernel.max_cols, true);
  // +0 + sum before c + sum changes nothing: c is never -0.
  for (int i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      T& out = c[i * row_stride + j * col_stride];
      const T sum = sums[i * kernel.max_cols + j];
      out = first ? sum : out + sum;
    }
  }
}

}  // namespace stet
