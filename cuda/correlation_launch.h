// Which tiles compute a correlation.
#pragma once

#include <algorithm>
#include <limits>

#include "stet/cuda/correlation.h"
#include "stet/cuda/dialect.h"
#include "stet/tensor/window.h"

namespace stet::cuda {

/// Whether int32_t counts whatever a convolution counts, sums of two of them included, and uint32_t the bytes of a
/// tensor of T.
template <class T> bool is_small(const Window& s) {
  const int64_t padding = 2 * (s.pad_h * s.w + s.pad_w);  // how far taps lie outside the image
  const int64_t elements = std::max(
      {s.n * s.c * s.h * s.w + padding, s.n * s.co * s.out_h() * s.out_w(), s.co * (s.c / s.groups) * s.kh * s.kw});
  const int64_t most = std::max({elements, (s.h + 2 * s.pad_h + s.out_h()) * (s.w + 2 * s.pad_w + s.out_w()),
                                 s.stride_h, s.stride_w, s.dil_h, s.dil_w});
  return most < std::numeric_limits<int32_t>::max() / 2 &&
         elements < std::numeric_limits<uint32_t>::max() / static_cast<int64_t>(sizeof(T));
}

/// Instructions that a tile of S takes a term, about, where `tiles` of them are dealt out to a GPU that is busy from
/// 256 threads a multiprocessor on. A copy takes five.
template <class S> double cost_of(int64_t tiles, int multiprocessors) {
  const double multiplications = S::kM * S::kN,
               accesses = multiplications * (1.0 / S::kThreadM + 1.0 / S::kThreadN) / 4, copies = 5.0 * (S::kM + S::kN);
  return (multiplications + accesses + copies) *
         std::max<double>(static_cast<double>(pieces_of(tiles, multiprocessors)), 256.0 / S::kThreads);
}

/// Calls f(S()) with the cheapest of the tiles for a result of that size; `parts` such products run at once.
template <class First, class... Rest, class F>
void with_cheapest_tile(int64_t rows, int64_t columns, int64_t parts, int multiprocessors, const F& f) {
  const auto cost = [&]<class S>(S) {
    return cost_of<S>(parts * pieces_of(rows, S::kM) * pieces_of(columns, S::kN), multiprocessors);
  };
  const double least = std::min({cost(First()), cost(Rest())...});
  bool done = false;
  const auto attempt = [&]<class S>(S tile) {
    if (done || cost(tile) > least) return;
    done = true;
    f(tile);
  };
  attempt(First());
  (attempt(Rest()), ...);
}

template <class S, template <class, class, class> class Weights, class T, class I, int kPhases>
void launch_correlation(Queue& queue, const Correlation<T, I>& c, const CorrelationPhases<I, kPhases>& phases) {
  int64_t pixels = 0;
  int terms = 0;
  for (int i = 0; i < phases.count; ++i)
    pixels = std::max(pixels, phases.of[i].pixels), terms = std::max(terms, phases.of[i].terms);
  const auto across = static_cast<unsigned>(pieces_of(pixels, S::kN));
  Grid grid = {
      .blocks = {across * pieces_of(c.rows, S::kM)}, .threads = S::kThreads, .shared = sizeof(CorrelationShared<S>)};
  const int64_t most = std::min<int64_t>(c.groups, Grid::kMostYZ / phases.count);
  const bool one_chunk = terms <= kProductChunk;
  Scratch<T> totals(queue, one_chunk ? 0 : most * phases.count * grid.blocks.x * S::kM * S::kN);
  for (int64_t group = 0; group < c.groups; group += most) {
    grid.blocks.z = std::min<int64_t>(most, c.groups - group) * phases.count;
    queue.launch(correlate<S, Weights, T, I, kPhases>, grid, c, phases, across, static_cast<int>(group),
                 one_chunk ? nullptr : totals.data());
  }
}

/// Weights: the loader of the weight.
template <template <class, class, class> class Weights, class T, class I, int kPhases>
void correlate_tiles(Queue& queue, const Correlation<T, I>& c, const CorrelationPhases<I, kPhases>& phases) {
  const auto launch = [&]<class S>(S) { launch_correlation<S, Weights>(queue, c, phases); };
  if constexpr (sizeof(T) == 8) {
    launch(Tile<T, 64, 64, 4, 4>());
  } else if constexpr (sizeof(I) == 8) {
    launch(Tile<T, 64, 64, 8, 4>());
  } else {
    with_cheapest_tile<Tile<T, 128, 128, 8, 16>, Tile<T, 64, 256, 8, 16>, Tile<T, 64, 64, 8, 4>, Tile<T, 32, 128, 8, 4>,
                       Tile<T, 16, 256, 4, 8>>(c.rows, phases.of[0].pixels, int64_t{c.groups} * phases.count,
                                               queue.multiprocessors(), launch);
  }
}

template <class I>
CorrelationPhase<I> make_phase(const CorrelationAxis<I>& y, const CorrelationAxis<I>& x, int64_t images,
                               int64_t channels) {
  using Count = Divisor<Unsigned<I>>;
  const int64_t outputs = int64_t{y.outputs} * x.outputs, taps = int64_t{y.taps} * x.taps;
  const auto divisor = [](int64_t n) { return Count(std::max<int64_t>(1, n)); };
  return {y,
          x,
          divisor(outputs),
          divisor(x.outputs),
          divisor(taps),
          divisor(x.taps),
          images * outputs,
          static_cast<int>(channels * taps)};
}

}  // namespace stet::cuda
