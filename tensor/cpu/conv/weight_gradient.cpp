#include "stet/tensor/cpu/conv/weight_gradient.h"

#include <algorithm>

#include "stet/tensor/cpu/conv/weight_lanes.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {
namespace {

// A task's windows on x stay in the second-level cache.
constexpr int64_t kRingBytes = 512 << 10;

// The most elements of a gradient whose chunks' sums are kept one by one.
constexpr int64_t kSmallGradient = 1024;

// The images that a chunk meets.
int64_t images_of_chunk(const Window& s) {
  return std::min(s.n, pieces_of(kProductChunk - 1, s.out_h() * s.out_w()) + 1);
}

// One thread's tasks: parts of the gradient, a chunk of k after another.
template <class Lanes> class WeightGradientTask {
 public:
  using T = typename Lanes::Element;

  /// `by_rows`: whether rows of taps leave out padding, as the lanes allow it.
  WeightGradientTask(const Window& s, const T* dy, const T* x, T* dw, bool by_rows)
      : s_(s),
        dy_(dy),
        x_(x),
        dw_(dw),
        lanes_(s, by_rows),
        in_place_(Lanes::reads_in_place(s)),
        outputs_(s.out_h() * s.out_w()),
        slots_(images_of_chunk(s)),
        runs_(lanes_.run_lists()) {}

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
    static thread_local Workspace window_space, chain_space;
    group_ = group, in_ = in, out_ = out;
    lanes_.begin(in, out);
    slot_ = lanes_.window_size();
    if (!in_place_) {
      windows_ = window_space.get<T>(slots_ * slot_);
      std::fill_n(windows_, slots_ * slot_, T(0));
    }
    filled_ = 0;
    cut_tiles();
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

  void cut_tiles() {
    lists_ = lanes_.sums();
    // Tiles of equal width.
    const int64_t columns = static_cast<int64_t>(lists_.column.size());
    tile_vectors_ = columns % 3 == 0 ? 3 : static_cast<int>(std::min<int64_t>(2, columns));
    max_runs_ = kernels_.max_runs[tile_vectors_ - 1];
    rows_ = RowTiles(static_cast<int64_t>(lists_.row.size()), max_runs_);
    columns_ = RowTiles(columns, tile_vectors_);
  }

  void add_chunk(Range chunk, T* sums, bool first) {
    for (const int64_t images = (chunk.end - 1) / outputs_ + 1; filled_ < images; ++filled_) {
      if (!in_place_) lanes_.fill(input(filled_), windows_ + filled_ % slots_ * slot_);
    }
    for (std::vector<PositionRun<T>>& runs : runs_) runs.clear();
    for (int64_t k = chunk.begin, end = k; k < chunk.end; k = end) {
      const int64_t p = k % outputs_, count = std::min({chunk.end - k, outputs_ - p, Lanes::kPiece});
      end = k + count;
      lanes_.add(positions(k / outputs_, p, count), runs_);
      if (Lanes::kByPieces || end == chunk.end) {
        multiply({!Lanes::kByPieces || k == chunk.begin, end == chunk.end}, sums, first);
      }
    }
  }

  Positions<T> positions(int64_t image, int64_t first, int64_t count) const {
    const T* dy = dy_ + ((image * s_.groups + group_) * (s_.co / s_.groups) + out_.begin) * outputs_ + first;
    return {dy, in_place_ ? input(image) : windows_ + image % slots_ * slot_, first, count};
  }

  // The input channels of an image.
  const T* input(int64_t image) const {
    return x_ + ((image * s_.groups + group_) * (s_.c / s_.groups) + in_.begin) * s_.h * s_.w;
  }

  struct Place {
    bool begins_chunk, ends_chunk;
  };
  // Adds the runs' terms.
  void multiply(Place place, T* sums, bool first) {
    WeightTile<T> tile;
    tile.step = lanes_.step(), tile.first = first, tile.c = sums, tile.chain = chains_;
    tile.begins_chunk = place.begins_chunk, tile.ends_chunk = place.ends_chunk;
    for (int64_t r = 0; r < rows_.count; ++r) {
      std::copy_n(&lists_.row[static_cast<size_t>(rows_.begin(r))], rows_.height(r), tile.row);
      for (int64_t c = 0; c < columns_.count; ++c, tile.c += tile_size(), tile.chain += tile_size()) {
        std::copy_n(&lists_.column[static_cast<size_t>(columns_.begin(c))], columns_.height(c), tile.column);
        const std::vector<PositionRun<T>>& runs = runs_[lanes_.list_of(columns_.begin(c))];
        tile.runs = runs.data(), tile.run_count = static_cast<int64_t>(runs.size());
        kernels_.kernel(rows_.height(r), columns_.height(c), tile);
      }
    }
  }

  // `any`: whether there was a chunk.
  void write_out(bool any) {
    const T* tile = sums_;
    T* dw = dw_ + group_ * (s_.co / s_.groups) * (s_.c / s_.groups) * s_.kh * s_.kw;
    for (int64_t r = 0; r < rows_.count; ++r) {
      for (int64_t c = 0; c < columns_.count; ++c, tile += tile_size()) {
        const T* from = tile;
        for (int i = 0; i < rows_.height(r) * kernels_.run; ++i) {
          for (int v = 0; v < columns_.height(c); ++v, from += tiles_.lanes) {
            const LanesPlace to = lanes_.place(rows_.begin(r) * kernels_.run + i, columns_.begin(c) + v);
            for (int64_t lane = 0; lane < to.count; ++lane) dw[to.first + lane * to.step] = any ? from[lane] : T(0);
          }
        }
      }
    }
  }

  const WeightTiles<T>& tiles_ = weight_tiles<T>();
  const Window s_;
  const T *dy_, *x_;
  T* dw_;
  Lanes lanes_;
  const typename WeightTiles<T>::Kernels& kernels_ = lanes_.kernels();
  const bool in_place_;    // whether x is read where it lies, and needs no windows
  const int64_t outputs_;  // output positions of an image

  int64_t group_ = 0;
  Range in_{}, out_{};
  T *sums_ = nullptr, *windows_ = nullptr, *chains_ = nullptr;
  int64_t slot_ = 0;  // elements of an image's windows
  const int64_t slots_;
  int64_t filled_ = 0;  // windows lie in a ring of slots; images below `filled_` have been there
  SumLists lists_;
  RowTiles rows_{1, 1}, columns_{1, 1};  // rows: in runs
  int max_runs_ = 0, tile_vectors_ = 0;
  RunLists<T> runs_;  // of a chunk, or a piece of one
};

int64_t depth_of(const Window& s) { return s.n * s.out_h() * s.out_w(); }

// A group's multiply-adds.
int64_t work_of(const Window& s) { return (s.c / s.groups) * (s.co / s.groups) * s.kh * s.kw * depth_of(s); }

// Whether threads share the chunks of k, not the gradient: of a small one each share would transpose all of dy.
template <class Lanes> bool shares_chunks(const Window& s) {
  return Lanes::kByPieces && s.groups == 1 && threads() > 1 && pieces_of(depth_of(s), kProductChunk) >= 4 * threads() &&
         s.c * s.co * s.kh * s.kw <= kSmallGradient;
}

template <class Lanes, class T> void by_chunks(const Window& s, const T* dy, const T* x, T* dw) {
  static thread_local Workspace space;
  const int64_t chunks = pieces_of(depth_of(s), kProductChunk);
  WeightGradientTask<Lanes> whole(s, dy, x, dw, false);
  whole.prepare(0, {0, s.c}, {0, s.co});
  T* sums = space.get<T>(chunks * whole.sums());
  parallel_for(chunks, grain_of(work_of(s) / chunks), [&](int64_t begin, int64_t end) {
    WeightGradientTask<Lanes> task(s, dy, x, dw, false);
    task.prepare(0, {0, s.c}, {0, s.co});
    task.sum_chunks({begin, end}, sums);
  });
  whole.add_up(chunks, sums);
}

template <class Lanes> Grid parts_of(const Window& s) {
  const int64_t in = s.c / s.groups, out = s.co / s.groups;
  const int64_t wanted = std::min(pieces_of(2 * threads(), s.groups), work_of(s) / kLeastWork);
  Grid grid = Lanes::grid(out, in, wanted, kPackingCost / static_cast<double>(s.kh * s.kw));
  if (Lanes::reads_in_place(s)) return grid;
  // Windows that fit their cache take few channels, so that more parts transpose the lanes' side.
  const int64_t unit = Lanes::in_unit(), size = static_cast<int64_t>(sizeof(typename Lanes::Element));
  const int64_t window = (s.h + 2 * s.pad_h) * (s.w + 2 * s.pad_w) * unit * size;
  const int64_t most = std::max<int64_t>(1, kRingBytes / (window * images_of_chunk(s) + 1)) * unit;
  grid.cols = std::max(grid.cols, pieces_of(in, most));
  return grid;
}

}  // namespace

