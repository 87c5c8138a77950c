// Convolution and its input's gradient as products: rows are the result's channels, columns its pixels of all images, K
// runs over the source's channels and taps. Nothing is copied out to a matrix; loaders find each tap of a pixel where
// it lies.
//
// The input's gradient for strides sh x sw is sh * sw products, phases: of result positions whose taps fall on whole
// output positions together. The taps between have no place in any of them.
#pragma once

#include <type_traits>

#include "stet/cuda/divide.h"
#include "stet/cuda/product_tile.h"
#include "stet/cuda/queue.h"

namespace stet::cuda {

// I counts: int32_t where all tensors are small and a kernel has at most kMostTaps taps, else int64_t.
inline constexpr int kMostTaps = 32;
template <class I> using Unsigned = std::conditional_t<sizeof(I) == 4, uint32_t, int64_t>;

/// One axis of a phase. Output t and tap a meet source position t * step + at + a * at_step; outside [0, size) lies
/// padding. Tap a is the kernel's tap + a * tap_step, and output t the result's position first + t * apart.
template <class I> struct CorrelationAxis {
  I outputs, step, at, at_step, taps, tap, tap_step, size, first, apart;

  __device__ bool holds(I position) const { return position >= 0 && position < size; }
};

template <class I> struct CorrelationPhase {
  CorrelationAxis<I> y, x;
  Divisor<Unsigned<I>> outputs, outputs_x, taps,
      taps_x;      // of an image, of one of its rows; of a channel, of one of the kernel's rows
  int64_t pixels;  // of all images
  int terms;       // K
};

/// Some of the phases, or the only one.
template <class I, int kMost_> struct CorrelationPhases {
  static constexpr int kMost = kMost_;

  int count;
  CorrelationPhase<I> of[kMost];
};

template <class T, class I> struct Correlation {
  const T *source, *weight, *bias;  // bias may be null
  T* out;
  Activation activation;
  I channels, rows, groups;      // of source and result, a group
  I plane, width;                // the source's elements a channel, and a row
  I out_plane, out_width;        // the result's
  I row_stride, channel_stride;  // the weight's elements from one result channel to the next, and from one source
                                 // channel to the next
  I kernel_width;
};

/// Terms that stages look up, which begin anywhere in a channel. `source` is how far a term's elements lie from those
/// of the channel's first tap at offset 0, whether it is a tap of that channel or of one after it. `weight` likewise.
template <class S> struct CorrelationTerms {
  struct Tap {
    int source;
    uint32_t bit;
  };
  static constexpr int kListed = kMostTaps - 1 + S::kDepth;

  Tap taps[kListed +
           2 * S::kDepth];  // then those of the last stage, where terms past K have no bit, and those of stages past it
  int weight[kListed];

  /// All threads of a block fill it.
  template <class T> __device__ void fill(const Correlation<T, int32_t>& c, const CorrelationPhase<int32_t>& phase) {
    const int taps_of_channel = phase.y.taps * phase.x.taps;
    for (int i = static_cast<int>(threadIdx.x); i < kListed + 2 * S::kDepth; i += S::kThreads) {
      const int last = phase.terms == 0 ? 0 : (phase.terms - 1) / S::kDepth * S::kDepth;
      const bool is_there = i < kListed ? taps_of_channel > 0 : last + i - kListed < phase.terms;
      taps[i] = {0, 0};
      if (!is_there) continue;
      const int term = i < kListed ? i : last % taps_of_channel + i - kListed;
      const int channel = term / taps_of_channel, tap = term % taps_of_channel, a = tap / phase.x.taps,
                b = tap % phase.x.taps;
      taps[i] = {channel * c.plane + a * phase.y.at_step * c.width + b * phase.x.at_step, 1u << tap};
      if (i < kListed) {
        weight[i] = channel * c.channel_stride + (phase.y.tap + a * phase.y.tap_step) * c.kernel_width + phase.x.tap +
                    b * phase.x.tap_step;
      }
    }
  }
};

template <class S> struct CorrelationShared {
  typename S::Shared tile;
  CorrelationTerms<S> terms;
};

/// The stage that a loader stands at. With int32_t, terms are looked up.
template <class S, class I> class CorrelationStage {
 public:
  template <class T>
  __device__ CorrelationStage(const Correlation<T, I>& c, const CorrelationPhase<I>& phase,
                              const CorrelationTerms<S>& terms)
      : plane_(c.plane), channel_stride_(c.channel_stride), by_taps_(phase.taps), terms_(terms), left_(phase.terms) {
    look_up();
  }

  __device__ __forceinline__ bool has(int term) const { return term < left_; }
  /// The bit is 0 where the stage has not so many terms.
  __device__ __forceinline__ const typename CorrelationTerms<S>::Tap& tap(int term) const { return taps_[term]; }
  /// The channels that the last advance() went on.
  __device__ __forceinline__ I passed() const { return passed_; }
  __device__ __forceinline__ uint32_t weight(int term) const {
    return static_cast<uint32_t>(channel_ * channel_stride_ + terms_.weight[tap_ + term]);
  }
  __device__ __forceinline__ void advance() {
    left_ -= S::kDepth;
    const auto next = divide(static_cast<uint32_t>(tap_ + S::kDepth), by_taps_);
    passed_ = static_cast<I>(next.quotient);
    channel_ += passed_;
    tap_ = static_cast<int>(next.rest);
    look_up();
  }

 private:
  __device__ __forceinline__ void look_up() {
    constexpr int kListed = CorrelationTerms<S>::kListed;
    taps_ = terms_.taps + (left_ >= S::kDepth ? tap_ : left_ > 0 ? kListed : kListed + S::kDepth);
  }

  I plane_, channel_stride_;
  const Divisor<uint32_t>& by_taps_;
  const CorrelationTerms<S>& terms_;
  const typename CorrelationTerms<S>::Tap* taps_;
  I channel_ = 0, passed_ = 0;
  int tap_ = 0, left_;
};

template <class S> class CorrelationStage<S, int64_t> {
 public:
  template <class T>
  __device__ CorrelationStage(const Correlation<T, int64_t>& c, const CorrelationPhase<int64_t>& phase,
                              const CorrelationTerms<S>&)
      : channel_stride_(c.channel_stride), kernel_width_(c.kernel_width), phase_(phase) {}

  struct Place {
    int64_t channel, y, x;  // the taps of a channel
  };
  __device__ Place place(int term) const {
    const auto channel = divide(int64_t{begin_ + term}, phase_.taps);
    const auto tap = divide(channel.rest, phase_.taps_x);
    return {channel.quotient, tap.quotient, tap.rest};
  }
  __device__ bool has(int term) const { return begin_ + term < phase_.terms; }
  __device__ int64_t weight(int term) const {
    const Place at = place(term);
    return at.channel * channel_stride_ + (phase_.y.tap + at.y * phase_.y.tap_step) * kernel_width_ + phase_.x.tap +
           at.x * phase_.x.tap_step;
  }
  __device__ void advance() { begin_ += S::kDepth; }

 private:
  int64_t channel_stride_, kernel_width_;
  const CorrelationPhase<int64_t>& phase_;
  int begin_ = 0;
};

/// A pixel of the result: its image, and the source's position that its taps are counted from.
template <class I> struct CorrelationPixel {
  int64_t image;
  I y, x;
};

/// Number i of all images' pixels, or the last where there are not so many.
template <class I>
__device__ __forceinline__ CorrelationPixel<I> pixel_at(const CorrelationPhase<I>& phase, int64_t i) {
  const auto image = divide(static_cast<Unsigned<I>>(i < phase.pixels ? i : phase.pixels - 1), phase.outputs);
  const auto place = divide(image.rest, phase.outputs_x);
  return {static_cast<int64_t>(image.quotient), static_cast<I>(place.quotient) * phase.y.step + phase.y.at,
          static_cast<I>(place.rest) * phase.x.step + phase.x.at};
}

/// The first channel of an image's group in the source.
template <class T, class I>
__device__ __forceinline__ const T* source_of(const Correlation<T, I>& c, int64_t image, int64_t group) {
  return c.source + (image * c.groups + group) * c.channels * c.plane;
}

/// The source's elements that a pixel's taps meet.
template <class S, class T, class I> class PixelLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = false;
  static constexpr int kWidth = 1;

