// The weight's gradient: rows are dy's channels, columns the taps of x's channels, and K runs over the pixels of all
// images. A result is often smaller than a GPU and K long; then each chunk of K is a task of its own (chunk_sums.h).
#include "stet/cuda/chunk_sums.h"
#include "stet/cuda/correlation_launch.h"
#include "stet/cuda/product_tile.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Divisor, cuda::kProductChunk, cuda::Queue, cuda::Scratch, cuda::Source, cuda::Tile, cuda::Unsigned;

namespace {

// How many chunks' sums wait at a time.
constexpr int64_t kScratchBytes = int64_t{64} << 20, kMostChunks = 256;

// I is int32_t where all tensors are small, a kernel has at most cuda::kMostTaps taps, and an image at most
// kMostOutputs rows and columns of outputs.
constexpr int kMostOutputs = 1024;

struct Pair {
  int64_t y, x;
};

template <class T, class I> struct Gradient {
  const T *dy, *x;
  I channels, rows, groups;  // of x and dy, a group
  I plane, out_plane, x_image, dy_image, h, w, oh, ow, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w;
  I columns, before;  // before: how far padding lies before the image's first element
  Divisor<Unsigned<I>> outputs, outputs_x, taps,
      taps_x;  // of an image, of one of its rows; of a channel, of one of the kernel's rows
  int64_t terms;
};

// The taps that meet the image, a bit each, if only a pixel's row counts, and if only its column does.
struct Inside {
  uint32_t rows[kMostOutputs], columns[kMostOutputs];

  // All threads of a block fill it.
  template <class T> __device__ void fill(const Gradient<T, int32_t>& g) {
    const int kh = static_cast<int>(g.taps.value() / g.taps_x.value()), kw = static_cast<int>(g.taps_x.value());
    const uint32_t first_row = (2u << (kw - 1)) - 1;
    uint32_t first_column = 0;
    for (int a = 0; a < kh; ++a) first_column |= 1u << a * kw;
    fill_axis(rows, g.oh, g.stride_h, g.pad_h, g.dil_h, g.h, kh, first_row, kw);
    fill_axis(columns, g.ow, g.stride_w, g.pad_w, g.dil_w, g.w, kw, first_column, 1);
  }

 private:
  // Along one axis: `first` are the bits of the kernel's first line across it, and the next line's are `apart` further
  // on.
  static __device__ void fill_axis(uint32_t* to, int outputs, int stride, int pad, int dilation, int size, int lines,
                                   uint32_t first, int apart) {
    for (int i = static_cast<int>(threadIdx.x); i < outputs; i += static_cast<int>(blockDim.x)) {
      uint32_t inside = 0;
      for (int k = 0; k < lines; ++k) {
        const int position = i * stride - pad + k * dilation;
        if (position >= 0 && position < size) inside |= first << k * apart;
      }
      to[i] = inside;
    }
  }
};

template <class S> struct Shared {
  typename S::Shared tile;
  Inside inside;
};

// The stage that a loader stands at, and where its terms lie.
template <class T, class I> class Stage {
 public:
  __device__ Stage(const Gradient<T, I>& g, int64_t begin)
      : g_(g), begin_(static_cast<I>(begin)), terms_(static_cast<I>(g.terms)) {}

  struct Place {
    I image, pixel;
  };
  __device__ __forceinline__ bool has(int term) const { return begin_ + term < terms_; }
  __device__ __forceinline__ Place at(int term) const {
    const auto d = cuda::divide(static_cast<Unsigned<I>>(begin_ + term), g_.outputs);
    return {static_cast<I>(d.quotient), static_cast<I>(d.rest)};
  }
  __device__ __forceinline__ void advance(int terms) { begin_ += terms; }

 private:
  const Gradient<T, I>& g_;
  I begin_, terms_;
};

template <class T, class I> __device__ __forceinline__ const T* after(const T* from, I bytes) {
  return reinterpret_cast<const T*>(reinterpret_cast<const char*>(from) + bytes);
}

// dy's channels from `first` on.
template <class T, class I> class RowLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = true;
  static constexpr int kWidth = 1;

