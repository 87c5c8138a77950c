// Loaders and outputs of product_tile.h for plain matrices in memory.
#pragma once

#include "stet/cuda/product_tile.h"

namespace stet::cuda {

/// An operand's element (line, k) is at data[line * line_stride + k * k_stride]; strides count elements, 0 broadcasts.
template <class T>
struct Operand {
  const T* data;
  int64_t lines, line_stride, k_stride;
};

/// How an operand's elements may be copied. A sum's bits don't depend on it.
enum class Access {
  along_k,  // k_stride is 1
  packed,   // line_stride is 1, and data and k_stride are multiples of 16 bytes
  single    // any strides
};

template <class T, Access kAccess>
class MatrixLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = kAccess == Access::along_k;
  static constexpr int kWidth = kAccess == Access::packed ? kPacked<T> : 1;

  struct Line {
    const T* from;
    int count;
  };

  /// `terms` is K.
  __device__ MatrixLoader(const Operand<T>& x, int terms) : x_(x), terms_(terms) {}

  __device__ __forceinline__ Line line(int64_t index) const {
    const int64_t last = (x_.lines - 1) / kWidth * kWidth, i = index < last ? index : last;
    return {x_.data + i * (kAccess == Access::packed ? 1 : x_.line_stride), x_.lines - i < kWidth ? static_cast<int>(x_.lines - i) : kWidth};
  }

  __device__ __forceinline__ Source<T> at(const Line& line, int k) const {
    const bool there = k < terms_;
    // No address past the end is made.
    const int64_t offset = kAccess == Access::along_k ? k : k * x_.k_stride;
    return {there ? line.from + offset : line.from, there ? (kWidth == 1 ? 1 : line.count) : 0};
  }

 private:
  Operand<T> x_;
  int terms_;
};

/// y's element (row, column) is at data[row * row_stride + column * column_stride].
template <class T>
struct MatrixOutput {
  T* data;
  int64_t rows, columns, row_stride, column_stride;
  bool packed;          // groups of neighbouring columns may be written at once: column_stride is 1, data and row_stride are multiples of 16 bytes
  const T* bias;        // null for none; bias[row * bias_row_stride + column * bias_column_stride]
  int64_t bias_row_stride, bias_column_stride;
  Activation activation;

  template <int W>
  __device__ __forceinline__ void put(int64_t row, int64_t column, const T (&sums)[W], bool first, bool last) const {
    if (row >= rows) return;
    T* const to = data + row * row_stride + column * column_stride;
    if (packed && column + W <= columns) {
      using Some = tile::Group<T, W>;
      Some all = first ? Some{} : *reinterpret_cast<const Some*>(to);
#pragma unroll
      for (int j = 0; j < W; ++j) all.of[j] = total(all.of[j], sums[j], row, column + j, last);
      *reinterpret_cast<Some*>(to) = all;
      return;
    }
#pragma unroll
    for (int j = 0; j < W; ++j) {
      if (column + j >= columns) return;
      T& one = to[j * column_stride];
      one = total(first ? T{0} : one, sums[j], row, column + j, last);
    }
  }

 private:
  __device__ __forceinline__ T total(T before, T sum, int64_t row, int64_t column, bool last) const {
    const T all = before + sum;
    if (!last) return all;
    return finish_product(all, bias == nullptr ? nullptr : bias + row * bias_row_stride + column * bias_column_stride, activation);
  }
};

}  // namespace stet::cuda