  struct Line {
    const T* from;    // where a tap at offset 0 would be
    uint32_t inside;  // the taps that meet the image; others meet padding
  };

  __device__ PixelLoader(const Correlation<T, I>& c, const CorrelationPhase<I>& phase, const CorrelationTerms<S>& terms,
                         int64_t group, int64_t first)
      : c_(c), phase_(phase), stage_(c, phase, terms), group_(group), first_(first) {}

  __device__ __forceinline__ Line line(int index, int) const {
    const auto pixel = pixel_at(phase_, first_ + index);
    uint32_t row = 0, inside = 0;
    for (I b = 0; b < phase_.x.taps; ++b)
      row |= static_cast<uint32_t>(phase_.x.holds(pixel.x + b * phase_.x.at_step)) << b;
    for (I a = 0; a < phase_.y.taps; ++a) {
      if (phase_.y.holds(pixel.y + a * phase_.y.at_step)) inside |= row << a * phase_.x.taps;
    }
    return {source_of(c_, pixel.image, group_) + (pixel.y * c_.width + pixel.x), inside};
  }

  __device__ __forceinline__ Source<T> at(const Line& line, int term, int) const {
    const auto tap = stage_.tap(term);
    return {line.from + tap.source, (line.inside & tap.bit) != 0};
  }
  __device__ __forceinline__ void advance(int) { stage_.advance(); }
  __device__ __forceinline__ void move(Line& line) const { line.from += stage_.passed() * c_.plane; }