  struct Line {
    Unsigned<I> offset;  // in bytes
  };

  __device__ RowLoader(const Gradient<T, I>& g, int64_t group, int64_t first, int64_t begin)
      : g_(g), stage_(g, begin), dy_(g.dy + group * g.rows * g.out_plane), first_(first) {}

  __device__ __forceinline__ Line line(int index, int) const {
    return {static_cast<Unsigned<I>>((first_ + index < g_.rows ? first_ + index : g_.rows - 1) * g_.out_plane *
                                     static_cast<int64_t>(sizeof(T)))};
  }
  __device__ __forceinline__ Source<T> at(const Line& line, int term, int) const {
    const auto place = stage_.at(term);
    return {after(dy_ + (place.image * g_.dy_image + place.pixel), line.offset), stage_.has(term)};
  }
  __device__ __forceinline__ void advance(int terms) { stage_.advance(terms); }

 private:
  const Gradient<T, I>& g_;
  Stage<T, I> stage_;
  const T* dy_;
  int64_t first_;
};

// x's channels, each at every tap.
template <class T, class I> class ColumnLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = true;
  static constexpr int kWidth = 1;
  static constexpr bool kLooksUp = sizeof(I) == 4;

  struct Line {
    Unsigned<I> offset;  // in bytes
    // The tap: a bit, or its place.
    std::conditional_t<kLooksUp, uint32_t, Pair> tap;
  };

  __device__ ColumnLoader(const Gradient<T, I>& g, const Inside& inside, int64_t group, int64_t first, int64_t begin)
      : g_(g), inside_(inside), stage_(g, begin), x_(g.x + group * g.channels * g.plane - g.before), first_(first) {}

  __device__ __forceinline__ Line line(int index, int) const {
    const auto channel =
        cuda::divide(static_cast<Unsigned<I>>(first_ + index < g_.columns ? first_ + index : g_.columns - 1), g_.taps);
    const auto tap = cuda::divide(channel.rest, g_.taps_x);
    const I y = static_cast<I>(tap.quotient) * g_.dil_h - g_.pad_h, x = static_cast<I>(tap.rest) * g_.dil_w - g_.pad_w;
    const auto offset =
        static_cast<Unsigned<I>>((static_cast<int64_t>(channel.quotient) * g_.plane + y * g_.w + x + g_.before) *
                                 static_cast<int64_t>(sizeof(T)));
    if constexpr (kLooksUp) return {offset, 1u << channel.rest};
    else return {offset, {y, x}};
  }
  __device__ __forceinline__ Source<T> at(const Line& line, int term, int) const {
    const auto place = stage_.at(term);
    const auto pixel = cuda::divide(static_cast<Unsigned<I>>(place.pixel), g_.outputs_x);
    const I y = static_cast<I>(pixel.quotient) * g_.stride_h, x = static_cast<I>(pixel.rest) * g_.stride_w;
    const T* const from = after(x_ + (place.image * g_.x_image + y * g_.w + x), line.offset);
    if constexpr (kLooksUp) {
      const uint32_t taps = inside_.rows[pixel.quotient] & inside_.columns[pixel.rest];
      return {from, ((stage_.has(term) ? taps : 0) & line.tap) != 0};
    } else {
      const I row = line.tap.y + y, column = line.tap.x + x;
      return {from, row >= 0 && row < g_.h && column >= 0 && column < g_.w && stage_.has(term)};
    }
  }
  __device__ __forceinline__ void advance(int terms) { stage_.advance(terms); }

 private:
  const Gradient<T, I>& g_;
  const Inside& inside_;
  Stage<T, I> stage_;
  const T* x_;
  int64_t first_;
};

