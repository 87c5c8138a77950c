#include "stet/tensor/cpu/matmul.h"

#include <algorithm>
#include <utility>

#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet {
namespace {

// Blocks of the operands that stay in the second-level cache while they are used: rows of a, columns of b.
constexpr int64_t kBlockRows = 240, kBlockCols = 512;

template <class T> struct Output {
  T* data;
  int64_t row_stride, col_stride;
};

// One thread's share of a product: the part of c at (rows, cols), over the whole of K.
template <class T> class Multiply {
 public:
  Multiply(const MatrixView<T>& a, const MatrixView<T>& b, const Output<T>& c) : a_(a), b_(b), c_(c) {}

  void operator()(Range rows, Range cols) const {
    for (int64_t j = cols.begin; j < cols.end; j += kBlockCols) {
      const Range block = {j, std::min(cols.end, j + kBlockCols)};
      for (int64_t k = 0; k < a_.cols; k += kProductChunk) {
        multiply_chunk(rows, block, {k, std::min(a_.cols, k + kProductChunk)});
      }
    }
  }

 private:
  void multiply_chunk(Range rows, Range cols, Range chunk) const {
    static thread_local Workspace left_space, right_space;
    const int64_t width = kernel_.max_cols, k = chunk.size();
    T* right = right_space.get<T>(pieces_of(cols.size(), width) * width * k);
    for (int64_t j = cols.begin; j < cols.end; j += width) {
      kernel_.pack(&b_.data[chunk.begin * b_.row_stride + j * b_.col_stride], std::min(width, cols.end - j), k,
                   b_.col_stride, b_.row_stride, width, right + (j - cols.begin) * k);
    }
    for (int64_t i = rows.begin; i < rows.end; i += kBlockRows) {
      const RowTiles tiles(std::min(kBlockRows, rows.end - i), kernel_.max_rows);
      T* left = left_space.get<T>(kBlockRows * k);
      for (int64_t t = 0; t < tiles.count; ++t) {
        kernel_.pack(&a_.data[(i + tiles.begin(t)) * a_.row_stride + chunk.begin * a_.col_stride], tiles.height(t), k,
                     a_.row_stride, a_.col_stride, tiles.height(t), left + tiles.begin(t) * k);
      }
      for (int64_t j = cols.begin; j < cols.end; j += width) {
        const T* panel = right + (j - cols.begin) * k;
        for (int64_t t = 0; t < tiles.count; ++t) {
          const int height = tiles.height(t);
          const int64_t lanes = std::min(width, cols.end - j);
          T* out = c_.data + (i + tiles.begin(t)) * c_.row_stride + j * c_.col_stride;
          store_tile(kernel_, height, lanes, out, c_.row_stride, c_.col_stride, chunk.begin == 0,
                     [&](T* to, int64_t ldc, bool first) {
                       kernel_.packed(height, lanes, k, {left + tiles.begin(t) * k}, panel, width, to, ldc, first);
                     });
        }
      }
    }
  }

  const Microkernel<T>& kernel_ = microkernel<T>();
  MatrixView<T> a_, b_;
  Output<T> c_;
};

// Lanes run over columns: if the columns fill few of them and the rows fill them better, the transposed product is
// computed.
bool transposing_fills_lanes(int64_t m, int64_t n, int width) {
  const int64_t as_is = m * pieces_of(n, width) * width, transposed = n * pieces_of(m, width) * width;
  return 3 * transposed < 2 * as_is;
}

template <class T>
void multiply_batch(MatrixView<T> a, const int64_t* a_offsets, MatrixView<T> b, const int64_t* b_offsets, int64_t batch,
                    Output<T> c, int64_t c_batch_stride) {
  if (batch == 0 || a.rows == 0 || b.cols == 0) return;
  const int max_cols = microkernel<T>().max_cols, max_rows = microkernel<T>().max_rows;
  if (transposing_fills_lanes(a.rows, b.cols, max_cols)) {
    std::swap(a, b);
    std::swap(a_offsets, b_offsets);
    a = a.transposed(), b = b.transposed();
    std::swap(c.row_stride, c.col_stride);
  }
  const int64_t work = a.rows * b.cols * std::max<int64_t>(1, a.cols);
  // Two parts a thread, or the batch's own division where it has enough.
  const int64_t wanted = std::min<int64_t>(pieces_of(2 * threads(), batch), work / kLeastWork);
  const Grid grid = choose_grid(a.rows, b.cols, wanted, max_rows, max_cols, kPackingCost, kPackingCost);
  const int64_t parts = grid.rows * grid.cols;
  parallel_for(batch * parts, grain_of(work / parts), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t i = task / parts;
      const Range rows = part(a.rows, grid.rows, task % parts / grid.cols, max_rows);
      const Range cols = part(b.cols, grid.cols, task % parts % grid.cols, max_cols);
      MatrixView<T> left = a, right = b;
      left.data += a_offsets[i], right.data += b_offsets[i];
      const Output<T> out = {c.data + i * c_batch_stride, c.row_stride, c.col_stride};
      if (a.cols == 0) {
        for (int64_t r = rows.begin; r < rows.end; ++r) {
          for (int64_t j = cols.begin; j < cols.end; ++j) out.data[r * out.row_stride + j * out.col_stride] = 0;
        }
      } else {
        Multiply<T>(left, right, out)(rows, cols);
      }
    }
  });
}

// A batch of left operands that lie one below another, times one right operand, is a single taller product.
template <class T>
bool one_tall_product(const MatrixView<T>& a, std::span<const int64_t> a_offsets, std::span<const int64_t> b_offsets) {
  for (size_t i = 0; i < a_offsets.size(); ++i) {
    const int64_t below = static_cast<int64_t>(i) * a.rows * a.row_stride;
    if (a_offsets[i] != a_offsets[0] + below || b_offsets[i] != b_offsets[0]) return false;
  }
  return true;
}

template <class T>
void multiply(const MatrixView<T>& a, std::span<const int64_t> a_offsets, const MatrixView<T>& b,
              std::span<const int64_t> b_offsets, T* c) {
  const int64_t batch = static_cast<int64_t>(a_offsets.size());
  const Output<T> out = {c, b.cols, 1};
  if (batch > 1 && one_tall_product(a, a_offsets, b_offsets)) {
    MatrixView<T> tall = a;
    tall.rows *= batch;
    return multiply_batch(tall, a_offsets.data(), b, b_offsets.data(), 1, out, 0);
  }
  multiply_batch(a, a_offsets.data(), b, b_offsets.data(), batch, out, a.rows * b.cols);
}

constexpr int64_t kNoOffset[1] = {0};

}  // namespace

void matmul(const MatrixView<float>& a, const MatrixView<float>& b, float* c, int64_t ldc) {
  multiply_batch(a, kNoOffset, b, kNoOffset, 1, {c, ldc, 1}, 0);
}

void matmul(const MatrixView<double>& a, const MatrixView<double>& b, double* c, int64_t ldc) {
  multiply_batch(a, kNoOffset, b, kNoOffset, 1, {c, ldc, 1}, 0);
}

void matmul(const MatrixView<float>& a, std::span<const int64_t> a_offsets, const MatrixView<float>& b,
            std::span<const int64_t> b_offsets, float* c) {
  multiply(a, a_offsets, b, b_offsets, c);
}

void matmul(const MatrixView<double>& a, std::span<const int64_t> a_offsets, const MatrixView<double>& b,
            std::span<const int64_t> b_offsets, double* c) {
  multiply(a, a_offsets, b, b_offsets, c);
}

}  // namespace stet
