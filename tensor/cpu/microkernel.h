// The register tile of matrix products, and what moves operands and results to and from it.
#pragma once

#include <cstdint>

#include "stet/tensor/activation.h"
#include "stet/tensor/contract.h"

namespace stet::cpu_kernels {

using contract::kProductChunk;

/// The tallest tile of any instruction set, the most vectors across, and the most lanes of a vector.
inline constexpr int kMaxTileRows = 12, kMaxTileVectors = 2, kMaxLanes = 16;

/// A tile's left operand: element (row, k) is at data[row * row_stride + k * k_stride]. It is read one element at a
/// time, so any strides do.
template <class T> struct TileLeft {
  const T* data;
  int64_t row_stride, k_stride;
  T* copy = nullptr;  ///< where set, row_stride is 1, and the first tile writes [k, row] there, which the tiles beside
                      ///< it read
};

/// Right operands of tiles side by side: element (k, column) of tile t is at data[t * step + k * k_stride + column],
/// whole vectors of columns readable.
template <class T> struct TileRight {
  const T* data;
  int64_t k_stride, step;
  T* copy = nullptr;  ///< where set, tile after tile of [k, column] is written there as well
};

/// Kernels of one instruction set. Columns are lanes.
template <class T> struct Microkernel {
  /// One chunk's sums of `count` tiles side by side go to c, whose rows are `ldc` apart: c = +0 + sum if `first`, else
  /// c = c + sum.
  using Tiles = void (*)(int64_t count, int64_t k, TileLeft<T> a, TileRight<T> b, T* c, int64_t ldc, bool first);

  int lanes;                                           ///< of a vector
  int max_rows;                                        ///< of a tile
  Tiles tiles[kMaxTileRows + 1][kMaxTileVectors + 1];  ///< by rows and vectors, both from 1 on

  /// Copies elements (lane, k), at source[lane * lane_stride + k * k_stride], to packed[k * width + lane]; lanes from
  /// `count` up to `width` become +0.
  void (*pack)(const T* source, int64_t count, int64_t k, int64_t lane_stride, int64_t k_stride, int64_t width,
               T* packed);

  /// c = +0 + sum if `first`, else c = c + sum, for sums [rows, cols] with row stride `sums_stride`; c's element (i, j)
  /// is at c[i * row_stride + j * col_stride], and one of its strides is 1.
  void (*store)(int64_t rows, int64_t cols, const T* sums, int64_t sums_stride, T* c, int64_t row_stride,
                int64_t col_stride, bool first);

  /// c = activation(c + bias) for c [rows, cols] with row stride `ldc`; bias [cols], or null for none.
  void (*finish)(int64_t rows, int64_t cols, T* c, int64_t ldc, const T* bias, Activation activation);
};

/// The kernels for the instruction set in use; T is float or double.
template <class T> const Microkernel<T>& microkernel();

}  // namespace stet::cpu_kernels