// A group's part of the result, or of a chunk's sums.
template <class T, class I> class GradientOutput {
 public:
  __device__ GradientOutput(const Gradient<T, I>& g, T* to, int64_t row, int64_t column)
      : g_(g), to_(to), row_(row), column_(column) {}

  template <int W> __device__ __forceinline__ void put(int row, int column, const T (&sums)[W]) const {
    if (row_ + row >= g_.rows) return;
    T* const to = to_ + (row_ + row) * g_.columns + column_ + column;
    if (g_.columns % W == 0) {
      cuda::tile::Group<T, W> all;
#pragma unroll
      for (int j = 0; j < W; ++j) all.of[j] = sums[j];
      if (column_ + column < g_.columns) *reinterpret_cast<cuda::tile::Group<T, W>*>(to) = all;
      return;
    }
#pragma unroll
    for (int j = 0; j < W; ++j) {
      if (column_ + column + j < g_.columns) to[j] = sums[j];
    }
  }

 private:
  const Gradient<T, I>& g_;
  T* to_;
  int64_t row_, column_;
};

// Blocks: tiles of the result; chunks from `first_chunk` on, each with a result of its own in `to`, or one block for
// all; groups from `first_group` on. `totals` as in correlate(): null where blocks take a chunk each.
template <class S, class T, class I>
__global__ void __launch_bounds__(S::kThreads, S::kBlocks)
    multiply(Gradient<T, I> g, T* to, int64_t first_chunk, int first_group, T* totals) {
  const int64_t group = first_group + static_cast<int64_t>(blockIdx.z);
  const auto across = static_cast<unsigned>((g.columns + S::kN - 1) / S::kN);
  const int64_t row = static_cast<int64_t>(blockIdx.x / across) * S::kM,
                column = static_cast<int64_t>(blockIdx.x % across) * S::kN;
  const int64_t begin = (first_chunk + blockIdx.y) * kProductChunk, left = g.terms - begin;
  const int terms = static_cast<int>(totals == nullptr && left > kProductChunk ? kProductChunk : left);
  to += (static_cast<int64_t>(blockIdx.y) * g.groups + group) * g.rows * g.columns;
  if (totals != nullptr) totals += (blockIdx.z * int64_t{gridDim.x} + blockIdx.x) * S::kM * S::kN;
  auto& shared = cuda::shared<Shared<S>>();
  if constexpr (sizeof(I) == 4) {
    shared.inside.fill(g);
    __syncthreads();
  }
  const RowLoader<T, I> rows(g, group, row, begin);
  const ColumnLoader<T, I> columns(g, shared.inside, group, column, begin);
  cuda::product_tile<S>(shared.tile, rows, columns, terms, GradientOutput<T, I>(g, to, row, column), {totals});
}

template <class S, class T, class I>
void launch_chunks(Queue& queue, const Gradient<T, I>& g, T* to, int64_t first_chunk, int64_t chunks, T* totals) {
  cuda::Grid grid = {.blocks = {cuda::pieces_of(g.rows, S::kM) * cuda::pieces_of(g.columns, S::kN), chunks},
                     .threads = S::kThreads,
                     .shared = sizeof(Shared<S>)};
  for (int64_t group = 0; group < g.groups; group += cuda::Grid::kMostYZ) {
    grid.blocks.z = std::min<int64_t>(cuda::Grid::kMostYZ, g.groups - group);
    queue.launch(multiply<S, T, I>, grid, g, to, first_chunk, static_cast<int>(group), totals);
  }
}

