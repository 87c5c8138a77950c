#include "stet/tensor/cpu/conv/channel_lanes.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "stet/tensor/cpu/conv/channel_tiles.h"
#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/prefetch.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {
namespace {

// Weights of a block of terms stay in the first-level cache, and sums of a task, twice, in the second-level one.
constexpr int64_t kBlockBytes = 16 << 10, kSumsBytes = 192 << 10;

// So many channels of weights are packed together: the cache lines of both sides stay until they are done with.
constexpr int64_t kPackedChannels = 8;

// The outputs of a run of rows that meet a run of columns, and their terms.
struct PixelClass {
  OutputRun y, x;
  std::vector<ChannelTerm> terms;
  std::vector<int64_t> chunk_end;  // where the contract's chunks end
};

// What all tasks share.
template <class T> class ChannelLayout {
 public:
  explicit ChannelLayout(const Correlation<T>& conv)
      : conv_(conv),
        tiles_(pieces_of(conv.rows, lanes_), channel_tiles<T>().max_vectors),
        padded_(pieces_of(conv.rows, lanes_) * lanes_),
        taps_(conv.weight_count / (conv.groups * conv.rows * conv.channels)) {
    const std::vector<OutputRun> columns = runs_of(conv.x, conv.source_width, conv.step_x);
    for (const OutputRun& y : runs_of(conv.y, conv.source_height, conv.step_y)) {
      for (const OutputRun& x : columns) {
        classes_.push_back({y, x, {}, {}});
        list_terms(classes_.back());
      }
    }
    pack();
  }

  const std::vector<PixelClass>& classes() const { return classes_; }
  /// Tiles of output channels, in vectors.
  const RowTiles& tiles() const { return tiles_; }
  /// Of a kernel.
  int64_t taps() const { return taps_; }
  /// Of a tile: [channel, tap, row].
  const T* weights(int64_t group, int64_t tile) const {
    return packed_ + conv_.channels * taps_ * (group * padded_ + tiles_.begin(tile) * lanes_);
  }
  /// Of a tile, or null.
  const T* bias(int64_t group, int64_t tile) const {
    return conv_.bias == nullptr ? nullptr : bias_ + group * padded_ + tiles_.begin(tile) * lanes_;
  }

 private:
  void list_terms(PixelClass& pixels) const {
    const TapPhase &y = *pixels.y.phase, &x = *pixels.x.phase;
    const int64_t of_channel = static_cast<int64_t>(y.at.size() * x.at.size());
    const int64_t used = pixels.y.taps.size() * pixels.x.taps.size();
    pixels.terms.reserve(static_cast<size_t>(conv_.channels * used));
    for (int64_t c = 0; c < conv_.channels; ++c) {
      for (int64_t i = pixels.y.taps.begin; i < pixels.y.taps.end; ++i) {
        for (int64_t j = pixels.x.taps.begin; j < pixels.x.taps.end; ++j) {
          // Terms that are left out count.
          const int64_t k = c * of_channel + i * static_cast<int64_t>(x.at.size()) + j;
          while (k >= kProductChunk * static_cast<int64_t>(pixels.chunk_end.size() + 1)) {
            pixels.chunk_end.push_back(static_cast<int64_t>(pixels.terms.size()));
          }
          const size_t tap_y = static_cast<size_t>(i), tap_x = static_cast<size_t>(j);
          pixels.terms.push_back({(c * conv_.source_height + y.at[tap_y]) * conv_.source_width + x.at[tap_x],
                                  c * taps_ + y.tap[tap_y] * conv_.kernel_width + x.tap[tap_x]});
        }
      }
    }
    pixels.chunk_end.push_back(static_cast<int64_t>(pixels.terms.size()));
  }

  void pack() {
    static thread_local Workspace weight_space, bias_space;
    packed_ = weight_space.get<T>(conv_.groups * conv_.channels * taps_ * padded_);
    T* to = packed_;
    for (int64_t group = 0; group < conv_.groups; ++group) {
      for (int64_t tile = 0; tile < tiles_.count; ++tile) {
        const int64_t width = tiles_.height(tile) * lanes_;
        for (int64_t c = 0; c < conv_.channels; c += kPackedChannels) {
          const int64_t count = std::min(kPackedChannels, conv_.channels - c);
          pack_channels(group, c, count, tiles_.begin(tile) * lanes_, width, to);
          to += count * taps_ * width;
        }
      }
    }
    if (conv_.bias == nullptr) return;
    bias_ = bias_space.get<T>(conv_.groups * padded_);
    std::fill_n(bias_, conv_.groups * padded_, T(0));
    for (int64_t group = 0; group < conv_.groups; ++group)
      std::copy_n(conv_.bias + group * conv_.rows, conv_.rows, bias_ + group * padded_);
  }

  void pack_channels(int64_t group, int64_t channel, int64_t channels, int64_t first_row, int64_t width, T* to) const {
    std::fill_n(to, channels * taps_ * width, T(0));
    const T* from = conv_.weight + group * conv_.weight_group_stride + first_row * conv_.weight_row_stride +
                    channel * conv_.weight_channel_stride;
    for (int64_t row = 0; row < std::min(width, conv_.rows - first_row); ++row, from += conv_.weight_row_stride) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t tap = 0; tap < taps_; ++tap)
          to[(c * taps_ + tap) * width + row] = from[c * conv_.weight_channel_stride + tap];
      }
    }
  }

  const int64_t lanes_ = channel_tiles<T>().lanes;
  const Correlation<T>& conv_;
  const RowTiles tiles_;
  const int64_t padded_, taps_;
  std::vector<PixelClass> classes_;
  T *packed_ = nullptr, *bias_ = nullptr;
};

