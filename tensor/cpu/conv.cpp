#include "stet/tensor/cpu/conv.h"

#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/conv_tiles.h"
#include "stet/tensor/cpu/conv_window.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet {
namespace {

// A task's windows stay in the second-level cache, beside the weights.
constexpr int64_t kWindowBytes = 512 << 10;

// Output positions of one axis that meet the same taps: `first`, first + the number of phases, ... The forward has one phase. In the
// input's gradient, positions that are equal modulo the stride are one.
struct Phase {
  int64_t first, count;
  std::vector<int64_t> tap, at;  // indices of the taps, and the source position that each meets at `first`
};

// The forward and the input's gradient are both this, with other taps and weights: for each phase (v, h),
//   out[n, row, v.first + t * phases, h.first + u * phases] = sum over k = (channel, i, j) of
//       weight[channel, row, v.tap[i], h.tap[j]] * source[n, channel, t * step_y + v.at[i], u * step_x + h.at[j]]
template <class T> struct Correlation {
  int64_t images, groups;
  int64_t channels, rows;  // of a group: those of the source, and those of the output
  const T* source;
  int64_t source_height, source_width, step_y, step_x;
  std::vector<Phase> y, x;
  const T* weight;
  int64_t kernel_width, weight_channel_stride, weight_row_stride, weight_group_stride;
  T* out;
  int64_t out_height, out_width;
  const T* bias = nullptr;
  bool relu = false;

  bool phased() const { return y.size() * x.size() > 1; }
};

ConvAxis axis_of(const std::vector<Phase>& phases, int64_t size, int64_t step) {
  ConvAxis axis = {size, step, phases[0].count, {}};
  for (const Phase& phase : phases) axis.tap.insert(axis.tap.end(), phase.at.begin(), phase.at.end());
  std::sort(axis.tap.begin(), axis.tap.end());
  axis.tap.erase(std::unique(axis.tap.begin(), axis.tap.end()), axis.tap.end());
  // An input that no output sees meets no tap at all.
  if (axis.tap.empty()) axis.tap.push_back(0);
  return axis;
}

// What all tasks read of one pair of phases.
template <class T> struct PreparedPhase {
  std::vector<int64_t> offset;  // of each k in the window
  const T* weights;             // by group, then by tile of rows: [k, row] in each

  int64_t depth() const { return static_cast<int64_t>(offset.size()); }
};

template <class T> T* pack_weights(const Correlation<T>& conv, const Phase& y, const Phase& x, const RowTiles& tiles, T* packed) {
  for (int64_t group = 0; group < conv.groups; ++group) {
    for (int64_t tile = 0; tile < tiles.count; ++tile) {
      const T* from = conv.weight + group * conv.weight_group_stride + tiles.begin(tile) * conv.weight_row_stride;
      const int height = tiles.height(tile);
      for (int64_t c = 0; c < conv.channels; ++c, from += conv.weight_channel_stride) {
        for (int64_t i : y.tap) {
          for (int64_t j : x.tap) {
            const T* tap = from + i * conv.kernel_width + j;
            for (int row = 0; row < height; ++row) *packed++ = tap[row * conv.weight_row_stride];
          }
        }
      }
    }
  }
  return packed;
}

template <class T> std::vector<PreparedPhase<T>> prepare(const Correlation<T>& conv, const ConvWindow& window, const RowTiles& tiles,
                                                         T* packed) {
  std::vector<PreparedPhase<T>> phases;
  for (const Phase& y : conv.y) {
    for (const Phase& x : conv.x) {
      PreparedPhase<T>& phase = phases.emplace_back();
      for (int64_t c = 0; c < conv.channels; ++c) {
        for (int64_t at_y : y.at) {
          for (int64_t at_x : x.at) phase.offset.push_back(window.offset_of_tap(c, at_y, at_x));
        }
      }
      phase.weights = packed;
      packed = pack_weights(conv, y, x, tiles, packed);
    }
  }
  return phases;
}

// How the work is cut: tasks are `blocks` of images, or strips of single ones; a task takes `together` images at a time.
struct Plan {
  int64_t strip, strips, blocks, together;
};

template <class T> Plan make_plan(const Correlation<T>& conv, const ConvAxis& y, const ConvAxis& x, const ConvTiles<T>& tiles) {
  const int64_t bytes = ConvWindow(y, x, conv.channels, y.outputs, tiles).size() * static_cast<int64_t>(sizeof(T));
  const int64_t work = conv.rows * conv.out_height * conv.out_width * conv.channels;
  const int64_t wanted = pieces_of(4 * threads(), conv.groups);
  Plan plan;
  const int64_t strips = std::max({int64_t{1}, pieces_of(bytes, kWindowBytes), std::min(pieces_of(wanted, conv.images), work / kLeastWork)});
  plan.strip = pieces_of(y.outputs, std::min(strips, y.outputs));
  plan.strips = pieces_of(y.outputs, plan.strip);
  plan.blocks = plan.strips > 1 ? conv.images : std::min(conv.images, wanted);
  // Images whose vectors fill tiles to the last.
  const int64_t vectors = pieces_of(y.outputs * x.outputs, tiles.lanes);
  const bool fill_up = plan.strips == 1 && vectors < 16 && vectors % kMaxConvVectors != 0;
  plan.together = fill_up ? std::clamp<int64_t>(kWindowBytes / std::max<int64_t>(1, bytes), 1, kMaxConvVectors) : 1;
  return plan;
}

// Fetches memory into the second-level cache, a part with each tile, while the tiles keep the processor busy.
class Prefetch {
 public:
  Prefetch() = default;
  template <class T>
  Prefetch(const T* data, int64_t count, int64_t parts)
      : at_(reinterpret_cast<const char*>(data)),
        end_(reinterpret_cast<const char*>(data + count)),
        step_(pieces_of(count * static_cast<int64_t>(sizeof(T)), 64 * std::max<int64_t>(1, parts)) * 64) {}