template <class S, class T, class I> void launch(Queue& queue, const Gradient<T, I>& g, T* dw) {
  const int64_t tiles = cuda::pieces_of(g.rows, S::kM) * cuda::pieces_of(g.columns, S::kN),
                chunks = cuda::pieces_of(g.terms, kProductChunk);
  if (chunks <= 1) return launch_chunks<S, T, I>(queue, g, dw, 0, 1, nullptr);
  const int64_t elements = int64_t{g.groups} * g.rows * g.columns;
  const int64_t at_once = std::min({chunks, kScratchBytes / (elements * static_cast<int64_t>(sizeof(T))), kMostChunks});
  const bool busy = tiles * g.groups >= 4 * int64_t{queue.multiprocessors()};
  if ((busy || at_once < 2) && g.terms < std::numeric_limits<int32_t>::max() - 4096) {
    Scratch<T> totals(queue, std::min<int64_t>(g.groups, cuda::Grid::kMostYZ) * tiles * S::kM * S::kN);
    return launch_chunks<S, T, I>(queue, g, dw, 0, 1, totals.data());
  }
  const int64_t some = std::max<int64_t>(1, at_once);
  Scratch<T> sums(queue, some * elements);
  for (int64_t chunk = 0; chunk < chunks; chunk += some) {
    const int64_t count = std::min(some, chunks - chunk);
    launch_chunks<S, T, I>(queue, g, sums.data(), chunk, count, nullptr);
    cuda::add_chunks<T>(queue, sums.data(), count, elements, dw, chunk == 0);
  }
}

template <class T, class I>
void weight_gradient(Queue& queue, const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw) {
  const auto to = [](int64_t n) { return static_cast<I>(n); };
  const auto divisor = [](int64_t n) { return Divisor<Unsigned<I>>(std::max<int64_t>(1, n)); };
  const int64_t oh = s.out_h(), ow = s.out_w(), taps = s.kh * s.kw;
  const Gradient<T, I> g = {.dy = dy.data_as<T>(),
                            .x = x.data_as<T>(),
                            .channels = to(s.c / s.groups),
                            .rows = to(s.co / s.groups),
                            .groups = to(s.groups),
                            .plane = to(s.h * s.w),
                            .out_plane = to(oh * ow),
                            .x_image = to(s.c * s.h * s.w),
                            .dy_image = to(s.co * oh * ow),
                            .h = to(s.h),
                            .w = to(s.w),
                            .oh = to(oh),
                            .ow = to(ow),
                            .stride_h = to(s.stride_h),
                            .stride_w = to(s.stride_w),
                            .pad_h = to(s.pad_h),
                            .pad_w = to(s.pad_w),
                            .dil_h = to(s.dil_h),
                            .dil_w = to(s.dil_w),
                            .columns = to(s.c / s.groups * taps),
                            .before = to(s.pad_h * s.w + s.pad_w),
                            .outputs = divisor(oh * ow),
                            .outputs_x = divisor(ow),
                            .taps = divisor(taps),
                            .taps_x = divisor(s.kw),
                            .terms = s.n * oh * ow};
  const auto with = [&]<class S>(S) { launch<S>(queue, g, dw.mutable_data_as<T>()); };
  if constexpr (sizeof(T) == 8) {
    with(Tile<T, 64, 64, 4, 4>());
  } else if constexpr (sizeof(I) == 8) {
    with(Tile<T, 64, 64, 8, 4>());
  } else {
    const int64_t parts = s.groups * std::max<int64_t>(1, cuda::pieces_of(g.terms, kProductChunk));
    cuda::with_cheapest_tile<Tile<T, 128, 128, 8, 16>, Tile<T, 64, 192, 8, 16>, Tile<T, 64, 64, 8, 4>,
                             Tile<T, 32, 96, 8, 4>, Tile<T, 16, 160, 4, 4>, Tile<T, 16, 32, 4, 4>>(
        g.rows, g.columns, parts, queue.multiprocessors(), with);
  }
}

}  // namespace

void conv2d_weight_gradient(Queue& queue, const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw) {
  if (dw.elements() == 0) return;
  visit_floating(dw.dtype(), [&]<class T>(T) {
    const bool looks_up = s.kh * s.kw <= cuda::kMostTaps && s.out_h() <= kMostOutputs && s.out_w() <= kMostOutputs;
    if (looks_up && cuda::is_small<T>(s)) weight_gradient<T, int32_t>(queue, s, dy, x, dw);
    else weight_gradient<T, int64_t>(queue, s, dy, x, dw);
  });
}

}  // namespace stet::cuda_kernels
