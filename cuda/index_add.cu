#include "stet/cuda/index_add.h"

#include <algorithm>

#include "stet/cuda/report.h"

// A block owns some rows of y, and some columns of them. It reads all the indices and lists the sources of its rows, in
// ascending order. Then a warp takes row after row: it picks the row's sources from the list, again in order, and each
// of its lanes adds up a column of theirs, with many loads under way. So nothing is sorted, every element has one
// owner, and the indices are read once a block, from the cache.
namespace stet::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / static_cast<int>(kWarp);
constexpr int kEach = 8;                         // indices that a thread reads at once
constexpr int kChunk = kThreads * kEach;         // … a block
constexpr int kList = 2 * kChunk;                // sources that a block lists before it adds them
constexpr int kBatch = static_cast<int>(kWarp);  // sources of a row that are added together
constexpr int64_t kMostBlockRows = 1 << 13;
constexpr uint32_t kNone = 0xffffffffu;

struct Lists {
  uint32_t source[kList];  // from the first of this pass
  uint16_t row[kList];     // from the block's first
  int counts[kWarps];
  uint32_t batch[kWarps][2 * kBatch];  // sources of the row that a warp is at
};

/// How the work is divided. Columns count vectors.
struct Division {
  int64_t groups;  // of rows
  int rows;        // of a group
  int across;      // warps side by side along the columns, a power of two up to kWarps
};

__device__ __forceinline__ int below(unsigned votes) { return __popc(votes & ((1u << (threadIdx.x % kWarp)) - 1)); }

/// Appends the sources from `begin` on, kChunk of them at most, whose rows are in first … first + rows - 1. Returns the
/// list's new length.
__device__ int list_sources(Lists& lists, int count, const int64_t* index, int64_t begin, int64_t m, uint32_t distance,
                            int64_t first, int rows) {
  const int warp = static_cast<int>(threadIdx.x / kWarp);
  const int64_t start = begin + warp * kEach * static_cast<int>(kWarp) + threadIdx.x % kWarp;
  uint32_t row[kEach];
  unsigned votes[kEach];
  int found = 0;
#pragma unroll
  for (int k = 0; k < kEach; ++k) {
    const int64_t j = start + k * static_cast<int>(kWarp);
    const uint64_t r = j < m ? static_cast<uint64_t>(index[j]) - static_cast<uint64_t>(first) : ~uint64_t{0};
    row[k] = r < static_cast<uint64_t>(rows) ? static_cast<uint32_t>(r) : kNone;
  }
#pragma unroll
  for (int k = 0; k < kEach; ++k) {
    votes[k] = __ballot_sync(kAllLanes, row[k] != kNone);
    found += __popc(votes[k]);
  }
  if (threadIdx.x % kWarp == 0) lists.counts[warp] = found;
  __syncthreads();
  int place = count;
  for (int w = 0; w < kWarps; ++w) {
    if (w < warp) place += lists.counts[w];
    count += lists.counts[w];
  }
#pragma unroll
  for (int k = 0; k < kEach; ++k) {
    if (row[k] != kNone) {
      const int at = place + below(votes[k]);
      lists.source[at] = distance + static_cast<uint32_t>(start - begin) + static_cast<uint32_t>(k) * kWarp;
      lists.row[at] = static_cast<uint16_t>(row[k]);
    }
    place += __popc(votes[k]);
  }
  __syncthreads();
  return count;
}

template <class T, int V> struct alignas(V * sizeof(T)) Vector { T of[V]; };

/// Adds `count` <= kBatch sources; `from` is the column's element of the pass's first source.
template <class T, int V>
__device__ __forceinline__ void add_batch(Vector<T, V>& sum, const uint32_t* sources, int count, const T* from,
                                          int64_t inner) {
  constexpr int kBytes = V * static_cast<int>(sizeof(T)),
                kDepth = kBytes < 4 ? kBatch : 128 / kBytes;  // loads under way
  for (int b = 0; b < count; b += kDepth) {
    Vector<T, V> value[kDepth];
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      if (b + k < count) value[k] = *reinterpret_cast<const Vector<T, V>*>(from + sources[b + k] * inner);
    }
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      if (b + k < count) {
#pragma unroll
        for (int v = 0; v < V; ++v) accumulate(sum.of[v], value[k].of[v]);
      }
    }
  }
}

/// Adds the listed sources of one row to a column of it. In the first pass the row starts from +0.
template <class T, int V>
__device__ __forceinline__ void add_to_row(Lists& lists, int count, int row, bool is_first, bool is_owner,
                                           const T* from, T* to, int64_t inner) {
  uint32_t* const batch = lists.batch[threadIdx.x / kWarp];
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  auto* const result = reinterpret_cast<Vector<T, V>*>(to);
  Vector<T, V> sum{};
  bool is_begun = is_first;
  int waiting = 0;
  for (int at = 0; at < count; at += static_cast<int>(kWarp)) {
    const bool is_source = at + lane < count && lists.row[at + lane] == row;
    const unsigned votes = __ballot_sync(kAllLanes, is_source);
    if (votes == 0) continue;
    if (is_source) batch[waiting + below(votes)] = lists.source[at + lane];
    waiting += __popc(votes);
    if (!is_begun && is_owner) sum = *result;
    is_begun = true;
    __syncwarp();
    if (waiting >= kBatch) {
      if (is_owner) add_batch(sum, batch, kBatch, from, inner);
      waiting -= kBatch;
      __syncwarp();
      if (lane < waiting) batch[lane] = batch[kBatch + lane];
      __syncwarp();
    }
  }
  if (is_owner && is_begun) {
    add_batch(sum, batch, waiting, from, inner);
    *result = sum;
  }
  __syncwarp();
}

