#include "stet/tensor/cpu/conv/pixel_lanes.h"

#include <algorithm>

#include "stet/tensor/cpu/conv/pixel_layout.h"
#include "stet/tensor/cpu/conv/pixel_tiles.h"
#include "stet/tensor/cpu/prefetch.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {
namespace {

// A task's windows stay in the second-level cache, beside the weights.
constexpr int64_t kWindowBytes = 512 << 10;

// How the work is cut: tasks are `blocks` of images, or strips of single ones; a task takes `together` images at a
// time.
struct Plan {
  int64_t strip, strips, blocks, together;
};

template <class T> Plan make_plan(const Correlation<T>& conv, const PixelTiles<T>& tiles) {
  const int64_t outputs = conv.y[0].count, width = conv.x[0].count;
  const int64_t bytes = WindowParts(conv, outputs, tiles).room() * static_cast<int64_t>(sizeof(T));
  const int64_t work = conv.rows * conv.out_height * conv.out_width * conv.channels;
  const int64_t wanted = pieces_of(4 * threads(), conv.groups);
  Plan plan;
  const int64_t strips = std::max(
      {int64_t{1}, pieces_of(bytes, kWindowBytes), std::min(pieces_of(wanted, conv.images), work / kLeastWork)});
  plan.strip = pieces_of(outputs, std::min(strips, outputs));
  plan.strips = pieces_of(outputs, plan.strip);
  plan.blocks = plan.strips > 1 ? conv.images : std::min(conv.images, wanted);
  // Images whose vectors fill tiles to the last.
  const int64_t vectors = pieces_of(outputs * width, tiles.lanes);
  const bool fill_up = plan.strips == 1 && vectors < 16 && vectors % kMaxPixelVectors != 0;
  plan.together = fill_up ? std::clamp<int64_t>(kWindowBytes / std::max<int64_t>(1, bytes), 1, kMaxPixelVectors) : 1;
  return plan;
}

// Up to kMaxPixelVectors vectors of outputs, all with the same taps.
template <class T> struct Column {
  const PixelTaps<T>* taps;
  int vectors;
  bool split;
  int64_t source[kMaxPixelVectors], out[kMaxPixelVectors];
  int lanes[kMaxPixelVectors];  // in the first one's row
  int64_t apart;                // where the outputs of lanes are listed, if they do not lie side by side; or -1
};

// One thread's task: some rows of outputs of some images of one group.
template <class T> class PixelTask {
 public:
  PixelTask(const Correlation<T>& conv, const WindowParts& parts, const PixelLayout<T>& layout, const RowTiles& rows)
      : conv_(conv), parts_(parts), layout_(layout), rows_(rows), columns_(conv.y.size() * conv.x.size()) {}

  // Gets room for the windows of that many images. Padding is written once; filling a window leaves it as it is.
  void clear_windows(int64_t images) {
    static thread_local Workspace space;
    if (parts_.in_place()) return;
    const int64_t size = images * parts_.room();
    windows_ = space.get<T>(size);
    std::fill_n(windows_, size, T(0));
  }

  // `upcoming`: the images that will come next.
  void operator()(int64_t group, Range images, Range outputs, Range upcoming) {
    static thread_local Workspace plane_space, sums_space;
    const int64_t source = conv_.channels * conv_.source_height * conv_.source_width,
                  size = conv_.out_height * conv_.out_width;
    source_ = windows_;
    if (parts_.in_place()) source_ = conv_.source + (images.begin * conv_.groups + group) * source;
    for (int64_t n = 0; n < images.size() && !parts_.in_place(); ++n) {
      for (const WindowPart& part : parts_.parts()) {
        part.window.fill(tiles_, conv_.source, conv_.images * conv_.groups * source,
                         ((images.begin + n) * conv_.groups + group) * source, outputs.begin,
                         windows_ + n * parts_.room() + part.base);
      }
    }
    group_ = group;
    const int64_t sums = conv_.rows * kMaxPixelVectors * tiles_.lanes;
    sums_ = sums_space.get<T>(3 * sums), chunk_sums_ = sums_ + sums, totals_ = chunk_sums_ + sums;
    const bool as_before =
        images_.size() == images.size() && outputs_.begin == outputs.begin && outputs_.end == outputs.end;
    images_ = images, outputs_ = outputs;
    if (!as_before) list_columns();
    next_source_ = Prefetch(conv_.source + (upcoming.begin * conv_.groups + group) * source, upcoming.size() * source,
                            column_count_ * rows_.count);
    if (!conv_.phased()) return multiply(0, conv_.out + (images.begin * conv_.groups + group) * conv_.rows * size);
    planes_ = plane_space.get<T>(static_cast<int64_t>(columns_.size()) * images.size() * conv_.rows * plane_);
    for (size_t phase = 0; phase < columns_.size(); ++phase) {
      if (!empty(phase)) multiply(phase, phase_plane(phase, 0));
    }
    merge();
  }

 private:
  // A phase that meets no tap.
  bool empty(size_t phase) const {
    return conv_.y[phase / conv_.x.size()].tap.empty() || conv_.x[phase % conv_.x.size()].tap.empty();
  }

  // Of the output, or of a phase's planes.
  int64_t row_stride() const { return conv_.phased() ? plane_ : conv_.out_height * conv_.out_width; }
  int64_t image_stride() const { return row_stride() * conv_.rows * (conv_.phased() ? 1 : conv_.groups); }

  void list_columns() {
    plane_ = pieces_of(outputs_.size() * conv_.x[0].count, tiles_.lanes) * tiles_.lanes;
    lane_out_.clear();
    column_count_ = 0;
    for (size_t phase = 0; phase < columns_.size(); ++phase) {
      columns_[phase].clear();
      for (size_t part = 0; part < parts_.parts().size(); ++part) {
        for (int64_t t = outputs_.begin, end = t; t < outputs_.end; t = end) {
          const PixelTaps<T>& taps = layout_.taps(phase, part, t);
          while (end < outputs_.end && &layout_.taps(phase, part, end) == &taps) ++end;
          list_columns_of({t, end}, taps, columns_[phase]);
        }
      }
      column_count_ += static_cast<int64_t>(columns_[phase].size());
    }
  }

  // Those of a part's rows of outputs with the same taps, images one after another.
  void list_columns_of(Range rows, const PixelTaps<T>& taps, std::vector<Column<T>>& columns) {
    const WindowPart& part = parts_.parts()[taps.part];
    const int64_t width = conv_.x[0].count, part_width = part.columns.size(), lanes = tiles_.lanes;
    const int64_t run = rows.size() * part_width, of_image = pieces_of(run, lanes);
    const bool apart = part_width < width ? part_width % lanes != 0 : run < lanes && !conv_.phased();
    const int64_t first_source = (rows.begin - outputs_.begin) * part.window.pitch();
    const int64_t first_out = (conv_.phased() ? rows.begin - outputs_.begin : rows.begin) * width + part.columns.begin;
    const RowTiles tiles(images_.size() * of_image, tiles_.max_vectors);
    for (int64_t tile = 0; tile < tiles.count; ++tile) {
      Column<T>& column = columns.emplace_back();
      column.taps = &taps, column.vectors = tiles.height(tile), column.split = false;
      column.apart = apart ? static_cast<int64_t>(lane_out_.size()) : -1;
      for (int v = 0; v < column.vectors; ++v) {
        const int64_t image = (tiles.begin(tile) + v) / of_image, j = (tiles.begin(tile) + v) % of_image * lanes;
        // The last one overlaps the one before.
        const int64_t at = std::max<int64_t>(0, std::min(j, run - lanes)), row = at / part_width, x = at % part_width;
        column.source[v] = image * parts_.room() + first_source + row * part.window.pitch() + x;
        column.out[v] = image * image_stride() + first_out + row * width + x;
        column.lanes[v] = static_cast<int>(std::min(lanes, part_width - x));
        column.split |= column.lanes[v] < lanes && part.window.gap() > 0;
        for (int64_t i = at; apart && i < at + lanes; ++i) {
          lane_out_.push_back(i < run ? image * image_stride() + first_out + i / part_width * width + i % part_width
                                      : -1);
        }
      }
    }
  }

  void multiply(size_t phase, T* out) {
    PixelColumn<T> column;
    column.bias = conv_.bias == nullptr ? nullptr : conv_.bias + group_ * conv_.rows;
    column.rows = &rows_, column.relu = conv_.relu, column.chunk_sums = chunk_sums_, column.totals = totals_,
    column.upcoming = &next_source_;
    for (const Column<T>& from : columns_[phase]) {
      const PixelTaps<T>& taps = *from.taps;
      column.offset = taps.offset.data(), column.chunk_end = taps.chunk_end.data();
      column.chunks = static_cast<int64_t>(taps.chunk_end.size());
      column.weights = taps.weights + group_ * conv_.rows * taps.depth();
      column.gap = from.split ? parts_.parts()[taps.part].window.gap() : 0;
      column.row_stride = from.apart < 0 ? row_stride() : tiles_.lanes * from.vectors;
      for (int v = 0; v < from.vectors; ++v) {
        column.source[v] = source_ + from.source[v];
        column.split[v] = from.lanes[v];
        column.out[v] = from.apart < 0 ? out + from.out[v] : sums_ + v * tiles_.lanes;
      }
      tiles_.correlate(from.vectors, column);
      if (from.apart >= 0) scatter(&lane_out_[static_cast<size_t>(from.apart)], from.vectors * tiles_.lanes, out);
    }
  }

  // Takes sums to where their lanes' outputs are.
  void scatter(const int64_t* lane_out, int64_t lanes, T* out) const {
    for (int64_t row = 0; row < conv_.rows; ++row) {
      for (int64_t i = 0; i < lanes; ++i) {
        if (lane_out[i] >= 0) out[row * row_stride() + lane_out[i]] = sums_[row * lanes + i];
      }
    }
  }

  T* phase_plane(size_t phase, int64_t image) const {
    return planes_ + (static_cast<int64_t>(phase) * images_.size() + image) * conv_.rows * plane_;
  }

  // Interleaves the phases' planes to the output's.
  void merge() {
    const int64_t step_y = static_cast<int64_t>(conv_.y.size()), step_x = static_cast<int64_t>(conv_.x.size());
    const int64_t begin = outputs_.begin * step_y, end = std::min(outputs_.end * step_y, conv_.out_height);
    std::vector<const T*> from(columns_.size());
    for (int64_t image = 0; image < images_.size(); ++image) {
      for (size_t phase = 0; phase < from.size(); ++phase)
        from[phase] = empty(phase) ? nullptr : phase_plane(phase, image);
      const int64_t size = conv_.out_height * conv_.out_width;
      T* out =
          conv_.out + ((images_.begin + image) * conv_.groups + group_) * conv_.rows * size + begin * conv_.out_width;
      tiles_.interleave(
          {from.data(), step_y, step_x, plane_, conv_.x[0].count, conv_.rows, end - begin, conv_.out_width, out, size});
    }
  }

  const PixelTiles<T>& tiles_ = pixel_tiles<T>();
  const Correlation<T>& conv_;
  const WindowParts& parts_;
  const PixelLayout<T>& layout_;
  const RowTiles& rows_;
  int64_t group_ = 0;
  Range images_{}, outputs_{};
  const T* source_ = nullptr;  // of the images: their windows, or what they lie in
  T *windows_ = nullptr, *planes_ = nullptr, *sums_ = nullptr, *chunk_sums_ = nullptr, *totals_ = nullptr;
  std::vector<std::vector<Column<T>>> columns_;  // by phase
  std::vector<int64_t> lane_out_;                // places of single outputs; -1 for a lane that is none
  int64_t column_count_ = 0, plane_ = 0;         // plane: room for a phase's outputs of an image, in whole vectors
  Prefetch next_source_;
};

}  // namespace

