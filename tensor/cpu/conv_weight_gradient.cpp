#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/conv.h"
#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet {
namespace {

// One thread's task: a block of one group's gradient. Rows are (c, kh, kw), lanes are co, and k = (n, oh, ow) runs over
// all of the batch: dy is packed a chunk at a time, x is read where it lies, or from windows if it needs padding.
template <class T> class WeightGradientTask {
 public:
  WeightGradientTask(const ConvShape& s, const T* dy, const T* x, T* dw)
      : s_(s),
        dy_(dy),
        x_(x),
        dw_(dw),
        channels_(s.c / s.groups),
        taps_(s.kh * s.kw),
        outputs_(s.out_h() * s.out_w()) {}

  void operator()(int64_t group, Range rows, Range lanes) {
    static thread_local Workspace sums_space, panel_space, offset_space, window_space;
    group_ = group, rows_ = rows, lanes_ = lanes;
    const int64_t width = kernel_.max_cols, depth = s_.n * outputs_;
    ldc_ = pieces_of(lanes.size(), width) * width;
    sums_ = sums_space.get<T>(rows.size() * ldc_);
    panel_ = panel_space.get<T>(kProductChunk * width);
    offset_ = offset_space.get<int64_t>(kProductChunk);
    place_windows(window_space);
    for (int64_t k = 0; k < depth; k += kProductChunk) add_chunk({k, std::min(depth, k + kProductChunk)});
    write_out(depth > 0);
  }

 private:
  // Decides where taps find x: `base_` is (c, kh, kw) = (first channel, 0, 0) at image 0, output (0, 0).
  void place_windows(Workspace& space) {
    first_channel_ = rows_.begin / taps_;
    const int64_t used_channels = (rows_.end - 1) / taps_ - first_channel_ + 1;
    padded_ = s_.pad_h > 0 || s_.pad_w > 0;
    height_ = s_.h + 2 * s_.pad_h, width_ = s_.w + 2 * s_.pad_w;
    if (!padded_) {
      base_ = x_ + (group_ * channels_ + first_channel_) * s_.h * s_.w;
      image_stride_ = s_.c * s_.h * s_.w;
      return;
    }
    slots_ = std::min(s_.n, pieces_of(kProductChunk - 1, outputs_) + 1);
    image_stride_ = used_channels * height_ * width_;
    windows_ = space.get<T>(slots_ * image_stride_);
    base_ = windows_;
    filled_ = 0;
  }

  void fill_windows(int64_t images, int64_t used_channels) {
    for (; filled_ < images; ++filled_) {
      const T* from = x_ + (filled_ * s_.c + group_ * channels_ + first_channel_) * s_.h * s_.w;
      T* to = windows_ + filled_ % slots_ * image_stride_;
      std::fill_n(to, image_stride_, T(0));
      for (int64_t c = 0; c < used_channels; ++c) {
        for (int64_t y = 0; y < s_.h; ++y) {
          std::copy_n(from + (c * s_.h + y) * s_.w, s_.w, to + (c * height_ + y + s_.pad_h) * width_ + s_.pad_w);
        }
      }
    }
  }

  // Where in x the taps of each output position of the chunk start from.
  void locate(Range chunk) {
    const int64_t ow = s_.out_w();
    int64_t image = chunk.begin / outputs_, y = chunk.begin % outputs_ / ow, x = chunk.begin % ow;
    for (int64_t k = 0; k < chunk.size(); ++k) {
      const int64_t slot = padded_ ? image % slots_ : image;
      offset_[k] = slot * image_stride_ + y * s_.stride_h * width_ + x * s_.stride_w;
      if (++x == ow) x = 0, ++y;
      if (y == s_.out_h()) y = 0, ++image;
    }
  }

  void add_chunk(Range chunk) {
    if (padded_) fill_windows((chunk.end - 1) / outputs_ + 1, image_stride_ / (height_ * width_));
    locate(chunk);
    const RowTiles tiles(rows_.size(), kernel_.max_rows);
    for (int64_t j = 0; j < lanes_.size(); j += kernel_.max_cols) {
      const int64_t lanes = std::min<int64_t>(kernel_.max_cols, lanes_.size() - j);
      pack(lanes_.begin + j, lanes, chunk);
      for (int64_t tile = 0; tile < tiles.count; ++tile) {
        const T* row[kMaxTileRows];
        for (int i = 0; i < tiles.height(tile); ++i) row[i] = row_base(rows_.begin + tiles.begin(tile) + i);
        kernel_.gathered(tiles.height(tile), lanes, chunk.size(), {row, offset_}, panel_, kernel_.max_cols,
                         sums_ + tiles.begin(tile) * ldc_ + j, ldc_, chunk.begin == 0);
      }
    }
  }

  const T* row_base(int64_t row) const {
    const int64_t c = row / taps_ - first_channel_, y = row % taps_ / s_.kw, x = row % s_.kw;
    return base_ + (c * height_ + y * s_.dil_h) * width_ + x * s_.dil_w;
  }

  // dy's chunk as [k, lane]: a piece for each image that it runs over.
  void pack(int64_t lane, int64_t lanes, Range chunk) {
    for (int64_t k = chunk.begin; k < chunk.end;) {
      const int64_t image = k / outputs_, end = std::min(chunk.end, (image + 1) * outputs_);
      const T* from = dy_ + (image * s_.co + group_ * (s_.co / s_.groups) + lane) * outputs_ + k % outputs_;
      kernel_.pack(from, lanes, end - k, outputs_, 1, kernel_.max_cols, panel_ + (k - chunk.begin) * kernel_.max_cols);
      k = end;
    }
  }

  void write_out(bool any) {
    const int64_t rows = channels_ * taps_;
    for (int64_t j = 0; j < lanes_.size(); ++j) {
      T* to = dw_ + (group_ * (s_.co / s_.groups) + lanes_.begin + j) * rows + rows_.begin;
      for (int64_t i = 0; i < rows_.size(); ++i) to[i] = any ? sums_[i * ldc_ + j] : T(0);
    }
  }

  const Microkernel<T>& kernel_ = microkernel<T>();
  const ConvShape s_;
  const T *dy_, *x_;
  T* dw_;
  const int64_t channels_, taps_, outputs_;  // channels of a group, taps of a channel, output positions of an image

  int64_t group_ = 0;
  Range rows_{}, lanes_{};
  T *sums_ = nullptr, *panel_ = nullptr, *windows_ = nullptr;
  int64_t* offset_ = nullptr;
  int64_t ldc_ = 0;

  const T* base_ = nullptr;
  bool padded_ = false;
  int64_t first_channel_ = 0, height_ = 0, width_ = 0, image_stride_ = 0;
  int64_t slots_ = 0, filled_ = 0;  // windows lie in a ring of slots; images below `filled_` have been there
};

template <class T> void weight_gradient(const ConvShape& s, const T* dy, const T* x, T* dw) {
  const int64_t rows = s.c / s.groups * s.kh * s.kw, lanes = s.co / s.groups;
  if (s.groups * rows * lanes == 0) return;
  const Microkernel<T>& kernel = microkernel<T>();
  const int64_t depth = s.n * s.out_h() * s.out_w();
  const int64_t wanted = std::min(pieces_of(2 * threads(), s.groups), rows * lanes * depth / kLeastWork);
  // Windows are copied by rows of an image, which is cheap beside dy's transposition.
  const Grid grid = choose_grid(rows, lanes, wanted, kernel.max_rows, kernel.max_cols, kPackingCost / 8, kPackingCost);
  const int64_t parts = grid.rows * grid.cols;
  parallel_for(s.groups * parts, grain_of(rows * lanes * depth / parts), [&](int64_t begin, int64_t end) {
    WeightGradientTask<T> task(s, dy, x, dw);
    for (int64_t i = begin; i < end; ++i) {
      task(i / parts, part(rows, grid.rows, i % parts / grid.cols, kernel.max_rows),
           part(lanes, grid.cols, i % parts % grid.cols, kernel.max_cols));
    }
  });
}

}  // namespace

void conv2d_weight_gradient(const ConvShape& shape, const float* dy, const float* x, float* dw) {
  weight_gradient(shape, dy, x, dw);
}
void conv2d_weight_gradient(const ConvShape& shape, const double* dy, const double* x, double* dw) {
  weight_gradient(shape, dy, x, dw);
}

}  // namespace stet