  void next() {
    for (const char* stop = std::min(end_, at_ + step_); at_ < stop; at_ += 64) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const char *at_ = nullptr, *end_ = nullptr;
  int64_t step_ = 0;
};

// One thread's task: some rows of outputs of some images of one group.
template <class T> class CorrelationTask {
 public:
  CorrelationTask(const Correlation<T>& conv, const ConvWindow& window, const RowTiles& rows,
                  const std::vector<PreparedPhase<T>>& phases)
      : conv_(conv), window_(window), rows_(rows), phases_(phases) {}

  // Gets room for the windows of that many images. Padding is written once; filling a window leaves it as it is.
  void clear_windows(int64_t images) {
    static thread_local Workspace space;
    const int64_t size = images * window_.size() + window_.slack(tiles_.lanes);
    windows_ = space.get<T>(size);
    std::fill_n(windows_, size, T(0));
  }

  // `upcoming`: the images that will come next.
  void operator()(int64_t group, Range images, Range outputs, Range upcoming) {
    static thread_local Workspace plane_space;
    const int64_t width = conv_.x[0].count;
    group_ = group, images_ = images, outputs_ = outputs;
    const int64_t plane = conv_.source_height * conv_.source_width;
    for (int64_t n = 0; n < images.size(); ++n) {
      window_.fill(tiles_, conv_.source + ((images.begin + n) * conv_.groups + group) * conv_.channels * plane, outputs.begin,
                   windows_ + n * window_.size());
    }
    if (run_ != outputs.size() * width) {
      run_ = outputs.size() * width;
      list_places();
    }
    const int64_t vectors = images.size() * pieces_of(run_, tiles_.lanes) * static_cast<int64_t>(phases_.size());
    next_source_ = Prefetch(conv_.source + (upcoming.begin * conv_.groups + group) * conv_.channels * plane,
                            upcoming.size() * conv_.channels * plane, vectors * rows_.count / tiles_.max_vectors);
    if (!conv_.phased()) {
      const int64_t size = conv_.out_height * conv_.out_width;
      T* out = conv_.out + (images.begin * conv_.groups + group) * conv_.rows * size + outputs.begin * width;
      return multiply(phases_[0], out, size, conv_.groups * conv_.rows * size);
    }
    plane_ = pieces_of(run_, tiles_.lanes) * tiles_.lanes;
    planes_ = plane_space.get<T>(static_cast<int64_t>(phases_.size()) * images.size() * conv_.rows * plane_ + plane_);
    for (size_t p = 0; p < phases_.size(); ++p) {
      if (phases_[p].depth() > 0) multiply(phases_[p], phase_plane(p, 0, 0), plane_, conv_.rows * plane_);
    }
    merge();
  }

 private:
  // Sums of row i of image n, over the task's outputs, go to out + n * image_stride + i * row_stride.
  void multiply(const PreparedPhase<T>& phase, T* out, int64_t row_stride, int64_t image_stride) {
    const int64_t lanes = tiles_.lanes, of_image = pieces_of(run_, lanes);
    const RowTiles columns(images_.size() * of_image, tiles_.max_vectors);
    const T* weights = phase.weights + group_ * conv_.rows * phase.depth();
    CorrelationTile<T> tile;
    tile.offset = phase.offset.data(), tile.depth = phase.depth(), tile.relu = conv_.relu;
    int64_t image = 0, j = 0;
    for (int64_t column = 0; column < columns.count; ++column) {
      T* place[kMaxConvVectors];
      tile.gap = 0;
      for (int v = 0; v < columns.height(column); ++v) {
        const Place& at = places_[j];
        tile.source[v] = windows_ + image * window_.size() + at.source;
        tile.split[v] = at.split;
        if (at.split < lanes) tile.gap = window_.gap();
        place[v] = out + image * image_stride + at.output;
        if (++j == of_image) j = 0, ++image;
      }
      multiply_column(tile, columns.height(column), place, row_stride, weights);
    }
  }

  // Vectors of outputs of an image.
  struct Place {
    int64_t source, output;
    int split;  // lanes in the first one's row
  };
  void list_places() {
    places_.clear();
    const int64_t lanes = tiles_.lanes, width = conv_.x[0].count;
    for (int64_t j = 0; j < run_; j += lanes) {
      // The last one overlaps the one before.
      const int64_t at = std::max<int64_t>(0, std::min(j, run_ - lanes));
      places_.push_back({at / width * window_.pitch() + at % width, at, static_cast<int>(std::min(lanes, width - at % width))});
    }
  }

  void multiply_column(CorrelationTile<T>& tile, int vectors, T* const* place, int64_t row_stride, const T* weights) {
    alignas(64) T sums[kMaxConvRows * kMaxConvVectors * 64 / sizeof(T)];
    const bool whole = run_ >= tiles_.lanes || conv_.phased();
    tile.row_stride = whole ? row_stride : tiles_.lanes * vectors;
    for (int64_t t = 0; t < rows_.count; ++t) {
      const int64_t first = rows_.begin(t);
      for (int v = 0; v < vectors; ++v) tile.out[v] = whole ? place[v] + first * row_stride : sums + v * tiles_.lanes;
      tile.weights = weights + first * tile.depth;
      tile.bias = conv_.bias == nullptr ? nullptr : conv_.bias + group_ * conv_.rows + first;
      tiles_.correlate(rows_.height(t), vectors, tile);
      next_source_.next();
      if (whole) continue;
      for (int i = 0; i < rows_.height(t); ++i) {
        for (int v = 0; v < vectors; ++v) std::copy_n(tile.out[v] + i * tile.row_stride, run_, place[v] + (first + i) * row_stride);
      }
    }
  }

  T* phase_plane(size_t phase, int64_t image, int64_t row) const {
    return planes_ + ((static_cast<int64_t>(phase) * images_.size() + image) * conv_.rows + row) * plane_;
  }

  // Interleaves the phases' planes to the output's.
  void merge() {
    const int64_t width = conv_.x[0].count, step_y = static_cast<int64_t>(conv_.y.size());
    T* zeros = phase_plane(phases_.size(), 0, 0);
    std::fill_n(zeros, plane_, T(0));
    std::vector<const T*> from(conv_.x.size());
    T* out = conv_.out + (images_.begin * conv_.groups + group_) * conv_.rows * conv_.out_height * conv_.out_width;
    for (int64_t image = 0; image < images_.size(); ++image) {
      for (int64_t row = 0; row < conv_.rows; ++row) {
        T* plane = out + (image * conv_.groups * conv_.rows + row) * conv_.out_height * conv_.out_width;
        for (size_t v = 0; v < conv_.y.size(); ++v) {
          for (size_t h = 0; h < from.size(); ++h) {
            const size_t phase = v * from.size() + h;
            from[h] = phases_[phase].depth() == 0 ? zeros : phase_plane(phase, image, row);
          }
          const int64_t rows = std::min(outputs_.end, conv_.y[v].count) - outputs_.begin;
          const int64_t first = conv_.y[v].first + outputs_.begin * step_y;
          tiles_.interleave(from.data(), static_cast<int64_t>(from.size()), width, rows, conv_.out_width,
                            plane + first * conv_.out_width, step_y * conv_.out_width);
        }
      }
    }
  }

  const ConvTiles<T>& tiles_ = conv_tiles<T>();
  const Correlation<T>& conv_;
  const ConvWindow& window_;
  const RowTiles& rows_;
  const std::vector<PreparedPhase<T>>& phases_;
  int64_t group_ = 0;
  Range images_{}, outputs_{};
  T *windows_ = nullptr, *planes_ = nullptr;
  std::vector<Place> places_;
  Prefetch next_source_;
  int64_t run_ = 0, plane_ = 0;  // outputs of an image that lie side by side, and room for as many in whole vectors
};

template <class T> void correlate(const Correlation<T>& conv) {
  if (conv.images * conv.groups * conv.rows * conv.out_height * conv.out_width == 0) return;
  const ConvTiles<T>& tiles = conv_tiles<T>();
  const ConvAxis y = axis_of(conv.y, conv.source_height, conv.step_y), x = axis_of(conv.x, conv.source_width, conv.step_x);
  const Plan plan = make_plan(conv, y, x, tiles);
  const ConvWindow window(y, x, conv.channels, plan.strip, tiles);
  const RowTiles rows(conv.rows, tiles.max_rows);

  static thread_local Workspace weight_space;
  int64_t taps = 0;
  for (const Phase& v : conv.y) {
    for (const Phase& h : conv.x) taps += static_cast<int64_t>(v.tap.size() * h.tap.size());
  }
  T* weights = weight_space.get<T>(conv.groups * conv.rows * conv.channels * taps + 1);
  const std::vector<PreparedPhase<T>> phases = prepare(conv, window, rows, weights);

  const int64_t tasks = conv.groups * plan.blocks * plan.strips;
  const int64_t work = conv.images * conv.groups * conv.rows * y.outputs * x.outputs * conv.channels * taps;
  parallel_for(tasks, grain_of(work / tasks), [&](int64_t begin, int64_t end) {
    CorrelationTask<T> task(conv, window, rows, phases);
    task.clear_windows(plan.together);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t s = i % plan.strips * plan.strip, group = i / plan.strips / plan.blocks;
      const Range images = part(conv.images, plan.blocks, i / plan.strips % plan.blocks, 1);
      for (int64_t n = images.begin; n < images.end; n += plan.together) {
        // Another strip has its padding elsewhere.
        if (plan.strips > 1 && i > begin) task.clear_windows(1);
        const Range now = {n, std::min(images.end, n + plan.together)};
        const Range next = {now.end, plan.strips > 1 ? now.end : std::min(conv.images, now.end + plan.together)};
        task(group, now, {s, std::min(y.outputs, s + plan.strip)}, next);
      }
    }
  });
}

Phase forward_taps(int64_t outputs, int64_t count, int64_t dilation, int64_t pad) {
  Phase phase = {0, outputs, {}, {}};
  for (int64_t i = 0; i < count; ++i) {
    phase.tap.push_back(i);
    phase.at.push_back(i * dilation - pad);
  }
  return phase;
}

template <class T> void forward(const ConvShape& s, const T* x, const T* weight, T* y, const T* bias, Activation activation) {
  const int64_t channels = s.c / s.groups, rows = s.co / s.groups, taps = s.kh * s.kw;
  Correlation<T> conv;
  conv.images = s.n, conv.groups = s.groups, conv.channels = channels, conv.rows = rows;
  conv.source = x, conv.source_height = s.h, conv.source_width = s.w, conv.step_y = s.stride_h, conv.step_x = s.stride_w;
  conv.y = {forward_taps(s.out_h(), s.kh, s.dil_h, s.pad_h)};
  conv.x = {forward_taps(s.out_w(), s.kw, s.dil_w, s.pad_w)};
  conv.weight = weight, conv.kernel_width = s.kw, conv.weight_channel_stride = taps;
  conv.weight_row_stride = channels * taps, conv.weight_group_stride = rows * channels * taps;
  conv.out = y, conv.out_height = s.out_h(), conv.out_width = s.out_w();
  conv.bias = bias, conv.relu = activation == Activation::relu;
  correlate(conv);
}

std::vector<Phase> gradient_taps(int64_t size, int64_t stride, int64_t taps, int64_t dilation, int64_t pad) {
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
  if (s.h * s.w == 0) return;
  const int64_t channels = s.co / s.groups, rows = s.c / s.groups, taps = s.kh * s.kw;
  Correlation<T> conv;
  conv.images = s.n, conv.groups = s.groups, conv.channels = channels, conv.rows = rows;
  conv.source = dy, conv.source_height = s.out_h(), conv.source_width = s.out_w(), conv.step_y = 1, conv.step_x = 1;
  conv.y = gradient_taps(s.h, s.stride_h, s.kh, s.dil_h, s.pad_h);
  conv.x = gradient_taps(s.w, s.stride_w, s.kw, s.dil_w, s.pad_w);
  conv.weight = weight, conv.kernel_width = s.kw, conv.weight_channel_stride = rows * taps;
  conv.weight_row_stride = taps, conv.weight_group_stride = channels * rows * taps;
  conv.out = dx, conv.out_height = s.h, conv.out_width = s.w;
  correlate(conv);
}

}  // namespace

void conv2d_forward(const ConvShape& shape, const float* x, const float* weight, float* y, const float* bias, Activation activation) {
  forward(shape, x, weight, y, bias, activation);
}
void conv2d_forward(const ConvShape& shape, const double* x, const double* weight, double* y, const double* bias,
                    Activation activation) {
  forward(shape, x, weight, y, bias, activation);
}

void conv2d_input_gradient(const ConvShape& shape, const float* dy, const float* weight, float* dx) {
  input_gradient(shape, dy, weight, dx);
}
void conv2d_input_gradient(const ConvShape& shape, const double* dy, const double* weight, double* dx) {
  input_gradient(shape, dy, weight, dx);
}

}  // namespace stet