// How the work is cut: tasks are `blocks` of images, or `strips` of single ones, or `shares` of the tiles of channels;
// a task takes `together` images at a time.
struct Plan {
  int64_t strips, shares, blocks, together;
};

template <class T> int64_t work_of(const Correlation<T>& conv) {
  return conv.images * conv.weight_count * conv.y[0].count * conv.x[0].count;
}

template <class T> Plan make_plan(const Correlation<T>& conv, const ChannelLayout<T>& layout) {
  const int64_t lanes = channel_tiles<T>().lanes, size = static_cast<int64_t>(sizeof(T));
  const int64_t weights = layout.tiles().height(0) * lanes * size;  // of a term, in bytes
  const int64_t sums = conv.out_height * conv.out_width * weights;
  const int64_t wanted =
      threads() == 1 ? 1 : std::min(pieces_of(4 * threads(), conv.groups), work_of(conv) / kLeastWork);
  Plan plan;
  plan.shares = std::clamp<int64_t>(pieces_of(wanted, conv.images), 1, layout.tiles().count);
  // A strip has at least a vector of pixels.
  const int64_t most = std::max<int64_t>(1, conv.out_height / pieces_of(lanes, conv.out_width));
  plan.strips =
      std::clamp<int64_t>(std::max(pieces_of(sums, kSumsBytes), pieces_of(wanted, conv.images * plan.shares)), 1, most);
  plan.blocks = plan.strips * plan.shares > 1 ? conv.images : std::clamp<int64_t>(wanted, 1, conv.images);
  // Two images give every pixel a partner. More share a block's weights, as long as what the block reads of them stays
  // in the cache too.
  const int64_t channels = pieces_of(kBlockBytes / weights, layout.taps());
  const int64_t source = std::max<int64_t>(1, channels * conv.source_height * conv.source_width * size);
  plan.together = std::clamp<int64_t>(kBlockBytes / source, 2, 16);
  plan.together = plan.strips > 1 ? 1 : std::clamp<int64_t>(kSumsBytes / sums, 1, plan.together);
  return plan;
}