template <class T, int V>
__global__ void __launch_bounds__(kThreads, 2)
    add_rows_kernel(const T* g, const int64_t* index, T* y, AddShape s, Division d, Fault::Kind kind, Reports reports) {
  Lists& lists = shared<Lists>();
  const int warp = static_cast<int>(threadIdx.x / kWarp), lane = static_cast<int>(threadIdx.x % kWarp);
  const int64_t group = blockIdx.x % d.groups, tile = blockIdx.x / d.groups, first = group * d.rows;
  const int rows = static_cast<int>(s.n - first < d.rows ? s.n - first : d.rows);
  const int64_t width = s.inner / V, column = (tile * d.across + warp % d.across) * kWarp + lane;
  const bool is_owner = column < s.outer * width;
  const int64_t o = column / width, i = column % width * V;
  if (blockIdx.x == 0) {
    for (int64_t j = threadIdx.x; j < s.m; j += kThreads) check_index(reports, kind, index[j], j, s.n);
  }
  int64_t begin = 0;
  do {
    int64_t end = begin;
    int count = 0;
    while (end < s.m && count <= kList - kChunk && end - begin < (int64_t{1} << 31)) {
      count = list_sources(lists, count, index, end, s.m, static_cast<uint32_t>(end - begin), first, rows);
      end += kChunk;
    }
    const T* const from = g + (o * s.m + begin) * s.inner + i;
    for (int r = warp / d.across; r < rows; r += kWarps / d.across) {
      add_to_row<T, V>(lists, count, r, begin == 0, is_owner, from, y + (o * s.n + first + r) * s.inner + i, s.inner);
    }
    begin = end;  // list_sources waits for all before it writes to the list again
  } while (begin < s.m);
}

template <class T, int V>
void launch(Queue& queue, const T* g, const int64_t* index, T* y, const AddShape& s, Fault::Kind kind) {
  const int64_t warps = (s.outer * s.inner / V + kWarp - 1) / kWarp;  // that the columns take
  Division d{};
  d.across = 1;
  while (d.across < kWarps && d.across < warps) d.across *= 2;
  const int64_t tiles = (warps + d.across - 1) / d.across, at_once = kWarps / d.across;
  // Enough blocks to keep a GPU busy; more would only read the indices more often.
  const int64_t groups = std::max<int64_t>(1, int64_t{4} * queue.multiprocessors() / tiles);
  const int64_t rows = std::clamp<int64_t>((s.n + groups - 1) / groups, 1, kMostBlockRows);
  d.rows = static_cast<int>((rows + at_once - 1) / at_once * at_once);
  d.groups = (s.n + d.rows - 1) / d.rows;
  const Grid grid{.blocks = {d.groups * tiles}, .threads = kThreads, .shared = sizeof(Lists)};
  queue.launch(add_rows_kernel<T, V>, grid, g, index, y, s, d, kind, queue.reports());
}

}  // namespace

template <class T>
void add_rows(Queue& queue, const T* g, const int64_t* index, T* y, const AddShape& s, Fault::Kind kind) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int kVector = 16 / sizeof(T);
    const bool fits =
        s.inner % kVector == 0 && (reinterpret_cast<uintptr_t>(g) | reinterpret_cast<uintptr_t>(y)) % 16 == 0;
    // Vectors leave a quarter of the warps: not where they are few already.
    const int64_t warps = s.n * s.outer * s.inner / kVector / kWarp;
    if (fits && warps >= int64_t{16} * queue.multiprocessors()) return launch<T, kVector>(queue, g, index, y, s, kind);
  }
  launch<T, 1>(queue, g, index, y, s, kind);
}

template void add_rows(Queue&, const float*, const int64_t*, float*, const AddShape&, Fault::Kind);
template void add_rows(Queue&, const double*, const int64_t*, double*, const AddShape&, Fault::Kind);
template void add_rows(Queue&, const int32_t*, const int64_t*, int32_t*, const AddShape&, Fault::Kind);
template void add_rows(Queue&, const int64_t*, const int64_t*, int64_t*, const AddShape&, Fault::Kind);
template void add_rows(Queue&, const uint8_t*, const int64_t*, uint8_t*, const AddShape&, Fault::Kind);
template void add_rows(Queue&, const bool*, const int64_t*, bool*, const AddShape&, Fault::Kind);

}  // namespace stet::cuda