 private:
  const Correlation<T, I>& c_;
  const CorrelationPhase<I>& phase_;
  CorrelationStage<S, I> stage_;
  int64_t group_, first_;
};

template <class S, class T> class PixelLoader<S, T, int64_t> {
 public:
  using Element = T;
  static constexpr bool kAlongK = false;
  static constexpr int kWidth = 1;

  struct Line {
    const T* from;  // the image's first channel of the group
    int64_t y, x;
  };

  __device__ PixelLoader(const Correlation<T, int64_t>& c, const CorrelationPhase<int64_t>& phase,
                         const CorrelationTerms<S>& terms, int64_t group, int64_t first)
      : c_(c), phase_(phase), stage_(c, phase, terms), group_(group), first_(first) {}

  __device__ Line line(int index, int) const {
    const auto pixel = pixel_at(phase_, first_ + index);
    return {source_of(c_, pixel.image, group_), pixel.y, pixel.x};
  }

  __device__ Source<T> at(const Line& line, int term, int) const {
    if (!stage_.has(term)) return {line.from, 0};
    const auto tap = stage_.place(term);
    const int64_t y = line.y + tap.y * phase_.y.at_step, x = line.x + tap.x * phase_.x.at_step;
    if (!phase_.y.holds(y) || !phase_.x.holds(x)) return {line.from, 0};
    return {line.from + tap.channel * c_.plane + y * c_.width + x, 1};
  }
  __device__ void advance(int) { stage_.advance(); }

 private:
  const Correlation<T, int64_t>& c_;
  const CorrelationPhase<int64_t>& phase_;
  CorrelationStage<S, int64_t> stage_;
  int64_t group_, first_;
};

/// Where a result channel of a group begins in the weight; of the last, where there are not so many.
template <class T, class I> __device__ __forceinline__ Unsigned<I> weight_row(const Correlation<T, I>& c, int64_t row) {
  return static_cast<Unsigned<I>>((row < c.rows ? row : c.rows - 1) * c.row_stride);
}

/// The weight's elements of a result channel.
template <class S, class T, class I> class WeightLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = true;
  static constexpr int kWidth = 1;

  struct Line {
    Unsigned<I> offset;
  };

  __device__ WeightLoader(const Correlation<T, I>& c, const CorrelationPhase<I>& phase,
                          const CorrelationTerms<S>& terms, int64_t group, int64_t first)
      : c_(c), stage_(c, phase, terms), weight_(c.weight + group * c.channels * c.channel_stride), first_(first) {}

  __device__ __forceinline__ Line line(int index, int) const { return {weight_row(c_, first_ + index)}; }
  __device__ __forceinline__ Source<T> at(const Line& line, int term, int) const {
    return {weight_ + (line.offset + stage_.weight(term)), stage_.has(term)};
  }
  __device__ __forceinline__ void advance(int) { stage_.advance(); }

 private:
  const Correlation<T, I>& c_;
  CorrelationStage<S, I> stage_;
  const T* weight_;
  int64_t first_;
};

