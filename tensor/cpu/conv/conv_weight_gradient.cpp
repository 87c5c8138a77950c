#include "stet/tensor/cpu/conv/conv_weight_gradient.h"

#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/conv/conv_weight_tiles.h"
#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/finite.h"
#include "stet/tensor/parallel.h"

namespace stet {
namespace {

// A task's windows on x stay in the second-level cache.
constexpr int64_t kRingBytes = 512 << 10;

// The most elements of a gradient whose chunks' sums are kept one by one.
constexpr int64_t kSmallGradient = 1024;

// Where dy is the lanes' side, so many positions are transposed and multiplied in turn: they stay in the first-level
// cache.
constexpr int64_t kPiece = 128;

// The outputs of which a row of taps meets the image, not padding.
Range outputs_met(const Window& s, int64_t tap_row) {
  const int64_t first = s.pad_h - tap_row * s.dil_h;  // output y meets the image's row y * stride - first
  const int64_t begin = std::clamp<int64_t>(pieces_of(first, s.stride_h), 0, s.out_h());
  const int64_t end = std::clamp<int64_t>(pieces_of(first + s.h, s.stride_h), begin, s.out_h());
  return {begin * s.out_w(), end * s.out_w()};
}

// Whether dy is finite wherever a row of taps meets padding: such products are zeros, and a sum that starts from +0 and
// ends in an addition to +0 is the same without them.
template <class T> bool finite_beside_padding(const Window& s, const T* dy) {
  const int64_t outputs = s.out_h() * s.out_w();
  const int64_t begin = outputs_met(s, 0).begin, end = std::max(begin, outputs_met(s, s.kh - 1).end);
  bool finite = true;
  for (int64_t plane = 0; plane < s.n * s.co; ++plane, dy += outputs)
    finite &= all_finite(dy, begin) && all_finite(dy + end, outputs - end);
  return finite;
}

// k = (n, oh, ow) runs over all of the batch, a chunk at a time. One side's channels are lanes: it is transposed once,
// image by image or piece by piece, to [position, channel] blocks as wide as a vector. The other side's elements are
// single: read where they lie, or from a copy with padding. x has the taps, and finds its place by the offset of the
// output position; dy's positions lie side by side.
template <class T> class WeightGradientTask {
 public:
  /// `by_rows`: whether each row of taps leaves out the outputs that meet padding there. Lanes are x's then, tiles of
  /// three columns have their taps in one row of the kernel, and dy is finite beside padding.
  WeightGradientTask(const Window& s, const T* dy, const T* x, T* dw, bool x_is_lanes, bool by_rows)
      : s_(s),
        dy_(dy),
        x_(x),
        dw_(dw),
        x_is_lanes_(x_is_lanes),
        in_place_(reads_in_place(s, x_is_lanes)),
        kernels_(x_is_lanes                      ? tiles_.vectors_at_offsets
                 : s.kw % 3 == 0 && s.dil_w == 1 ? tiles_.triples_at_offsets
                                                 : tiles_.singles_at_offsets),
        by_rows_(by_rows) {
    height_ = s_.h + 2 * s_.pad_h, width_ = s_.w + 2 * s_.pad_w;
    const int64_t unit = x_is_lanes ? tiles_.lanes : 1;
    for (int64_t i = 0; i < s_.kh; ++i) {
      for (int64_t j = 0; j < s_.kw; ++j) taps_.push_back((i * s_.dil_h * width_ + j * s_.dil_w) * unit);
    }
    for (int64_t y = 0; y < s_.out_h(); ++y) {
      for (int64_t x = 0; x < s_.out_w(); ++x) offset_.push_back((y * s_.stride_h * width_ + x * s_.stride_w) * unit);
    }
    for (int64_t y = 0; y < s_.h; ++y) {
      for (int64_t x = 0; x < s_.w; ++x) place_.push_back(((y + s_.pad_h) * width_ + x + s_.pad_w) * unit);
    }
    outputs_ = static_cast<int64_t>(offset_.size());
    runs_.resize(static_cast<size_t>(by_rows_ ? s_.kh : 1));
    slots_ = slots(s);
  }

  // Whether x is read where it lies, and needs no windows.
  static bool reads_in_place(const Window& s, bool x_is_lanes) { return !x_is_lanes && s.pad_h == 0 && s.pad_w == 0; }

  // The images that a chunk meets.
  static int64_t slots(const Window& s) {
    return std::min(s.n, pieces_of(kProductChunk - 1, s.out_h() * s.out_w()) + 1);
  }

  // Computes the part of a group's gradient with these input channels and output channels; of the lanes' side whole
  // blocks.
  void operator()(int64_t group, Range in, Range out) {
    static thread_local Workspace sums_space;
    prepare(group, in, out);
    sums_ = sums_space.get<T>(sums());
    const int64_t depth = s_.n * outputs_;
    for (int64_t k = 0; k < depth; k += kProductChunk)
      add_chunk({k, std::min(depth, k + kProductChunk)}, sums_, k == 0);
    write_out(depth > 0);
  }

  // The same in two steps, of which threads share the first: each chunk's sums on their own, then all of them added in
  // order.
  void prepare(int64_t group, Range in, Range out) {
    static thread_local Workspace window_space, panel_space, chain_space;
    group_ = group, in_ = in, out_ = out;
    const int64_t lanes = tiles_.lanes;
    blocks_ = pieces_of((x_is_lanes_ ? in : out).size(), lanes);
    window_ = height_ * width_ * (x_is_lanes_ ? lanes : 1);
    slot_ = window_ * (x_is_lanes_ ? blocks_ : in.size());
    if (!in_place_) {
      windows_ = window_space.get<T>(slots_ * slot_);
      std::fill_n(windows_, slots_ * slot_, T(0));
    }
    filled_ = 0;
    if (!x_is_lanes_) panel_ = panel_space.get<T>(kPiece * blocks_ * lanes);
    list_rows_and_columns();
    chains_ = chain_space.get<T>(sums());
  }
  int64_t sums() const { return rows_.count * columns_.count * tile_size(); }
  void sum_chunks(Range chunks, T* all) {
    filled_ = chunks.begin * kProductChunk / outputs_;
    for (int64_t i = chunks.begin; i < chunks.end; ++i) {
      add_chunk({i * kProductChunk, std::min(s_.n * outputs_, (i + 1) * kProductChunk)}, all + i * sums(), true);
    }
  }
  void add_up(int64_t chunks, T* all) {
    sums_ = all;
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      const T* more = all + chunk * sums();
      for (int64_t i = 0; i < sums(); ++i) sums_[i] += more[i];
    }
    write_out(true);
  }