template <class Lanes>
void weight_gradient_by(const Window& s, const typename Lanes::Element* dy, const typename Lanes::Element* x,
                        typename Lanes::Element* dw) {
  if (shares_chunks<Lanes>(s)) return by_chunks<Lanes>(s, dy, x, dw);
  const Grid grid = parts_of<Lanes>(s);
  const int64_t in = s.c / s.groups, out = s.co / s.groups, parts = grid.rows * grid.cols;
  const bool by_rows = Lanes::leaves_out_padding(s, dy);
  parallel_for(s.groups * parts, grain_of(work_of(s) / parts), [&](int64_t begin, int64_t end) {
    WeightGradientTask<Lanes> task(s, dy, x, dw, by_rows);
    for (int64_t i = begin; i < end; ++i) {
      task(i / parts, part(in, grid.cols, i % parts % grid.cols, Lanes::in_unit()),
           part(out, grid.rows, i % parts / grid.cols, Lanes::out_unit()));
    }
  });
}

template void weight_gradient_by<InputChannelLanes<float>>(const Window&, const float*, const float*, float*);
template void weight_gradient_by<InputChannelLanes<double>>(const Window&, const double*, const double*, double*);
template void weight_gradient_by<OutputChannelLanes<float>>(const Window&, const float*, const float*, float*);
template void weight_gradient_by<OutputChannelLanes<double>>(const Window&, const double*, const double*, double*);

}  // namespace stet::cpu_kernels
