#include "stet/tensor/cpu/matmul.h"

#include <unistd.h>
#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>
#include <vector>

#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {
namespace {

// Rows of a, and columns of b, of a block. Packed panels for a block of columns stay in the third-level cache.
constexpr int64_t kBlockRows = 240, kBlockCols = 4096;

// A level of the cache, or what most processors have where the system doesn't say.
int64_t cache_bytes(int level, int64_t otherwise) {
  const int64_t bytes = sysconf(level);
  return bytes > 0 ? bytes : otherwise;
}

// Bytes of b's columns that a row of tiles passes over: half of the second-level cache, which they stay in.
int64_t block_bytes() {
  static const int64_t bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20) / 2;
  return bytes;
}

// Whether the first-level cache is too small for a line each of k elements, so many bytes apart: then a column of a, or
// a panel of b, is better copied. Lines that are a multiple of a page apart share one set of the cache, and so on.
bool lines_fill_cache(int64_t k, int64_t apart = 64) {
  static const int64_t bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
  return std::min(k, kProductChunk) * std::max<int64_t>(64, std::gcd(apart, 4096)) >= bytes;
}

// From this many columns on, rows of a are read so often that they are copied, to lie within few pages; and, where
// lines fill the cache, columns of a.
constexpr int64_t kPackLeftCols = 1024, kPackLeftColumns = 32;

// Where lines fill the cache, b's rows are copied if so many bytes apart (too few sets of the cache) and used by so
// many rows of a.
constexpr int64_t kFarApart = 1024, kPackRightRows = 48;

// Scratch of each thread for packed operands.
template <class T> T* left_space(int64_t count) {
  static thread_local Workspace space;
  return space.get<T>(count);
}
template <class T> T* right_space(int64_t count) {
  static thread_local Workspace space;
  return space.get<T>(count);
}

template <class T> struct Output {
  T* data;
  int64_t row_stride, col_stride;  // one of them is 1
  bool transposed = false;         // rows are columns of what was asked for; strides don't tell where both are 1
};

// c = a b, as it is computed: perhaps the transposed of what was asked for.
template <class T> struct Product {
  MatrixView<T> a, b;
  Output<T> c;
  Epilogue<T> end;
  bool pack_left, pack_right;

  // Whether a's tiles are copied by those that read them first.
  bool copies_left() const { return pack_left && a.row_stride == 1; }
};

