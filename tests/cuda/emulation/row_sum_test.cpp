// Sums of rows on a warp and on a block, against the CPU's.
#include "stet/cuda/row_sum.h"

#include "cuda/device.h"
#include "stet/cuda/queue.h"
#include "tensor/bits.h"

namespace stet::testing {
namespace {

using cuda::Several;

// Of x: its sum and that of its elements' negatives.
template <class T> struct Pair {
  const T* x;
  __device__ Several<T, 2> operator()(int64_t i) const { return {x[i], -x[i]}; }
};

template <class T> __global__ void sum_by_warp(const T* x, int64_t n, T* y) {
  const auto s = cuda::row_sum(n, Pair<T>{x});
  y[2 * threadIdx.x] = s.of[0];
  y[2 * threadIdx.x + 1] = s.of[1];
}

template <class T> __global__ void sum_by_block(const T* x, int64_t n, T* y) {
  auto& sums = cuda::shared<cuda::BlockSums<Several<T, 2>>>();
  cuda::row_sum_by_block(
      n,
      [&](int64_t i) {
        return Several<T, 2>{-x[i], x[i]};
      },
      sums);
  const auto s = cuda::row_sum_by_block(n, Pair<T>{x}, sums);
  y[2 * threadIdx.x] = s.of[0];
  y[2 * threadIdx.x + 1] = s.of[1];
}

template <class T> void check(int64_t n) {
  SCOPED_TRACE(n);
  const Tensor x = awkward({n}, 7, false).to(dtype_of<T>);
  std::vector<T> want(2);
  want[0] = sum(x).item<T>();
  want[1] = sum(-x).item<T>();
  const auto all_get_it = [&](const cuda::Grid& grid, void (*kernel)(const T*, int64_t, T*)) {
    std::vector<T> got(2 * grid.threads);
    cuda::Queue(0).launch(kernel, grid, x.data_as<T>(), n, got.data());
    for (size_t i = 0; i < grid.threads; ++i)
      ASSERT_TRUE(all_same_bits(std::vector<T>{got[2 * i], got[2 * i + 1]}, want));
  };
  all_get_it({.blocks = {1}, .threads = 32}, sum_by_warp<T>);
  for (unsigned threads : {32u, 96u, 128u})
    all_get_it({.blocks = {1}, .threads = threads, .shared = sizeof(cuda::BlockSums<Several<T, 2>>)}, sum_by_block<T>);
}

TEST(RowSum, OnAWarpAndOnABlockIsTheCpus) {
  in_orders([] {
    for (int64_t n : {0, 1, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 2048, 5000, 40000}) {
      check<float>(n);
      check<double>(n);
    }
  });
}

TEST(RowSum, OfMillionsIsTheCpus) {
  check<float>(1 << 20);
  check<float>((3 << 20) + 77);
}

}  // namespace
}  // namespace stet::testing