 private:
  int64_t tile_size() const { return max_runs_ * kernels_.run * tile_vectors_ * tiles_.lanes; }

  // Rows are output channels and columns (block, tap); or rows (input channel, tap) and columns blocks. Of rows the
  // first of each run.
  void list_rows_and_columns() {
    row_.clear();
    column_.clear();
    if (x_is_lanes_) {
      for (int64_t i = 0; i < out_.size(); ++i) row_.push_back(i * outputs_);
      for (int64_t block = 0; block < blocks_; ++block) {
        for (int64_t tap : taps_) column_.push_back(block * window_ + tap);
      }
    } else {
      for (int64_t c = 0; c < in_.size(); ++c) {
        for (size_t tap = 0; tap < taps_.size(); tap += static_cast<size_t>(kernels_.run))
          row_.push_back(c * window_ + taps_[tap]);
      }
      for (int64_t block = 0; block < blocks_; ++block) column_.push_back(block * tiles_.lanes);
    }
    // Tiles of equal width.
    tile_vectors_ = column_.size() % 3 == 0 ? 3 : std::min(2, static_cast<int>(column_.size()));
    max_runs_ = kernels_.max_runs[tile_vectors_ - 1];
    rows_ = RowTiles(static_cast<int64_t>(row_.size()), max_runs_);
    columns_ = RowTiles(static_cast<int64_t>(column_.size()), tile_vectors_);
  }

  void add_chunk(Range chunk, T* sums, bool first) {
    for (const int64_t images = (chunk.end - 1) / outputs_ + 1; filled_ < images; ++filled_) {
      if (!in_place_) fill_window(filled_);
    }
    const int64_t piece = x_is_lanes_ ? kProductChunk : kPiece;
    for (std::vector<PositionRun<T>>& runs : runs_) runs.clear();
    for (int64_t k = chunk.begin, end = k; k < chunk.end; k = end) {
      const int64_t image = k / outputs_, p = k % outputs_, count = std::min({chunk.end - k, outputs_ - p, piece});
      end = k + count;
      const T* dy = dy_ + ((image * s_.groups + group_) * (s_.co / s_.groups) + out_.begin) * outputs_ + p;
      const T* window = in_place_ ? source(image) : windows_ + image % slots_ * slot_;
      if (x_is_lanes_) {
        for (size_t row = 0; row < runs_.size(); ++row) {
          const Range met = by_rows_ ? outputs_met(s_, static_cast<int64_t>(row)) : Range{0, outputs_};
          const int64_t from = std::max(p, met.begin), to = std::min(p + count, met.end);
          if (from < to) runs_[row].push_back({dy + from - p, window, &offset_[from], to - from});
        }
        if (end == chunk.end) multiply({true, true}, sums, first);
        continue;
      }
      pack(dy, count, panel_);
      runs_[0] = {{window, panel_, &offset_[p], count}};
      multiply({k == chunk.begin, end == chunk.end}, sums, first);
    }
  }