// One thread's share of a product: the part of c at (rows, cols), over the whole of K.
template <class T> class Part {
 public:
  Part(const Microkernel<T>& kernel, const Product<T>& product, Range rows, Range cols)
      : kernel_(kernel), width_(int64_t{kMaxTileVectors} * kernel.lanes), p_(product), rows_(rows), cols_(cols) {}

  void compute() const {
    if (p_.a.cols == 0) return clear();
    for (int64_t j = cols_.begin; j < cols_.end; j += kBlockCols) {
      const Range block = {j, std::min(cols_.end, j + kBlockCols)};
      for (int64_t k = 0; k < p_.a.cols; k += kProductChunk) chunk(block, {k, std::min(p_.a.cols, k + kProductChunk)});
    }
  }

 private:
  void clear() const {
    for (int64_t i = rows_.begin; i < rows_.end; ++i) {
      for (int64_t j = cols_.begin; j < cols_.end; ++j) at(i, j)[0] = 0;
    }
    finish(rows_, cols_);
  }

  void chunk(Range cols, Range k) const {
    // Columns that a row of tiles passes over.
    const int64_t most = block_bytes() / static_cast<int64_t>(sizeof(T));
    const bool all = cols.size() * k.size() <= most;
    const int64_t step = all ? cols.size() + width_ : std::max<int64_t>(1, most / k.size() / width_) * width_;
    T* left = nullptr;
    T* right = nullptr;
    if (p_.pack_left) left = left_space<T>((p_.copies_left() ? kernel_.max_rows : kBlockRows) * k.size());
    // Where one block of rows uses them, only the panels in use have room.
    const bool once = rows_.size() <= kBlockRows;
    if (p_.pack_right) right = right_space<T>((once ? step : pieces_of(cols.size(), width_) * width_) * k.size());
    for (int64_t i = rows_.begin; i < rows_.end; i += kBlockRows) {
      const Range block = {i, std::min(rows_.end, i + kBlockRows)};
      const RowTiles tiles(block.size(), kernel_.max_rows);
      if (p_.pack_left && !p_.copies_left()) pack_left(block, tiles, k, left);
      for (int64_t j = cols.begin; j < cols.end; j += step) {
        T* place = right == nullptr || once ? right : right + (j - cols.begin) * k.size();
        multiply(block, tiles, {j, std::min(cols.end, j + step)}, k, left, place, i == rows_.begin);
      }
    }
  }

  void pack_left(Range rows, const RowTiles& tiles, Range k, T* left) const {
    for (int64_t t = 0; t < tiles.count; ++t) {
      const int height = tiles.height(t);
      kernel_.pack(a_at(rows.begin + tiles.begin(t), k.begin), height, k.size(), p_.a.row_stride, p_.a.col_stride,
                   height, left + tiles.begin(t) * k.size());
    }
  }

  // `count` panels from column j on, which are copied to `place` where they can't be read as they lie; `fill` is false
  // where they are there already. Where b lies in rows, the tiles that read it first copy it.
  TileRight<T> whole_panels(int64_t j, int64_t count, Range k, T* place, bool fill) const {
    const T* source = b_at(k.begin, j);
    if (place == nullptr) return {source, p_.b.row_stride, width_};
    if (fill && p_.b.col_stride == 1) return {source, p_.b.row_stride, width_, place};
    const int64_t size = width_ * k.size();
    for (int64_t i = 0; fill && i < count; ++i) {
      kernel_.pack(source + i * width_ * p_.b.col_stride, width_, k.size(), p_.b.col_stride, p_.b.row_stride, width_,
                   place + i * size);
    }
    return {place, width_, size};
  }

  // c's block at (rows, cols), for one chunk. Tiles run along a row of panels, so that c is written in rows.
  void multiply(Range rows, const RowTiles& tiles, Range cols, Range k, T* left, T* right, bool fill) const {
    // Panels that are multiplied together: those that fill their vectors, where c is written as it lies.
    const int64_t whole = p_.c.col_stride == 1 ? cols.size() / width_ : 0;
    for (int64_t t = 0; t < tiles.count; ++t) {
      const int height = tiles.height(t);
      const int64_t i = rows.begin + tiles.begin(t);
      TileLeft<T> a = {a_at(i, k.begin), p_.a.row_stride, p_.a.col_stride};
      if (p_.copies_left()) a.copy = left;
      else if (p_.pack_left) a = {left + tiles.begin(t) * k.size(), 1, height};
      const bool fill_now = fill && t == 0;
      int64_t j = cols.begin;
      if (whole > 0) {
        kernel_.tiles[height][kMaxTileVectors](whole, k.size(), a, whole_panels(j, whole, k, right, fill_now), at(i, j),
                                               p_.c.row_stride, k.begin == 0);
        j += whole * width_;
        a = after_first(a, height);
      }
      for (; j < cols.end; j += width_, a = after_first(a, height)) {
        T* place = right == nullptr ? nullptr : right + (j - cols.begin) * k.size();
        one_panel(height, i, {j, std::min(j + width_, cols.end)}, k, a, place, fill_now);
      }
    }
    if (k.end == p_.a.cols) finish(rows, cols);
  }

  // What tiles read once the first of them has copied it.
  static TileLeft<T> after_first(const TileLeft<T>& a, int height) {
    return a.copy == nullptr ? a : TileLeft<T>{a.copy, 1, height};
  }

  // A tile that is narrower, or whose sums are turned on their way to c. A panel in place that would reach beyond the
  // matrix is read from further left: its first `skip` lanes are columns that the panel before it has given.
  void one_panel(int height, int64_t i, Range cols, Range k, const TileLeft<T>& a, T* place, bool fill) const {
    const int vectors = cols.size() > kernel_.lanes ? kMaxTileVectors : 1;
    const int64_t lanes = int64_t{vectors} * kernel_.lanes;
    const int64_t skip = place == nullptr ? lanes - cols.size() : 0;
    const T* source = b_at(k.begin, cols.begin);
    if (place != nullptr && fill)
      kernel_.pack(source, cols.size(), k.size(), p_.b.col_stride, p_.b.row_stride, lanes, place);
    const TileRight<T> right =
        place == nullptr ? TileRight<T>{source - skip, p_.b.row_stride, 0} : TileRight<T>{place, lanes, 0};
    const auto tile = kernel_.tiles[height][vectors];
    T* out = at(i, cols.begin);
    if (p_.c.col_stride == 1 && cols.size() == lanes)
      return tile(1, k.size(), a, right, out, p_.c.row_stride, k.begin == 0);
    alignas(64) T sums[kMaxTileRows * kMaxTileVectors * kMaxLanes];
    tile(1, k.size(), a, right, sums, width_, true);
    kernel_.store(height, cols.size(), sums + skip, width_, out, p_.c.row_stride, p_.c.col_stride, k.begin == 0);
  }

  void finish(Range rows, Range cols) const {
    if (p_.end.bias == nullptr && p_.end.activation == Activation::none) return;
    if (p_.c.transposed) std::swap(rows, cols);
    const int64_t stride = p_.c.transposed ? p_.c.col_stride : p_.c.row_stride;
    kernel_.finish(rows.size(), cols.size(), p_.c.data + rows.begin * stride + cols.begin, stride,
                   p_.end.bias == nullptr ? nullptr : p_.end.bias + cols.begin, p_.end.activation);
  }

  const T* a_at(int64_t i, int64_t k) const { return p_.a.data + i * p_.a.row_stride + k * p_.a.col_stride; }
  const T* b_at(int64_t k, int64_t j) const { return p_.b.data + k * p_.b.row_stride + j * p_.b.col_stride; }
  T* at(int64_t i, int64_t j) const { return p_.c.data + i * p_.c.row_stride + j * p_.c.col_stride; }

  const Microkernel<T>& kernel_;
  const int64_t width_;
  const Product<T>& p_;
  Range rows_, cols_;
};

