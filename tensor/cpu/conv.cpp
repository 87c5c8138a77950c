#include "stet/tensor/cpu/conv.h"

#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/conv_window.h"
#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet {
namespace {

// A task's window on the source stays in the second-level cache, beside a chunk of the weights.
constexpr int64_t kWindowBytes = 384 << 10;

// The forward and the input's gradient are both this, with other taps and weights:
//   out[n, row, y.place(t), x.place(u)] = sum over k = (channel, tap_y, tap_x) of
//       weight[weight_offset[k] + row * weight_stride] * source[n, channel, t * y.step + tap_y, u * x.step + tap_x]
template <class T> struct Correlation {
  int64_t images, groups;
  int64_t channels, rows;  // of a group: those of the source, and those of the output
  ConvAxis y, x;
  const T* source;
  const T* weight;
  std::vector<int64_t> weight_offset;
  int64_t weight_stride, weight_group_stride;
  T* out;
  int64_t out_height, out_width;  // of the memory that `out` lies in
  int64_t first_y, first_x, place_step_y, place_step_x;

  int64_t depth() const { return static_cast<int64_t>(weight_offset.size()); }
};

// One thread's task: some rows of outputs of some images of one group. Its outputs, in the order (image, t, u), are the
// lanes.
template <class T> class CorrelationTask {
 public:
  CorrelationTask(const Correlation<T>& conv, const ConvWindow& window, const std::vector<int64_t>& offset,
                  const T* weights)
      : conv_(conv), window_(window), offset_(offset), weights_(weights), tiles_(conv.rows, kernel_.max_rows) {}

  void operator()(int64_t group, Range images, Range outputs) {
    static thread_local Workspace window_space, panel_space;
    T* windows = window_space.get<T>(images.size() * window_.size() + kMaxTileCols);
    panel_ = panel_space.get<T>(kernel_.max_cols * std::min(kProductChunk, conv_.depth()) + kMaxTileCols);
    const int64_t plane = conv_.y.size * conv_.x.size;
    for (int64_t n = images.begin; n < images.end; ++n) {
      window_.fill(conv_.source + (n * conv_.groups + group) * conv_.channels * plane, outputs.begin, outputs.size(),
                   windows + (n - images.begin) * window_.size());
    }
    const int64_t lanes = images.size() * outputs.size() * conv_.x.outputs;
    for (int64_t j = 0; j < lanes; j += kernel_.max_cols) {
      list_runs(group, images, outputs, windows, {j, std::min(lanes, j + kernel_.max_cols)});
      for (int64_t k = 0; k < conv_.depth(); k += kProductChunk) {
        multiply(group, {k, std::min(conv_.depth(), k + kProductChunk)});
      }
    }
  }

 private:
  void list_runs(int64_t group, Range images, Range outputs, const T* windows, Range lanes) {
    runs_.clear();
    places_.clear();
    lanes_ = lanes.size();
    // Sums of lanes that lie side by side in memory too need no place of their own.
    contiguous_ = lanes_ == kernel_.max_cols && conv_.place_step_x == 1;
    const int64_t width = conv_.x.outputs, plane = conv_.out_height * conv_.out_width;
    for (int64_t j = lanes.begin; j < lanes.end;) {
      const int64_t row = j / width, u = j % width;
      const int64_t image = row / outputs.size(), t = row % outputs.size();
      const int64_t length = std::min(width - u, lanes.end - j);
      const int64_t place_y = conv_.first_y + (outputs.begin + t) * conv_.place_step_y;
      const int64_t place_x = conv_.first_x + u * conv_.place_step_x;
      runs_.push_back({windows + image * window_.size() + window_.offset_of_output(t, u), j - lanes.begin, length});
      T* out = conv_.out + ((images.begin + image) * conv_.groups + group) * conv_.rows * plane;
      places_.push_back(out + place_y * conv_.out_width + place_x);
      contiguous_ = contiguous_ && places_.back() == places_[0] + runs_.back().lane;
      j += length;
    }
    if (lanes_ < kernel_.max_cols) std::fill_n(panel_, kernel_.max_cols * std::min(kProductChunk, conv_.depth()), T(0));
  }

  void multiply(int64_t group, Range chunk) const {
    kernel_.pack_runs(runs_.data(), static_cast<int64_t>(runs_.size()), &offset_[chunk.begin], chunk.size(), panel_);
    const int64_t plane = conv_.out_height * conv_.out_width, width = kernel_.max_cols;
    const T* weights = weights_ + group * conv_.rows * conv_.depth() + conv_.rows * chunk.begin;
    for (int64_t tile = 0; tile < tiles_.count; ++tile) {
      const int height = tiles_.height(tile);
      const PackedRows<T> left = {weights + tiles_.begin(tile) * chunk.size()};
      const bool first = chunk.begin == 0;
      if (contiguous_) {
        kernel_.packed(height, width, chunk.size(), left, panel_, width, places_[0] + tiles_.begin(tile) * plane, plane,
                       first);
        continue;
      }
      alignas(64) T sums[kMaxTileRows * kMaxTileCols];
      kernel_.packed(height, lanes_, chunk.size(), left, panel_, width, sums, width, true);
      for (int i = 0; i < height; ++i) {
        for (size_t r = 0; r < runs_.size(); ++r) {
          scatter(sums + i * width + runs_[r].lane, runs_[r].length, places_[r] + (tiles_.begin(tile) + i) * plane,
                  first);
        }
      }
    }
  }

  void scatter(const T* sums, int64_t count, T* out, bool first) const {
    for (int64_t u = 0; u < count; ++u) {
      T& to = out[u * conv_.place_step_x];
      to = first ? sums[u] : to + sums[u];
    }
  }

  const Microkernel<T>& kernel_ = microkernel<T>();
  const Correlation<T>& conv_;
  const ConvWindow& window_;
  const std::vector<int64_t>& offset_;
  const T* weights_;
  RowTiles tiles_;
  T* panel_ = nullptr;
  std::vector<LaneRun<T>> runs_;  // neighbouring outputs of one row in the panel,
  std::vector<T*> places_;        // and where their sums go, in row 0
  int64_t lanes_ = 0;
  bool contiguous_ = false;
};

// Packs each group's weights: by chunk, then by tile of rows, [k, row] in each.
template <class T> void pack_weights(const Correlation<T>& conv, T* packed) {
  const RowTiles tiles(conv.rows, microkernel<T>().max_rows);
  for (int64_t group = 0; group < conv.groups; ++group) {
    const T* weight = conv.weight + group * conv.weight_group_stride;
    for (int64_t begin = 0; begin < conv.depth(); begin += kProductChunk) {
      const int64_t end = std::min(conv.depth(), begin + kProductChunk);
      for (int64_t tile = 0; tile < tiles.count; ++tile) {
        for (int64_t k = begin; k < end; ++k) {
          const T* from = weight + conv.weight_offset[k];
          const int64_t end_row = tiles.begin(tile + 1);
          for (int64_t row = tiles.begin(tile); row < end_row; ++row) *packed++ = from[row * conv.weight_stride];
        }
      }
    }
  }
}

// Without a tap there is nothing to sum.
template <class T> void fill_with_zeros(const Correlation<T>& conv) {
  for (int64_t plane = 0; plane < conv.images * conv.groups * conv.rows; ++plane) {
    T* out = conv.out + plane * conv.out_height * conv.out_width;
    for (int64_t t = 0; t < conv.y.outputs; ++t) {
      T* row = out + (conv.first_y + t * conv.place_step_y) * conv.out_width + conv.first_x;
      for (int64_t u = 0; u < conv.x.outputs; ++u) row[u * conv.place_step_x] = 0;
    }
  }
}

template <class T> void correlate(const Correlation<T>& conv) {
  if (conv.images * conv.groups * conv.rows * conv.y.outputs * conv.x.outputs == 0) return;
  if (conv.depth() == 0) return fill_with_zeros(conv);
  static thread_local Workspace weight_space;
  T* weights = weight_space.get<T>(conv.groups * conv.rows * conv.depth());
  pack_weights(conv, weights);

  // A task takes several images, or a strip of one: as much as its window's share of the cache and the threads allow.
  const int64_t image_bytes =
      ConvWindow(conv.y, conv.x, conv.channels, conv.y.outputs).size() * static_cast<int64_t>(sizeof(T));
  const int64_t tasks_wanted = 4 * threads();
  const int64_t image_work = conv.rows * conv.y.outputs * conv.x.outputs * conv.depth();
  const int64_t useful = std::min(pieces_of(2 * threads(), conv.images * conv.groups), image_work / kLeastWork);
  const int64_t strips_wanted = std::max(pieces_of(image_bytes, kWindowBytes), useful);
  const int64_t strip = pieces_of(conv.y.outputs, std::min(strips_wanted, conv.y.outputs));
  const int64_t strips = pieces_of(conv.y.outputs, strip);
  const int64_t together =
      strips > 1 ? 1
                 : std::clamp<int64_t>(std::min(kWindowBytes / image_bytes, conv.images * conv.groups / tasks_wanted),
                                       1, conv.images);
  const int64_t blocks = pieces_of(conv.images, together);
  const ConvWindow window(conv.y, conv.x, conv.channels, strip);
  std::vector<int64_t> offset;
  for (int64_t c = 0; c < conv.channels; ++c) {
    for (int64_t tap_y : conv.y.tap) {
      for (int64_t tap_x : conv.x.tap) offset.push_back(window.offset_of_tap(c, tap_y, tap_x));
    }
  }
  parallel_for(
      conv.groups * blocks * strips, grain_of(image_work * together / strips), [&](int64_t begin, int64_t end) {
        CorrelationTask<T> task(conv, window, offset, weights);
        for (int64_t i = begin; i < end; ++i) {
          const int64_t s = i % strips * strip, n = i / strips % blocks * together, group = i / strips / blocks;
          task(group, {n, std::min(conv.images, n + together)}, {s, std::min(conv.y.outputs, s + strip)});
        }
      });
}

std::vector<int64_t> forward_taps(int64_t count, int64_t dilation, int64_t pad) {
  std::vector<int64_t> taps;
  for (int64_t i = 0; i < count; ++i) taps.push_back(i * dilation - pad);
  return taps;
}

template <class T> void forward(const ConvShape& s, const T* x, const T* weight, T* y) {
  const int64_t depth = s.c / s.groups * s.kh * s.kw, rows = s.co / s.groups;
  Correlation<T> conv;
  conv.images = s.n, conv.groups = s.groups, conv.channels = s.c / s.groups, conv.rows = rows;
  conv.y = {s.h, s.stride_h, s.out_h(), forward_taps(s.kh, s.dil_h, s.pad_h)};
  conv.x = {s.w, s.stride_w, s.out_w(), forward_taps(s.kw, s.dil_w, s.pad_w)};
  conv.source = x, conv.weight = weight;
  for (int64_t k = 0; k < depth; ++k) conv.weight_offset.push_back(k);
  conv.weight_stride = depth, conv.weight_group_stride = rows * depth;
  conv.out = y, conv.out_height = s.out_h(), conv.out_width = s.out_w();
  conv.first_y = conv.first_x = 0, conv.place_step_y = conv.place_step_x = 1;
  correlate(conv);
}

// The input positions of one axis that are equal modulo the stride meet the same taps, at neighbouring output
// positions.
struct Phase {
  int64_t first, count;          // input positions first, first + stride, ...
  std::vector<int64_t> tap, at;  // indices of the taps that they meet, and the output position that `first` meets there
};

std::vector<Phase> phases_of(int64_t size, int64_t stride, int64_t taps, int64_t dilation, int64_t pad) {
  std::vector<Phase> phases;
  for (int64_t first = 0; first < std::min(stride, size); ++first) {
    Phase phase = {first, pieces_of(size - first, stride), {}, {}};
    for (int64_t i = 0; i < taps; ++i) {
      const int64_t position = first + pad - i * dilation;
      if (position % stride != 0) continue;
      phase.tap.push_back(i);
      phase.at.push_back(position / stride);
    }
    phases.push_back(phase);
  }
  return phases;
}

template <class T> void input_gradient(const ConvShape& s, const T* dy, const T* weight, T* dx) {
  const int64_t taps = s.kh * s.kw, rows = s.c / s.groups, channels = s.co / s.groups;
  for (const Phase& v : phases_of(s.h, s.stride_h, s.kh, s.dil_h, s.pad_h)) {
    for (const Phase& h : phases_of(s.w, s.stride_w, s.kw, s.dil_w, s.pad_w)) {
      Correlation<T> conv;
      conv.images = s.n, conv.groups = s.groups, conv.channels = channels, conv.rows = rows;
      conv.y = {s.out_h(), 1, v.count, v.at};
      conv.x = {s.out_w(), 1, h.count, h.at};
      conv.source = dy, conv.weight = weight;
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t i : v.tap) {
          for (int64_t j : h.tap) conv.weight_offset.push_back(c * rows * taps + i * s.kw + j);
        }
      }
      conv.weight_stride = taps, conv.weight_group_stride = channels * rows * taps;
      conv.out = dx, conv.out_height = s.h, conv.out_width = s.w;
      conv.first_y = v.first, conv.first_x = h.first, conv.place_step_y = s.stride_h, conv.place_step_x = s.stride_w;
      correlate(conv);
    }
  }
}

}  // namespace

void conv2d_forward(const ConvShape& shape, const float* x, const float* weight, float* y) {
  forward(shape, x, weight, y);
}
void conv2d_forward(const ConvShape& shape, const double* x, const double* weight, double* y) {
  forward(shape, x, weight, y);
}

void conv2d_input_gradient(const ConvShape& shape, const float* dy, const float* weight, float* dx) {
  input_gradient(shape, dy, weight, dx);
}
void conv2d_input_gradient(const ConvShape& shape, const double* dy, const double* weight, double* dx) {
  input_gradient(shape, dy, weight, dx);
}

}  // namespace stet
