#include "stet/cuda/matmul.h"

#include <utility>

#include "stet/cuda/matmul_kernel.h"

namespace stet::cuda_kernels {

using cuda::Queue;

namespace {

struct Candidate {
  ProductTile tile;
  int64_t m, n;
  int threads;
  double share;  // of multiplications among the instructions of the inner loop, as compiled for compute capability 9.0
};
template <class S> constexpr Candidate candidate(ProductTile tile, double share) {
  return {tile, S::kM, S::kN, S::kThreads, share};
}
constexpr Candidate kCandidates[] = {
    candidate<Tile128x128>(ProductTile::m128n128, 0.91),
    candidate<Tile64x64>(ProductTile::m64n64, 0.82),
    candidate<Tile32x32>(ProductTile::m32n32, 0.6),
    candidate<Tile16x128>(ProductTile::m16n128, 0.7),
};

// Cycles that a product takes, about. A multiprocessor multiplies 128 numbers a cycle if it has 256 threads to choose
// from, and tiles are dealt out evenly; fewer threads wait for each other's results.
double cycles_of(const Candidate& c, bool by_chunks, int64_t batch, int64_t m, int64_t n, int64_t k,
                 int multiprocessors) {
  constexpr double kLaunch = 4000, kBegin = 1500,
                   kBytesACycle = 16;  // of a launch; of a tile, until its first stage is there; of a multiprocessor
  const int64_t chunks = cuda::pieces_of(k, cuda::kProductChunk);
  const int64_t tiles = batch * cuda::pieces_of(m, c.m) * cuda::pieces_of(n, c.n) * (by_chunks ? chunks : 1);
  const double terms = static_cast<double>(by_chunks ? std::min<int64_t>(k, cuda::kProductChunk) : k);
  const double of_one = static_cast<double>(c.m * c.n) / 128 / c.share * terms, at_once = 256.0 / c.threads;
  const double tiles_each = static_cast<double>(cuda::pieces_of(tiles, multiprocessors));
  const double cycles = of_one * std::max(tiles_each, at_once) + kBegin * std::max(1.0, tiles_each / at_once);
  if (!by_chunks) return cycles;
  const double moved = 4.0 * static_cast<double>(batch * m * n) * static_cast<double>(2 * chunks + 1);
  return cycles + kLaunch + moved / (kBytesACycle * multiprocessors);
}

}  // namespace

ProductPlan choose_plan(int64_t batch, int64_t m, int64_t n, int64_t k, int multiprocessors) {
  ProductPlan best;
  double least = -1;
  for (const Candidate& c : kCandidates) {
    for (const bool by_chunks : {false, true}) {
      for (const bool swapped : {false, true}) {
        // A transposed result is stored in bits and pieces, which is worth it where one side is short; and chunks' sums
        // take memory.
        if ((by_chunks && (k <= cuda::kProductChunk || batch * m * n > (int64_t{1} << 22))) ||
            (swapped && (c.m == c.n || n > c.m)))
          continue;
        const double cycles = swapped ? cycles_of(c, by_chunks, batch, n, m, k, multiprocessors)
                                      : cycles_of(c, by_chunks, batch, m, n, k, multiprocessors);
        if (least >= 0 && cycles >= least) continue;
        least = cycles;
        best = {.tile = c.tile, .by_chunks = by_chunks, .swapped = swapped};
      }
    }
  }
  return best;
}

namespace {

void launch(Queue& queue, const Product<float>& p, const ProductPlan& plan) {
  switch (plan.tile) {
    case ProductTile::m128n128: return launch_product<Tile128x128>(queue, p, plan);
    case ProductTile::m64n64: return launch_product<Tile64x64>(queue, p, plan);
    case ProductTile::m32n32: return launch_product<Tile32x32>(queue, p, plan);
    case ProductTile::m16n128: return launch_product<Tile16x128>(queue, p, plan);
  }
}

void launch(Queue& queue, const Product<double>& p, const ProductPlan& plan) {
  launch_product<TileDouble>(queue, p, plan);
}

// The same numbers as y^T = b^T a^T.
template <class T> void swap(Product<T>& p) {
  std::swap(p.a, p.b);
  for (int axis = 0; axis < p.batch.axes; ++axis) std::swap(p.batch.steps[axis][0], p.batch.steps[axis][1]);
  std::swap(p.y.rows, p.y.columns);
  std::swap(p.y.row_stride, p.y.column_stride);
  std::swap(p.y.bias_row_stride, p.y.bias_column_stride);
  p.y.packed = false;
}

// Left operands that lie one below another, times one right operand, are a single taller product.
template <class T> void join(Product<T>& p) {
  const auto& batch = p.batch;
  if (batch.axes != 1 || batch.elements == 1 || batch.steps[0][1] != 0 ||
      batch.steps[0][0] != p.a.lines * p.a.line_stride)
    return;
  p.a.lines *= batch.elements;
  p.y.rows *= batch.elements;
  p.y_step *= batch.elements;
  p.batch.extents[0] = p.batch.elements = 1;
}

template <class T> void multiply(Queue& queue, Product<T> p, const std::optional<ProductPlan>& wanted) {
  join(p);
  const ProductPlan plan =
      wanted ? *wanted : choose_plan(p.batch.elements, p.a.lines, p.b.lines, p.terms, queue.multiprocessors());
  if (plan.swapped) swap(p);
  launch(queue, p, plan);
}

template <class T> cuda::MatrixOutput<T> output(const Tensor& y, const Tensor& bias, Activation activation) {
  const int64_t rows = y.size(-2), columns = y.size(-1);
  T* const data = y.mutable_data_as<T>();
  const bool packed = reinterpret_cast<uintptr_t>(data) % 16 == 0 && columns % cuda::kPacked<T> == 0;
  return {data, rows, columns, columns, 1, packed, bias.defined() ? bias.data_as<T>() : nullptr, 0, 1, activation};
}

// x without its last two axes.
Tensor batch_of(const Tensor& x) {
  const auto rank = static_cast<size_t>(x.rank() - 2);
  return x.view(Shape(std::vector<int64_t>(x.shape().begin(), x.shape().begin() + rank)),
                Strides(x.strides().begin(), x.strides().begin() + rank), 0);
}

}  // namespace

void matmul_by(const std::optional<ProductPlan>& plan, Queue& queue, const Tensor& a, const Tensor& b,
               const Tensor& y) {
  if (y.elements() == 0) return;
  visit_floating(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const auto stride = [](const Tensor& x, int axis) { return x.strides()[static_cast<size_t>(x.rank() + axis)]; };
    const Tensor batch[] = {batch_of(a), batch_of(b)};
    multiply<T>(queue,
                {{a.data_as<T>(), a.size(-2), stride(a, -2), stride(a, -1)},
                 {b.data_as<T>(), b.size(-1), stride(b, -1), stride(b, -2)},
                 output<T>(y, {}, Activation::none),
                 a.size(-1),
                 cuda::layout<2>({&batch[0], &batch[1]}),
                 y.size(-2) * y.size(-1)},
                plan);
  });
}

void linear_by(const std::optional<ProductPlan>& plan, Queue& queue, const Tensor& x, const Tensor& weight,
               const Tensor& bias, Activation activation, const Tensor& y) {
  if (y.elements() == 0) return;
  visit_floating(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    cuda::Layout<2> one;
    one.elements = 1;
    multiply<T>(queue,
                {{x.data_as<T>(), x.size(0), x.strides()[0], x.strides()[1]},
                 {weight.data_as<T>(), weight.size(0), weight.strides()[0], weight.strides()[1]},
                 output<T>(y, bias, activation),
                 x.size(1),
                 one,
                 y.elements()},
                plan);
  });
}

void matmul(Queue& queue, const Tensor& a, const Tensor& b, const Tensor& y) { matmul_by({}, queue, a, b, y); }

void linear(Queue& queue, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
            const Tensor& y) {
  linear_by({}, queue, x, weight, bias, activation, y);
}

}  // namespace stet::cuda_kernels