// One thread's task: some rows of outputs of some images of one group.
template <class T> class ChannelTask {
 public:
  ChannelTask(const Correlation<T>& conv, const ChannelLayout<T>& layout) : conv_(conv), layout_(layout) {}

  // `upcoming`: the images that will come next.
  void operator()(int64_t group, Range tiles, Range images, Range rows, Range upcoming) {
    static thread_local Workspace space;
    if (images.size() != images_ || rows.begin != rows_.begin || rows.end != rows_.end) {
      images_ = images.size(), rows_ = rows;
      list_pairs();
    }
    const int64_t pairs = static_cast<int64_t>(pair_.size()), sums = 2 * pairs * tiles_.max_vectors * tiles_.lanes;
    totals_ = space.get<T>(2 * sums), chunk_sums_ = totals_ + sums;
    const int64_t source = conv_.channels * conv_.source_height * conv_.source_width;
    source_ = conv_.source + (images.begin * conv_.groups + group) * source;
    next_source_ = Prefetch(conv_.source + (upcoming.begin * conv_.groups + group) * source, upcoming.size() * source,
                            pairs / 4 * tiles.size());
    const int64_t plane = conv_.out_height * conv_.out_width, pixels = rows.size() * conv_.out_width;
    for (int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
      for (size_t i = 0; i < runs_.size(); ++i) multiply(group, tile, layout_.classes()[i], runs_[i]);
      const int64_t first = layout_.tiles().begin(tile) * tiles_.lanes,
                    width = layout_.tiles().height(tile) * tiles_.lanes;
      for (int64_t image = 0; image < images_; ++image) {
        T* out = conv_.out + (((images.begin + image) * conv_.groups + group) * conv_.rows + first) * plane +
                 rows.begin * conv_.out_width;
        tiles_.write_out(
            {totals_, width, place_.data() + image * pixels, pixels, std::min(width, conv_.rows - first), out, plane});
      }
    }
  }

 private:
  // The pairs of a class.
  struct Pairs {
    Range range;
    int64_t step;  // in the source, from one pixel to the other
  };

  // Outputs of a class along one axis, and how far they lie apart in the source and among the task's outputs.
  struct PixelAxis {
    Range outputs;
    int64_t source, place;
    int64_t pairs() const { return pieces_of(outputs.size(), 2); }
  };

  // Of a run of rows those in the task.
  Range outputs_in_rows(const OutputRun& y) const {
    const int64_t phases = static_cast<int64_t>(conv_.y.size()), first = y.phase->first;
    const int64_t begin = std::max(y.outputs.begin, pieces_of(std::max<int64_t>(0, rows_.begin - first), phases));
    return {begin,
            std::max(begin, std::min(y.outputs.end, pieces_of(std::max<int64_t>(0, rows_.end - first), phases)))};
  }

  void list_pairs() {
    runs_.clear();
    pair_.clear();
    place_.resize(static_cast<size_t>(images_ * rows_.size() * conv_.out_width));
    for (const PixelClass& pixels : layout_.classes()) list_pairs(pixels);
  }

  // Pairs lie along the axis (image, row or column) on which the fewest pixels lack a partner.
  void list_pairs(const PixelClass& pixels) {
    const int64_t rows = static_cast<int64_t>(conv_.y.size()), columns = static_cast<int64_t>(conv_.x.size()),
                  width = conv_.out_width;
    const int64_t image = conv_.groups * conv_.channels * conv_.source_height * conv_.source_width;
    PixelAxis axes[] = {{{0, images_}, image, rows_.size() * width},
                        {outputs_in_rows(pixels.y), conv_.step_y * conv_.source_width, rows * width},
                        {pixels.x.outputs, conv_.step_x, columns}};
    int along = 2;
    for (int i : {1, 0}) {
      if (axes[i].pairs() * axes[along].outputs.size() < axes[along].pairs() * axes[i].outputs.size()) along = i;
    }
    std::rotate(axes + along, axes + along + 1, std::end(axes));
    const auto& [a, b, c] = axes;
    const int64_t begin = static_cast<int64_t>(pair_.size()),
                  origin = (pixels.y.phase->first - rows_.begin) * width + pixels.x.phase->first;
    for (int64_t i = a.outputs.begin; i < a.outputs.end; ++i) {
      for (int64_t j = b.outputs.begin; j < b.outputs.end; ++j) {
        list_pairs_along(c, i * a.source + j * b.source, origin + i * a.place + j * b.place);
      }
    }
    runs_.push_back({{begin, static_cast<int64_t>(pair_.size())}, c.outputs.size() > 1 ? c.source : 0});
  }

  // The last pair overlaps the one before, and a single pixel is paired with itself.
  void list_pairs_along(const PixelAxis& axis, int64_t source, int64_t place) {
    const auto [begin, end] = axis.outputs;
    for (int64_t i = begin; i < end; i += 2) {
      const int64_t at = std::max(begin, std::min(i, end - 2)), sum = 2 * static_cast<int64_t>(pair_.size());
      pair_.push_back(source + at * axis.source);
      place_[static_cast<size_t>(place + at * axis.place)] = sum;
      if (at + 1 < end) place_[static_cast<size_t>(place + (at + 1) * axis.place)] = sum + 1;
    }
  }

  void multiply(int64_t group, int64_t tile, const PixelClass& pixels, const Pairs& pairs) {
    ChannelBlock<T> block;
    block.vectors = layout_.tiles().height(tile);
    block.source = source_, block.pair = pair_.data() + pairs.range.begin, block.pairs = pairs.range.size(),
    block.step = pairs.step;
    block.weights = layout_.weights(group, tile), block.bias = layout_.bias(group, tile), block.relu = conv_.relu;
    const int64_t width = block.vectors * tiles_.lanes,
                  block_terms = kBlockBytes / static_cast<int64_t>(sizeof(T)) / width;
    block.chunk_sums = chunk_sums_ + 2 * pairs.range.begin * width,
    block.totals = totals_ + 2 * pairs.range.begin * width;
    block.upcoming = &next_source_;
    const int64_t chunks = static_cast<int64_t>(pixels.chunk_end.size());
    for (int64_t chunk = 0, begin = 0; chunk < chunks; begin = pixels.chunk_end[static_cast<size_t>(chunk++)]) {
      block.first_chunk = chunk == 0, block.last_chunk = chunk + 1 == chunks;
      const int64_t depth = pixels.chunk_end[static_cast<size_t>(chunk)] - begin,
                    parts = std::max<int64_t>(1, pieces_of(depth, block_terms));
      for (int64_t i = 0; i < parts; ++i) {
        block.terms = pixels.terms.data() + begin + depth * i / parts;
        block.count = depth * (i + 1) / parts - depth * i / parts;
        block.begins_chunk = i == 0, block.ends_chunk = i + 1 == parts;
        tiles_.multiply(block);
      }
    }
  }

  const ChannelTiles<T>& tiles_ = channel_tiles<T>();
  const Correlation<T>& conv_;
  const ChannelLayout<T>& layout_;
  int64_t images_ = 0;
  Range rows_{};
  std::vector<int64_t> pair_, place_;  // where a pair's first pixel lies in the source, and an output pixel's sums
  std::vector<Pairs> runs_;            // of each class
  const T* source_ = nullptr;
  T *totals_ = nullptr, *chunk_sums_ = nullptr;
  Prefetch next_source_;
};

}  // namespace

