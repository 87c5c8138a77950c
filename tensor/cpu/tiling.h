// How kernels cut a product's output: in parts for the threads, and in tiles. No cut shows in the result.
#pragma once

#include <algorithm>
#include <cstdint>

#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {

/// Below this many multiply-adds another thread costs more than it saves.
inline constexpr int64_t kLeastWork = int64_t{1} << 20;

/// Multiply-adds that take as long as packing one element of an operand.
inline constexpr double kPackingCost = 24;

/// And as reading one in place.
inline constexpr double kReadingCost = 2;

/// The number of pieces of length `piece` that cover n.
inline int64_t pieces_of(int64_t n, int64_t piece) { return (n + piece - 1) / piece; }

/// parallel_for's grain for tasks of `work` multiply-adds each.
inline int64_t grain_of(int64_t work) { return std::max<int64_t>(1, kLeastWork / std::max<int64_t>(1, work)); }

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

/// The i-th of `parts` near-equal parts of [0, n), cut at multiples of `unit`.
inline Range part(int64_t n, int64_t parts, int64_t i, int64_t unit) {
  const int64_t units = pieces_of(n, unit);
  return {std::min(n, units * i / parts * unit), std::min(n, units * (i + 1) / parts * unit)};
}

/// Rows cut into tiles of near-equal height: the first `taller` of them are one row higher than the others.
struct RowTiles {
  RowTiles(int64_t n, int max_rows)
      : rows(n), count(pieces_of(n, max_rows)), low(count == 0 ? 0 : n / count), taller(n - low * count) {}
  int64_t begin(int64_t tile) const { return tile * low + std::min(tile, taller); }
  int height(int64_t tile) const { return static_cast<int>(low + (tile < taller ? 1 : 0)); }

  int64_t rows, count, low, taller;
};

struct Grid {
  int64_t rows, cols;
};

/// Cuts an output [m, n] into at most `max_parts` parts for the threads. A part fetches the operands that it reads, at
/// `row_cost` multiply-adds an element for its rows and `col_cost` for its columns.
inline Grid choose_grid(int64_t m, int64_t n, int64_t max_parts, int max_rows, int max_cols, double row_cost,
                        double col_cost) {
  Grid best = {1, 1};
  double best_cost = 0;
  for (int64_t r = 1; r == 1 || (r <= max_parts && r <= pieces_of(m, max_rows)); ++r) {
    for (int64_t c = 1; c == 1 || (r * c <= max_parts && c <= pieces_of(n, max_cols)); ++c) {
      const double rows = static_cast<double>(pieces_of(m, r)), cols = static_cast<double>(pieces_of(n, c));
      const double rounds = static_cast<double>(pieces_of(r * c, threads()));
      const double cost = rounds * (rows * cols + row_cost * rows + col_cost * cols);
      if ((r == 1 && c == 1) || cost < best_cost) best = {r, c}, best_cost = cost;
    }
  }
  return best;
}

}  // namespace stet::cpu_kernels