  struct Place {
    bool begins_chunk, ends_chunk;
  };
  // Adds the runs' terms.
  void multiply(Place place, T* sums, bool first) {
    WeightTile<T> tile;
    tile.step = blocks_ * tiles_.lanes, tile.first = first, tile.c = sums, tile.chain = chains_;
    tile.begins_chunk = place.begins_chunk, tile.ends_chunk = place.ends_chunk;
    for (int64_t r = 0; r < rows_.count; ++r) {
      std::copy_n(&row_[rows_.begin(r)], rows_.height(r), tile.row);
      for (int64_t c = 0; c < columns_.count; ++c, tile.c += tile_size(), tile.chain += tile_size()) {
        std::copy_n(&column_[columns_.begin(c)], columns_.height(c), tile.column);
        const auto& runs = runs_[by_rows_ ? columns_.begin(c) / s_.kw % s_.kh : 0];
        tile.runs = runs.data(), tile.run_count = static_cast<int64_t>(runs.size());
        kernels_.kernel(rows_.height(r), columns_.height(c), tile);
      }
    }
  }

  // The input channels of an image.
  const T* source(int64_t image) const {
    return x_ + ((image * s_.groups + group_) * (s_.c / s_.groups) + in_.begin) * s_.h * s_.w;
  }

  void fill_window(int64_t image) {
    const T* from = source(image);
    T* to = windows_ + image % slots_ * slot_;
    if (x_is_lanes_) {
      for (int64_t c = 0; c < in_.size(); c += tiles_.lanes, from += tiles_.lanes * s_.h * s_.w, to += window_) {
        tiles_.scatter(from, s_.h * s_.w, std::min<int64_t>(tiles_.lanes, in_.size() - c), s_.h * s_.w, to,
                       place_.data());
      }
      return;
    }
    for (int64_t c = 0; c < in_.size(); ++c, to += window_) {
      for (int64_t y = 0; y < s_.h; ++y, from += s_.w) std::copy_n(from, s_.w, to + place_[y * s_.w]);
    }
  }

  // dy as [position, channel].
  void pack(const T* dy, int64_t count, T* panel) const {
    for (int64_t c = 0; c < out_.size(); c += tiles_.lanes) {
      tiles_.transpose(dy + c * outputs_, outputs_, std::min<int64_t>(tiles_.lanes, out_.size() - c), count, panel + c,
                       blocks_ * tiles_.lanes);
    }
  }

  void write_out(bool any) {
    const int64_t taps = static_cast<int64_t>(taps_.size()), lanes = tiles_.lanes;
    const T* tile = sums_;
    for (int64_t r = 0; r < rows_.count; ++r) {
      for (int64_t c = 0; c < columns_.count; ++c, tile += tile_size()) {
        for (int i = 0; i < rows_.height(r) * kernels_.run; ++i) {
          for (int v = 0; v < columns_.height(c); ++v) {
            const int64_t row = rows_.begin(r) * kernels_.run + i, column = columns_.begin(c) + v;
            const int64_t block = x_is_lanes_ ? column / taps : column, tap = (x_is_lanes_ ? column : row) % taps;
            const int64_t count = std::min(lanes, (x_is_lanes_ ? in_ : out_).size() - block * lanes);
            for (int64_t lane = 0; lane < count; ++lane) {
              const int64_t co = out_.begin + (x_is_lanes_ ? row : block * lanes + lane);
              const int64_t ci = in_.begin + (x_is_lanes_ ? block * lanes + lane : row / taps);
              T& to = dw_[((group_ * (s_.co / s_.groups) + co) * (s_.c / s_.groups) + ci) * taps + tap];
              to = any ? tile[(i * columns_.height(c) + v) * lanes + lane] : T(0);
            }
          }
        }
      }
    }
  }

  const WeightTiles<T>& tiles_ = weight_tiles<T>();
  const Window s_;
  const T *dy_, *x_;
  T* dw_;
  const bool x_is_lanes_, in_place_;
  const typename WeightTiles<T>::Kernels& kernels_;
  int64_t height_, width_;                      // of an image with its padding
  int64_t outputs_;                             // output positions of an image
  std::vector<int64_t> taps_, offset_, place_;  // where taps, output positions and elements of x lie in a window