template <class T> void correlate_pixel_lanes(const Correlation<T>& conv) {
  const PixelTiles<T>& tiles = pixel_tiles<T>();
  const Plan plan = make_plan(conv, tiles);
  const WindowParts parts(conv, plan.strip, tiles);
  const RowTiles rows(conv.rows, tiles.max_rows);
  // A tile of a single vector is slow.
  const bool fills_tiles = parts.parts()[0].columns.size() * plan.together >= 2 * tiles.lanes;
  const PixelLayout<T> layout(conv, parts, rows, fills_tiles);

  int64_t taps = 0;
  for (const TapPhase& v : conv.y) {
    for (const TapPhase& h : conv.x) taps += static_cast<int64_t>(v.tap.size() * h.tap.size());
  }
  const int64_t outputs = conv.y[0].count, tasks = conv.groups * plan.blocks * plan.strips;
  const int64_t work = conv.images * conv.groups * conv.rows * outputs * conv.x[0].count * conv.channels * taps;
  parallel_for(tasks, grain_of(work / tasks), [&](int64_t begin, int64_t end) {
    PixelTask<T> task(conv, parts, layout, rows);
    task.clear_windows(plan.together);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t s = i % plan.strips * plan.strip, group = i / plan.strips / plan.blocks;
      const Range images = part(conv.images, plan.blocks, i / plan.strips % plan.blocks, 1);
      const int64_t turns = pieces_of(images.size(), plan.together);
      for (int64_t turn = 0; turn < turns; ++turn) {
        // Another strip has its padding elsewhere.
        if (plan.strips > 1 && i > begin) task.clear_windows(1);
        Range now = part(images.size(), turns, turn, 1);
        now = {images.begin + now.begin, images.begin + now.end};
        const bool fetches = plan.strips == 1 && conv.step_y == 1;
        const Range next = {now.end, fetches ? std::min(conv.images, now.end + plan.together) : now.end};
        task(group, now, {s, std::min(outputs, s + plan.strip)}, next);
      }
    }
  });
}

template void correlate_pixel_lanes(const Correlation<float>& conv);
template void correlate_pixel_lanes(const Correlation<double>& conv);

}  // namespace stet::cpu_kernels