// pieces_of for a power of two, without a division: these decisions are a good part of a small product's time.
int64_t vectors_of(int64_t n, int lanes) { return (n + lanes - 1) >> std::countr_zero(static_cast<unsigned>(lanes)); }

// Lanes run over columns. The transposed product may fill them better, or have less to transpose; its result is stored
// transposed. Costs are counted in multiply-adds of a vector.
template <class T> bool better_transposed(const MatrixView<T>& a, const MatrixView<T>& b, int lanes) {
  constexpr int64_t kPack = 6, kStore = 16;
  const int64_t m = vectors_of(a.rows, lanes), n = vectors_of(b.cols, lanes), k = a.cols,
                chunks = pieces_of(k, kProductChunk);
  const int64_t as_is = a.rows * n * k + (b.col_stride == 1 ? 0 : kPack * n * k);
  const int64_t transposed = b.cols * m * k + (a.row_stride == 1 ? 0 : kPack * m * k) + kStore * b.cols * m * chunks;
  return transposed < as_is - as_is / 16;
}

template <class T>
Product<T> plan(const Microkernel<T>& kernel, MatrixView<T> a, MatrixView<T> b, Output<T> c, const Epilogue<T>& end) {
  const int lanes = kernel.lanes;
  if (better_transposed(a, b, lanes)) {
    std::swap(a, b);
    a = a.transposed(), b = b.transposed();
    std::swap(c.row_stride, c.col_stride);
    c.transposed = true;
  }
  // A panel of less than its vectors is read from further left, if there is anything.
  const bool narrow = b.cols < lanes * std::min<int64_t>(kMaxTileVectors, vectors_of(b.cols, lanes));
  const bool tall = a.rows > kBlockRows;
  const bool crowded = lines_fill_cache(a.cols, a.col_stride * static_cast<int64_t>(sizeof(T)));
  const bool far = lines_fill_cache(kProductChunk) && a.rows >= kPackRightRows &&
                   b.row_stride * static_cast<int64_t>(sizeof(T)) >= kFarApart;
  const bool pack_left =
      (tall && b.cols >= kPackLeftCols) || (crowded && a.col_stride != 1 && b.cols >= kPackLeftColumns);
  return {a, b, c, end, pack_left, b.col_stride != 1 || narrow || tall || far};
}