  int64_t group_ = 0, blocks_ = 0;
  Range in_{}, out_{};
  T *sums_ = nullptr, *windows_ = nullptr, *panel_ = nullptr, *chains_ = nullptr;
  int64_t window_ = 0, slot_ = 0;   // elements of a channel or block of them, and of an image
  int64_t slots_ = 0, filled_ = 0;  // windows lie in a ring of slots; images below `filled_` have been there
  std::vector<int64_t> row_, column_;
  RowTiles rows_{1, 1}, columns_{1, 1};  // rows: in runs
  int max_runs_ = 0, tile_vectors_ = 0;
  const bool by_rows_;
  std::vector<std::vector<PositionRun<T>>> runs_;  // of a chunk; by the kernel's rows if these leave out padding
};

}  // namespace

template <class T> void weight_gradient(const Window& s, const T* dy, const T* x, T* dw) {
  const int64_t in = s.c / s.groups, out = s.co / s.groups, taps = s.kh * s.kw;
  if (s.groups * in * out == 0) return;
  const int64_t lanes = weight_tiles<T>().lanes;
  // The side whose channels fill vectors better. If both do, it is x, as its tiles need fewer loads; or dy where much
  // of x meets no tap.
  const int64_t x_cost = pieces_of(in, lanes) * out, dy_cost = pieces_of(out, lanes) * in;
  const bool x_is_lanes = x_cost < dy_cost || (x_cost == dy_cost && (taps > 1 || s.stride_h * s.stride_w == 1));
  const int64_t depth = s.n * s.out_h() * s.out_w(), work = in * out * taps * depth;
  // A small gradient of many chunks: shares of it would each transpose all of dy.
  const int64_t chunks = pieces_of(depth, kProductChunk);
  if (!x_is_lanes && s.groups == 1 && threads() > 1 && chunks >= 4 * threads() && in * out * taps <= kSmallGradient) {
    static thread_local Workspace space;
    WeightGradientTask<T> whole(s, dy, x, dw, x_is_lanes, false);
    whole.prepare(0, {0, in}, {0, out});
    T* sums = space.get<T>(chunks * whole.sums());
    parallel_for(chunks, grain_of(work / chunks), [&](int64_t begin, int64_t end) {
      WeightGradientTask<T> task(s, dy, x, dw, x_is_lanes, false);
      task.prepare(0, {0, in}, {0, out});
      task.sum_chunks({begin, end}, sums);
    });
    return whole.add_up(chunks, sums);
  }
  const int64_t wanted = std::min(pieces_of(2 * threads(), s.groups), work / kLeastWork);
  const int64_t unit_in = x_is_lanes ? lanes : 1, unit_out = x_is_lanes ? 8 : lanes;
  // Each part transposes its share of the lanes' side.
  const double cost = kPackingCost / static_cast<double>(taps);
  Grid grid = choose_grid(out, in, wanted, static_cast<int>(unit_out), static_cast<int>(unit_in), x_is_lanes ? 0 : cost,
                          x_is_lanes ? cost : 0);
  // Windows that fit their cache take few channels, so that more parts transpose the lanes' side.
  const int64_t window = (s.h + 2 * s.pad_h) * (s.w + 2 * s.pad_w) * unit_in * static_cast<int64_t>(sizeof(T));
  const int64_t most = std::max<int64_t>(1, kRingBytes / (window * WeightGradientTask<T>::slots(s) + 1)) * unit_in;
  if (!WeightGradientTask<T>::reads_in_place(s, x_is_lanes)) grid.cols = std::max(grid.cols, pieces_of(in, most));
  const int64_t parts = grid.rows * grid.cols;
  const bool by_rows = x_is_lanes && s.kw % 3 == 0 && s.pad_h > 0 && finite_beside_padding(s, dy);
  parallel_for(s.groups * parts, grain_of(work / parts), [&](int64_t begin, int64_t end) {
    WeightGradientTask<T> task(s, dy, x, dw, x_is_lanes, by_rows);
    for (int64_t i = begin; i < end; ++i) {
      task(i / parts, part(in, grid.cols, i % parts % grid.cols, unit_in),
           part(out, grid.rows, i % parts / grid.cols, unit_out));
    }
  });
}

template void weight_gradient(const Window& s, const float* dy, const float* x, float* dw);
template void weight_gradient(const Window& s, const double* dy, const double* x, double* dw);

}  // namespace stet
