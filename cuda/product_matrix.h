// Loaders and outputs of product_tile.h for plain matrices in memory.
#pragma once

#include <climits>
#include <type_traits>

#include "stet/cuda/product_tile.h"

namespace stet::cuda {

/// An operand's element (line, k) is at data[line * line_stride + k * k_stride]; strides count elements, 0 broadcasts.
template <class T> struct Operand {
  const T* data;
  int64_t lines, line_stride, k_stride;
};

/// How an operand's elements may be copied. A sum's bits don't depend on it.
enum class Access {
  along_k,  // k_stride is 1, and line_stride at most kMostStride
  packed,   // line_stride is 1, data and k_stride are multiples of 16 bytes, and k_stride is at most kMostStride
  single    // any strides
};

/// So that places of a tile are 32 bits apart.
inline constexpr int64_t kMostStride = int64_t{1} << 22;

template <class T, Access kAccess> class MatrixLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = kAccess == Access::along_k;
  static constexpr int kWidth = kAccess == Access::packed ? kPacked<T> : 1;

  struct Line {
    std::conditional_t<kAccess == Access::single, int64_t, unsigned> offset;  // in bytes
    int count;
  };

  /// Stands at term 0 of `terms` = K, with a tile's lines from `first` on, which is one of x's.
  __device__ MatrixLoader(const Operand<T>& x, int64_t first, int terms)
      : from_(x.data + first * line_stride(x)), k_stride_(x.k_stride), line_stride_(x.line_stride), left_(terms) {
    last_ = x.lines - first < INT_MAX ? static_cast<int>(x.lines - first) - 1 : INT_MAX;
  }

  __device__ __forceinline__ Line line(int index, int term) const {
    const int last = last_ / kWidth * kWidth, i = index < last ? index : last;
    const int count = last_ - i < kWidth ? last_ - i + 1 : kWidth;
    if constexpr (kAccess == Access::along_k)
      return {bytes(static_cast<unsigned>(i) * static_cast<unsigned>(line_stride_) + static_cast<unsigned>(term)),
              count};
    else if constexpr (kAccess == Access::packed)
      return {bytes(static_cast<unsigned>(i) + static_cast<unsigned>(term) * static_cast<unsigned>(k_stride_)), count};
    else return {bytes(i * line_stride_ + term * k_stride_), count};
  }

  __device__ __forceinline__ Source<T> at(const Line& line, int term, int ahead) const {
    const T* const from = kAccess == Access::along_k ? from_ : from_ + ahead * k_stride_;
    return {reinterpret_cast<const T*>(reinterpret_cast<const char*>(from) + line.offset) +
                (kAccess == Access::along_k ? ahead : 0),
            term < left_ ? line.count : 0};
  }

  __device__ __forceinline__ void advance(int terms) {
    from_ += kAccess == Access::along_k ? terms : terms * k_stride_;
    left_ -= terms;
  }

 private:
  static __device__ int64_t line_stride(const Operand<T>& x) { return kAccess == Access::packed ? 1 : x.line_stride; }

  template <class I> static __device__ I bytes(I elements) { return elements * static_cast<I>(sizeof(T)); }

  const T* from_;  // element (first, the stage's first term)
  int64_t k_stride_, line_stride_;
  int left_, last_;
};

/// y's element (row, column) is at data[row * row_stride + column * column_stride].
template <class T> struct MatrixOutput {
  T* data;
  int64_t rows, columns, row_stride, column_stride;
  bool packed;    // groups of neighbouring columns may be written at once: column_stride is 1, data and row_stride are
                  // multiples of 16 bytes
  const T* bias;  // null for none; bias[row * bias_row_stride + column * bias_column_stride]
  int64_t bias_row_stride, bias_column_stride;
  Activation activation;
};

/// A tile of such a matrix. Places are kept in tiles, in 32 bits: they wait for a long time.
template <class T> struct MatrixTile {
  const MatrixOutput<T>& y;
  T* data;      // instead of y's
  bool finish;  // the bias is added, and the activation applied
  int tile_row, tile_column, tile_rows, tile_columns;

  /// Takes them where the tile lies inside the matrix, and groups may be written at once.
  template <class S>
  __device__ __forceinline__ bool put_all(T (&sums)[S::kThreadM][S::kThreadN], int row, int column) const {
    constexpr int kM = S::kThreadM, kN = S::kThreadN, kGroupM = S::kGroupM, kGroupN = S::kGroupN;
    const int64_t i = first_row(), j = first_column() + column;
    if (!y.packed || i + tile_rows > y.rows || first_column() + tile_columns > y.columns) return false;
    if (finish && y.bias != nullptr) {
#pragma unroll
      for (int c = 0; c < kN; ++c) {
        const T b = y.bias[(j + c / kGroupN * S::kApartN + c % kGroupN) * y.bias_column_stride];
#pragma unroll
        for (int r = 0; r < kM; ++r) sums[r][c] = finish_product(sums[r][c], &b, Activation::none);
      }
    }
    if (finish && y.activation != Activation::none) {
#pragma unroll
      for (int r = 0; r < kM; ++r) {
#pragma unroll
        for (int c = 0; c < kN; ++c) sums[r][c] = finish_product<T>(sums[r][c], nullptr, y.activation);
      }
    }
    T* to = data + (i + row) * y.row_stride + j;
#pragma unroll
    for (int r = 0; r < kM; ++r) {
#pragma unroll
      for (int g = 0; g < kN / kGroupN; ++g) {
        tile::Group<T, kGroupN> some;
#pragma unroll
        for (int w = 0; w < kGroupN; ++w) some.of[w] = sums[r][g * kGroupN + w];
        *reinterpret_cast<tile::Group<T, kGroupN>*>(to + g * S::kApartN) = some;
      }
      to += (r % kGroupM == kGroupM - 1 ? S::kApartM - kGroupM + 1 : 1) * y.row_stride;
    }
    return true;
  }

  template <int W> __device__ __forceinline__ void put(int row, int column, const T (&sums)[W]) const {
    const int64_t i = first_row() + row, j = first_column() + column;
    if (i >= y.rows) return;
    T* const to = data + i * y.row_stride + j * y.column_stride;
    if (y.packed && j + W <= y.columns) {
      tile::Group<T, W> all;
#pragma unroll
      for (int w = 0; w < W; ++w) all.of[w] = finished(sums[w], i, j + w);
      *reinterpret_cast<tile::Group<T, W>*>(to) = all;
      return;
    }
#pragma unroll
    for (int w = 0; w < W; ++w) {
      if (j + w < y.columns) to[w * y.column_stride] = finished(sums[w], i, j + w);
    }
  }

 private:
  __device__ int64_t first_row() const { return static_cast<int64_t>(tile_row) * tile_rows; }
  __device__ int64_t first_column() const { return static_cast<int64_t>(tile_column) * tile_columns; }
  __device__ __forceinline__ T finished(T sum, int64_t i, int64_t j) const {
    if (!finish) return sum;
    return finish_product(sum, y.bias == nullptr ? nullptr : y.bias + i * y.bias_row_stride + j * y.bias_column_stride,
                          y.activation);
  }
};

}  // namespace stet::cuda