template <class T>
void multiply_batch(const Microkernel<T>& kernel, const Product<T>& product, const int64_t* a_offsets,
                    const int64_t* b_offsets, int64_t batch, int64_t c_batch_stride) {
  const int64_t m = product.a.rows, n = product.b.cols, k = product.a.cols;
  if (batch == 0 || m == 0 || n == 0) return;
  const int64_t work = m * n * std::max<int64_t>(1, k);
  if (batch * work < 2 * kLeastWork || threads() == 1) {
    for (int64_t i = 0; i < batch; ++i) {
      Product<T> one = product;
      one.a.data += a_offsets[i], one.b.data += b_offsets[i], one.c.data += i * c_batch_stride;
      Part<T>(kernel, one, {0, m}, {0, n}).compute();
    }
    return;
  }
  // Two parts a thread, or the batch's own division where it has enough.
  const int64_t wanted = std::min<int64_t>(pieces_of(2 * threads(), batch), work / kLeastWork);
  const int width = kMaxTileVectors * kernel.lanes;
  const Grid grid = choose_grid(m, n, wanted, kernel.max_rows, width, product.pack_left ? kPackingCost : kReadingCost,
                                product.pack_right ? kPackingCost : kReadingCost);
  const int64_t parts = grid.rows * grid.cols;
  parallel_for(batch * parts, grain_of(work / parts), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t i = task / parts;
      Product<T> one = product;
      one.a.data += a_offsets[i], one.b.data += b_offsets[i], one.c.data += i * c_batch_stride;
      Part<T>(kernel, one, part(m, grid.rows, task % parts / grid.cols, kernel.max_rows),
              part(n, grid.cols, task % parts % grid.cols, width))
          .compute();
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

constexpr int64_t kNoOffset[1] = {0};

template <class T>
void multiply(const MatrixView<T>& a, const MatrixView<T>& b, T* c, int64_t ldc, const Epilogue<T>& end) {
  const Microkernel<T>& kernel = microkernel<T>();
  multiply_batch(kernel, plan(kernel, a, b, Output<T>{c, ldc, 1}, end), kNoOffset, kNoOffset, 1, 0);
}

template <class T>
void multiply(MatrixView<T> a, std::span<const int64_t> a_offsets, MatrixView<T> b, std::span<const int64_t> b_offsets,
              T* c) {
  const int64_t batch = static_cast<int64_t>(a_offsets.size());
  if (batch > 1 && one_tall_product(a, a_offsets, b_offsets)) {
    a.data += a_offsets[0], b.data += b_offsets[0];
    a.rows *= batch;
    return multiply(a, b, c, b.cols, {});
  }
  const Microkernel<T>& kernel = microkernel<T>();
  const Product<T> product = plan(kernel, a, b, Output<T>{c, b.cols, 1}, {});
  const bool swapped = product.c.transposed;
  multiply_batch(kernel, product, (swapped ? b_offsets : a_offsets).data(), (swapped ? a_offsets : b_offsets).data(),
                 batch, a.rows * b.cols);
}

}  // namespace

void matmul(const MatrixView<float>& a, const MatrixView<float>& b, float* c, int64_t ldc, const Epilogue<float>& end) {
  multiply(a, b, c, ldc, end);
}

void matmul(const MatrixView<double>& a, const MatrixView<double>& b, double* c, int64_t ldc,
            const Epilogue<double>& end) {
  multiply(a, b, c, ldc, end);
}

void matmul(const MatrixView<float>& a, std::span<const int64_t> a_offsets, const MatrixView<float>& b,
            std::span<const int64_t> b_offsets, float* c) {
  multiply(a, a_offsets, b, b_offsets, c);
}

void matmul(const MatrixView<double>& a, std::span<const int64_t> a_offsets, const MatrixView<double>& b,
            std::span<const int64_t> b_offsets, double* c) {
  multiply(a, a_offsets, b, b_offsets, c);
}

namespace {

template <class T> MatrixView<T> matrix(const Tensor& t) {
  const Strides& s = t.strides();
  return {t.data_as<T>(), t.size(-2), t.size(-1), s[s.size() - 2], s[s.size() - 1]};
}

// Offsets of a tensor's matrices, in the order of its batch axes.
std::vector<int64_t> batch_offsets(const Tensor& t) {
  std::vector<int64_t> offsets{0};
  for (int axis = 0; axis < t.rank() - 2; ++axis) {
    std::vector<int64_t> next;
    for (int64_t base : offsets) {
      for (int64_t i = 0; i < t.size(axis); ++i) next.push_back(base + i * t.strides()[static_cast<size_t>(axis)]);
    }
    offsets = std::move(next);
  }
  return offsets;
}

}  // namespace

void matmul(const Tensor& a, const Tensor& b, const Tensor& y) {
  visit_floating(y.dtype(), [&]<class T>(T) {
    if (y.rank() == 2) return matmul(matrix<T>(a), matrix<T>(b), y.mutable_data_as<T>(), y.size(1));
    matmul(matrix<T>(a), batch_offsets(a), matrix<T>(b), batch_offsets(b), y.mutable_data_as<T>());
  });
}

void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation, const Tensor& y) {
  visit_floating(y.dtype(), [&]<class T>(T) {
    const Epilogue<T> end = {bias.defined() ? bias.data_as<T>() : nullptr, activation};
    matmul(matrix<T>(x), matrix<T>(weight).transposed(), y.mutable_data_as<T>(), y.size(1), end);
  });
}

}  // namespace stet::cpu_kernels