/// The same where K runs as the elements lie.
template <class S, class T, class I> class WeightRowLoader {
 public:
  using Element = T;
  static constexpr bool kAlongK = true;
  static constexpr int kWidth = 1;

  struct Line {
    Unsigned<I> offset;
  };

  __device__ WeightRowLoader(const Correlation<T, I>& c, const CorrelationPhase<I>& phase, const CorrelationTerms<S>&,
                             int64_t group, int64_t first)
      : c_(c), at_(c.weight + group * c.rows * static_cast<int64_t>(c.row_stride)), first_(first), left_(phase.terms) {}

  __device__ __forceinline__ Line line(int index, int term) const {
    return {weight_row(c_, first_ + index) + static_cast<Unsigned<I>>(term)};
  }
  __device__ __forceinline__ Source<T> at(const Line& line, int term, int ahead) const {
    return {at_ + line.offset + ahead, term < left_};
  }
  __device__ __forceinline__ void advance(int terms) { at_ += terms, left_ -= terms; }

 private:
  const Correlation<T, I>& c_;
  const T* at_;
  int64_t first_;
  int left_;
};

/// Where the result's pixels lie: side by side where kPhased is false.
template <class T, class I, bool kPhased> class PixelOutput {
 public:
  __device__ PixelOutput(const Correlation<T, I>& c, const CorrelationPhase<I>& phase, int64_t group, int64_t row,
                         int64_t column)
      : c_(c), phase_(phase), group_(group), row_(row), column_(column) {}

  template <int W> __device__ __forceinline__ void put(int row, int column, const T (&sums)[W]) const {
    const int64_t channel = row_ + row, pixel = column_ + column;
    if (channel >= c_.rows) return;
    const T* const bias = c_.bias == nullptr ? nullptr : c_.bias + group_ * c_.rows + channel;
    tile::Group<T, W> all;
#pragma unroll
    for (int j = 0; j < W; ++j) all.of[j] = finish_product(sums[j], bias, c_.activation);
    if (!kPhased && c_.out_plane % W == 0) {  // then a group of pixels is of one image, and aligned
      if (pixel < phase_.pixels) *reinterpret_cast<tile::Group<T, W>*>(place(channel, pixel)) = all;
      return;
    }
#pragma unroll
    for (int j = 0; j < W; ++j) {
      if (pixel + j < phase_.pixels) *place(channel, pixel + j) = all.of[j];
    }
  }

 private:
  __device__ __forceinline__ T* place(int64_t channel, int64_t pixel) const {
    const auto image = divide(static_cast<Unsigned<I>>(pixel), phase_.outputs);
    I offset = static_cast<I>(image.rest);
    if constexpr (kPhased) {
      const auto at = divide(image.rest, phase_.outputs_x);
      offset = (phase_.y.first + static_cast<I>(at.quotient) * phase_.y.apart) * c_.out_width + phase_.x.first +
               static_cast<I>(at.rest) * phase_.x.apart;
    }
    return c_.out + ((static_cast<int64_t>(image.quotient) * c_.groups + group_) * c_.rows + channel) * c_.out_plane +
           offset;
  }

  const Correlation<T, I>& c_;
  const CorrelationPhase<I>& phase_;
  int64_t group_, row_, column_;
};

/// Blocks: tiles, rows of `across` tiles of pixels; along z phases, for each group from `first_group` on. `totals` has
/// S::kM * S::kN elements a block, or is null where there is one chunk.
template <class S, template <class, class, class> class Weights, class T, class I, int kPhases>
__global__ void __launch_bounds__(S::kThreads, S::kBlocks)
    correlate(Correlation<T, I> c, CorrelationPhases<I, kPhases> phases, unsigned across, int first_group, T* totals) {
  constexpr bool kPhased = kPhases > 1;
  const int count = kPhased ? phases.count : 1;
  const CorrelationPhase<I>& phase = phases.of[kPhased ? static_cast<int>(blockIdx.z) % count : 0];
  const int64_t group = first_group + static_cast<int64_t>(blockIdx.z) / count;
  const int64_t row = static_cast<int64_t>(blockIdx.x / across) * S::kM,
                column = static_cast<int64_t>(blockIdx.x % across) * S::kN;
  if (column >= phase.pixels) return;
  auto& shared = cuda::shared<CorrelationShared<S>>();
  if constexpr (sizeof(I) == 4) {
    shared.terms.fill(c, phase);
    __syncthreads();
  }
  const Weights<S, T, I> weights(c, phase, shared.terms, group, row);
  const PixelLoader<S, T, I> pixels(c, phase, shared.terms, group, column);
  const PixelOutput<T, I, kPhased> output(c, phase, group, row, column);
  if (totals != nullptr) totals += (blockIdx.z * int64_t{gridDim.x} + blockIdx.x) * S::kM * S::kN;
  product_tile<S>(shared.tile, weights, pixels, phase.terms, output, {totals});
}

}  // namespace stet::cuda
