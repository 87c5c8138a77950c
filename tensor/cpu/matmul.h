// Matrix products on the CPU, under the numerics contract: kProductChunk in microkernel.h tells a sum's order.
//
// Called from within parallel_for's body, all of these compute on the calling thread and allocate nothing in a steady state,
// so a kernel may be made of small products on parts of its operands.
#pragma once

#include <cstdint>
#include <span>

#include "stet/tensor/activation.h"
#include "stet/tensor/cpu/workspace.h"

namespace stet {

/// A matrix in memory: element (i, j) is at data[i * row_stride + j * col_stride]. Strides count elements; 0
/// broadcasts.
template <class T> struct MatrixView {
  const T* data;
  int64_t rows, cols;
  int64_t row_stride, col_stride;

  MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
};

/// What happens to a product's elements once their sums are complete: c = activation(c + bias), one rounding for the bias.
template <class T> struct Epilogue {
  const T* bias = nullptr;  ///< one for each column, or null for none
  Activation activation = Activation::none;
};

/// c = a b. `c` is row-major [a.rows, b.cols] with row stride `ldc` and is overwritten; it overlaps neither operand.
/// The caller has checked that a.cols == b.rows. K = 0 gives +0.
void matmul(const MatrixView<float>& a, const MatrixView<float>& b, float* c, int64_t ldc, const Epilogue<float>& end = {});
void matmul(const MatrixView<double>& a, const MatrixView<double>& b, double* c, int64_t ldc,
            const Epilogue<double>& end = {});

/// A batch of products of one shape: c[i] = a[i] b[i] for each i < a_offsets.size(), where a[i] is `a` moved by
/// a_offsets[i] elements and b[i] likewise (equal offsets broadcast). `c` is contiguous [batch, a.rows, b.cols].
void matmul(const MatrixView<float>& a, std::span<const int64_t> a_offsets, const MatrixView<float>& b,
            std::span<const int64_t> b_offsets, float* c);
void matmul(const MatrixView<double>& a, std::span<const int64_t> a_offsets, const MatrixView<double>& b,
            std::span<const int64_t> b_offsets, double* c);

/// A right operand in the order in which products read it, for one that many products share: a recurrent layer's weight.
/// T is float or double. It keeps a copy; the matrix may change or go afterwards.
template <class T> class PackedMatrix {
 public:
  PackedMatrix() = default;
  explicit PackedMatrix(const MatrixView<T>& b) { pack(b); }

  /// Takes another matrix; memory is reused where it is large enough.
  void pack(const MatrixView<T>& b);

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }

  /// Rows [begin, begin + k) of the panel that starts at column `col`: element (p, j) at [p * width(col) + j].
  const T* panel(int64_t begin, int64_t k, int64_t col) const;
  /// Columns that a panel holds, the last one's beyond the matrix being +0.
  int64_t width(int64_t col) const;

 private:
  int64_t rows_ = 0, cols_ = 0;
  int lanes_ = 0;
  Workspace space_;
  T* data_ = nullptr;
};

/// c = a b, as above. Throws nothing; `b` was packed on the instruction set in use.
void matmul(const MatrixView<float>& a, const PackedMatrix<float>& b, float* c, int64_t ldc, const Epilogue<float>& end = {});
void matmul(const MatrixView<double>& a, const PackedMatrix<double>& b, double* c, int64_t ldc,
            const Epilogue<double>& end = {});

}  // namespace stet
