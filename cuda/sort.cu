#include <bit>

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/sort_key.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::Queue;

namespace {

// An element of a row: no two are equal, so that every way to sort gives one result.
struct Item {
  uint64_t key;
  int64_t index;
  __device__ bool is_behind(const Item& other) const {
    return key != other.key ? key > other.key : index > other.index;
  }
};

// Rows of `width` items, a power of 2, the last of which stand behind all elements.
template <class T>
__global__ void make_items(const T* x, int64_t rows, int64_t n, int64_t width, bool descending, Item* items) {
  for (int64_t t = cuda::global_thread(); t < rows * width; t += cuda::global_threads()) {
    const int64_t row = t / width, i = t - row * width;
    items[t] = {i < n ? uint64_t{sort_key(x[row * n + i], descending)} : ~uint64_t{0}, i};
  }
}

__device__ __forceinline__ void order(Item& a, Item& b, bool ascending) {
  if (a.is_behind(b) == ascending) {
    const Item other = a;
    a = b;
    b = other;
  }
}

// One step of Batcher's bitonic sort: pairs `distance` apart, in runs of `run` that go up and down in turns.
__global__ void merge_step(Item* items, int64_t pairs, int64_t width, int64_t run, int64_t distance) {
  for (int64_t t = cuda::global_thread(); t < pairs; t += cuda::global_threads()) {
    const int64_t at = t / distance * 2 * distance + t % distance;
    order(items[at], items[at + distance], (at & (width - 1) & run) == 0);
  }
}

constexpr int kTile = 1024;  // items of a block

struct Tile {
  Item of[kTile];
};

// The steps of runs from `first` to `last` with distances below kTile, for a tile a block.
__global__ void merge_tiles(Item* items, int64_t width, int64_t first, int64_t last) {
  Tile& tile = cuda::shared<Tile>();
  const int64_t begin = int64_t{blockIdx.x} * kTile;
  for (int i = static_cast<int>(threadIdx.x); i < kTile; i += static_cast<int>(blockDim.x))
    tile.of[i] = items[begin + i];
  __syncthreads();
  for (int64_t run = first; run <= last; run *= 2) {
    for (int distance = run / 2 < kTile / 2 ? static_cast<int>(run / 2) : kTile / 2; distance > 0; distance /= 2) {
      for (int t = static_cast<int>(threadIdx.x); t < kTile / 2; t += static_cast<int>(blockDim.x)) {
        const int at = t / distance * 2 * distance + t % distance;
        order(tile.of[at], tile.of[at + distance], ((begin + at) & (width - 1) & run) == 0);
      }
      __syncthreads();
    }
  }
  for (int i = static_cast<int>(threadIdx.x); i < kTile; i += static_cast<int>(blockDim.x))
    items[begin + i] = tile.of[i];
}

__global__ void take_first(const Item* items, int64_t rows, int64_t width, int64_t k, int64_t* index) {
  for (int64_t t = cuda::global_thread(); t < rows * k; t += cuda::global_threads())
    index[t] = items[t / k * width + t % k].index;
}

}  // namespace

void argsort(Queue& queue, const Tensor& x, bool descending, const Tensor& index) {
  const int64_t rows = x.size(0), n = x.size(1), k = index.size(1);
  const auto width = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(n)));
  const int64_t count = rows * width, tiles = (count + kTile - 1) / kTile;
  cuda::Scratch<Item> scratch(queue, tiles * kTile);
  Item* const items = scratch.data();
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    queue.launch(make_items<T>, Grid::over(count), x.data_as<T>(), rows, n, width, descending, items);
  });
  const Grid in_tiles{{tiles}, 256, sizeof(Tile)};
  queue.launch(merge_tiles, in_tiles, items, width, int64_t{2}, width < kTile ? width : int64_t{kTile});
  for (int64_t run = 2 * int64_t{kTile}; run <= width; run *= 2) {
    for (int64_t distance = run / 2; distance >= kTile; distance /= 2)
      queue.launch(merge_step, Grid::over(count / 2), items, count / 2, width, run, distance);
    queue.launch(merge_tiles, in_tiles, items, width, run, run);
  }
  queue.launch(take_first, Grid::over(rows * k), items, rows, width, k, index.mutable_data_as<int64_t>());
}

}  // namespace stet::cuda_kernels
