// Reductions of contiguous floats and doubles on vectors: what reduce.cpp divides among threads.
#pragma once

#include <cstdint>

#include "stet/tensor/kernels.h"

namespace stet::cpu_kernels {

/// y[r] = op over x[r, :], x [rows, n] contiguous; sums in the order of a run that holds the last axis.
template <class T> void reduce_rows(Reduce op, const T* x, int64_t rows, int64_t n, T* y);

/// Columns that are reduced together at most.
inline constexpr int64_t kColumnTile = 512;

/// y[j] = op over x[:, j], x [n, width] with rows `stride` apart and width <= kColumnTile; sums in the order of a run
/// that does not hold the last axis.
template <class T> void reduce_columns(Reduce op, const T* x, int64_t stride, int64_t n, int64_t width, T* y);

/// The lowest index of the largest (smallest) of n elements; the first NaN where there is one.
template <class T> int64_t index_of_extreme(Reduce op, const T* x, int64_t n);

}  // namespace stet::cpu_kernels
