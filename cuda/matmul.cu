#include "stet/cuda/matmul.h"

#include <algorithm>

#include "stet/cuda/product_matrix.h"
#include "stet/cuda/strided.h"

namespace stet::cuda_kernels {

using cuda::Access, cuda::MatrixLoader, cuda::MatrixOutput, cuda::Operand, cuda::Queue, cuda::Tile;

namespace {

constexpr int64_t kMostBatch = 65535;  // blocks along a grid's z

/// y [batch, M, N] = a [batch, M, K] x b [batch, K, N].
template <class T>
struct Product {
  Operand<T> a, b;
  MatrixOutput<T> y;
  int terms;
  cuda::Layout<2> batch;  // of a and b
  int64_t y_step;
};

template <class S, Access kA, Access kB, class T>
__global__ void __launch_bounds__(S::kThreads, 512 / S::kThreads) multiply(const Product<T> p, int64_t first_of_batch, T* totals) {
  const int64_t i = first_of_batch + blockIdx.z;
  const auto at = p.batch.at(i);
  Operand<T> of_a = p.a, of_b = p.b;
  MatrixOutput<T> y = p.y;
  of_a.data += at.of[0];
  of_b.data += at.of[1];
  y.data += i * p.y_step;
  const int64_t across = (p.b.lines + S::kN - 1) / S::kN;
  const int64_t row = blockIdx.x / across * S::kM, column = blockIdx.x % across * S::kN;
  const MatrixLoader<T, kA> a(of_a, row, p.terms);
  const MatrixLoader<T, kB> b(of_b, column, p.terms);
  T* const own = totals + (static_cast<int64_t>(blockIdx.z) * gridDim.x + blockIdx.x) * S::kM * S::kN;
  cuda::product_tile<S>(cuda::shared<typename S::Shared>(), a, b, p.terms, cuda::MatrixTile<T>{y, row, column}, {own});
}

template <class T>
Access access_of(const Operand<T>& x) {
  if (x.k_stride == 1 && x.line_stride <= cuda::kMostStride) return Access::along_k;
  const bool aligned = reinterpret_cast<uintptr_t>(x.data) % 16 == 0 && x.k_stride % cuda::kPacked<T> == 0;
  return x.line_stride == 1 && aligned && x.k_stride <= cuda::kMostStride ? Access::packed : Access::single;
}

template <class F>
void visit_access(Access access, const F& f) {
  switch (access) {
    case Access::along_k: return f(std::integral_constant<Access, Access::along_k>());
    case Access::packed: return f(std::integral_constant<Access, Access::packed>());
    case Access::single: return f(std::integral_constant<Access, Access::single>());
  }
}

template <class S, class T>
void multiply(Queue& queue, const Product<T>& p, int64_t batch) {
  const int64_t blocks = ((p.a.lines + S::kM - 1) / S::kM) * ((p.b.lines + S::kN - 1) / S::kN);
  cuda::Scratch<T> totals(queue, p.terms > cuda::kProductChunk ? blocks * std::min(batch, kMostBatch) * S::kM * S::kN : 1);
  visit_access(access_of(p.a), [&](auto a) {
    visit_access(access_of(p.b), [&](auto b) {
      for (int64_t i = 0; i < batch; i += kMostBatch) {
        queue.launch(multiply<S, decltype(a)::value, decltype(b)::value, T>,
                     {.blocks = {static_cast<unsigned>(blocks), 1, static_cast<unsigned>(std::min(batch - i, kMostBatch))},
                      .threads = S::kThreads,
                      .shared = sizeof(typename S::Shared)},
                     p, i, totals.data());
      }
    });
  });
}

template <class T>
using TileOf = std::conditional_t<sizeof(T) == 4, Tile<T, 128, 128, 8, 8>, Tile<T, 64, 64, 4, 4>>;

template <class T>
MatrixOutput<T> output(const Tensor& y, const Tensor& bias, Activation activation) {
  const int64_t rows = y.size(-2), columns = y.size(-1);
  T* const data = y.mutable_data_as<T>();
  const bool packed = reinterpret_cast<uintptr_t>(data) % 16 == 0 && columns % cuda::kPacked<T> == 0;
  return {data, rows, columns, columns, 1, packed, bias.defined() ? bias.data_as<T>() : nullptr, 0, 1, activation};
}

/// x without its last two axes.
Tensor batch_of(const Tensor& x) {
  const auto rank = static_cast<size_t>(x.rank() - 2);
  return x.view(Shape(std::vector<int64_t>(x.shape().begin(), x.shape().begin() + rank)), Strides(x.strides().begin(), x.strides().begin() + rank), 0);
}

}  // namespace

void matmul(Queue& queue, const Tensor& a, const Tensor& b, const Tensor& y) {
  if (y.elements() == 0) return;
  visit_floating(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const auto stride = [](const Tensor& x, int axis) { return x.strides()[static_cast<size_t>(x.rank() + axis)]; };
    const Tensor batch[] = {batch_of(a), batch_of(b)};
    const Product<T> p{{a.data_as<T>(), a.size(-2), stride(a, -2), stride(a, -1)},
                       {b.data_as<T>(), b.size(-1), stride(b, -1), stride(b, -2)},
                       output<T>(y, {}, Activation::none),
                       static_cast<int>(a.size(-1)),
                       cuda::layout<2>({&batch[0], &batch[1]}),
                       y.size(-2) * y.size(-1)};
    multiply<TileOf<T>>(queue, p, batch[0].elements());
  });
}

void linear(Queue& queue, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation, const Tensor& y) {
  if (y.elements() == 0) return;
  visit_floating(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    cuda::Layout<2> one;
    one.elements = 1;
    const Product<T> p{{x.data_as<T>(), x.size(0), x.strides()[0], x.strides()[1]},
                       {weight.data_as<T>(), weight.size(0), weight.strides()[0], weight.strides()[1]},
                       output<T>(y, bias, activation),
                       static_cast<int>(x.size(1)),
                       one,
                       0};
    multiply<TileOf<T>>(queue, p, 1);
  });
}

}  // namespace stet::cuda_kernels
