// Matrix products of arrays on the CPU, under the numerics contract: contract::kProductChunk tells a sum's order.
//
// Called from within parallel_for's body, all of these compute on the calling thread and allocate nothing in a steady
// state, so a kernel may be made of small products on parts of its operands.
#pragma once

#include <cstdint>
#include <span>

#include "stet/tensor/activation.h"

namespace stet::cpu_kernels {

/// A matrix in memory: element (i, j) is at data[i * row_stride + j * col_stride]. Strides count elements; 0
/// broadcasts.
template <class T> struct MatrixView {
  const T* data;
  int64_t rows, cols;
  int64_t row_stride, col_stride;

  MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
};

/// What happens to a product's elements once their sums are complete: c = activation(c + bias), one rounding for the
/// bias.
template <class T> struct Epilogue {
  const T* bias = nullptr;  ///< one for each column, or null for none
  Activation activation = Activation::none;
};

/// c = a b. `c` is row-major [a.rows, b.cols] with row stride `ldc` and is overwritten; it overlaps neither operand.
/// The caller has checked that a.cols == b.rows. K = 0 gives +0.
void matmul(const MatrixView<float>& a, const MatrixView<float>& b, float* c, int64_t ldc,
            const Epilogue<float>& end = {});
void matmul(const MatrixView<double>& a, const MatrixView<double>& b, double* c, int64_t ldc,
            const Epilogue<double>& end = {});

/// A batch of products of one shape: c[i] = a[i] b[i] for each i < a_offsets.size(), where a[i] is `a` moved by
/// a_offsets[i] elements and b[i] likewise (equal offsets broadcast). `c` is contiguous [batch, a.rows, b.cols].
void matmul(const MatrixView<float>& a, std::span<const int64_t> a_offsets, const MatrixView<float>& b,
            std::span<const int64_t> b_offsets, float* c);
void matmul(const MatrixView<double>& a, std::span<const int64_t> a_offsets, const MatrixView<double>& b,
            std::span<const int64_t> b_offsets, double* c);

}  // namespace stet::cpu_kernels