template <class T> void correlate_channel_lanes(const Correlation<T>& conv) {
  const ChannelLayout<T> layout(conv);
  const Plan plan = make_plan(conv, layout);
  const int64_t tiles = layout.tiles().count, tasks = conv.groups * plan.blocks * plan.strips * plan.shares;
  parallel_for(tasks, grain_of(work_of(conv) / tasks), [&](int64_t begin, int64_t end) {
    ChannelTask<T> task(conv, layout);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / plan.shares / plan.strips, group = block / plan.blocks;
      const Range images = part(conv.images, plan.blocks, block % plan.blocks, 1);
      const Range rows = part(conv.out_height, plan.strips, i / plan.shares % plan.strips, 1);
      const int64_t turns = pieces_of(images.size(), plan.together);
      for (int64_t turn = 0; turn < turns; ++turn) {
        const Range of_turn = part(images.size(), turns, turn, 1);
        const Range now = {images.begin + of_turn.begin, images.begin + of_turn.end};
        const bool goes_on = plan.strips * plan.shares == 1;
        const Range next = {now.end, goes_on ? std::min(conv.images, now.end + plan.together) : now.end};
        task(group, part(tiles, plan.shares, i % plan.shares, 1), now, rows, next);
      }
    }
  });
}

template void correlate_channel_lanes(const Correlation<float>& conv);
template void correlate_channel_lanes(const Correlation<double>& conv);

}  // namespace stet::cpu_kernels
