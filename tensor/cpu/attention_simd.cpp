// Attention of one head after another, a strip of rows at a time: its scores and weights stay in cache.
#include <limits>

#include "stet/tensor/finite.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/attention_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/cpu/attention_head.h"
#include "stet/tensor/cpu/row-inl.h"
#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/math/float-lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int64_t kWidth = hn::MaxLanes(D());

int64_t whole(int64_t n) { return pieces_of(n, kWidth) * kWidth; }

// Rows of scores that stay in the second-level cache beside what else is used.
constexpr int64_t kStripFloats = 24576, kMostStripRows = 64;

int64_t strip_rows(int64_t keys) { return std::clamp<int64_t>(kStripFloats / keys, kTileRows, kMostStripRows); }

// Where one thread keeps what it works on.
class Scratch {
 public:
  explicit Scratch(int64_t floats) {
    static thread_local Workspace space;
    next_ = space.get<float>(floats);
  }
  float* take(int64_t floats) {
    float* taken = next_;
    next_ += whole(floats);
    return taken;
  }

 private:
  float* next_;
};

// Rows x [n, width] as they are, each filled up to whole vectors with +0.
void pack_rows(HeadRows<const float> x, int64_t n, int64_t width, float* to) {
  microkernel<float>().pack(x.data, width, n, 1, x.stride, whole(width), to);
}

// Their transpose [width, n].
void pack_columns(HeadRows<const float> x, int64_t n, int64_t width, float* to) {
  microkernel<float>().pack(x.data, n, width, x.stride, 1, whole(n), to);
}

// y[i] = f(vector i) over n elements; then +0 up to the end of the vector that holds n - 1 or, if that is further,
// `end`'s.
template <class F> HWY_INLINE void for_row(float* y, int64_t n, int64_t end, const F& f) {
  const D d;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(f(i), d, y + i);
  if (i < n) {
    hn::StoreU(hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(n - i)), f(i)), d, y + i);
    i += kWidth;
  }
  for (; i < end; i += kWidth) hn::StoreU(hn::Zero(d), d, y + i);
}

// The sum of a row that ForRow wrote.
HWY_INLINE float sum_of_row(const float* x, int64_t n) {
  const auto load = [=](int64_t i, int64_t = 0) HWY_ATTR { return hn::LoadU(D(), x + i); };
  return n <= kSumBlock ? block_sum_of<float>(n, load, load) : row_sum(x, n);
}

// Writes n elements that f gives vector by vector.
template <class F> HWY_INLINE void write_row(float* y, int64_t n, const F& f) {
  const D d;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(f(i), d, y + i);
  if (i == n) return;
  HWY_ALIGN float rest[kWidth];
  hn::Store(f(i), d, rest);
  std::copy(rest, rest + (n - i), y + i);
}

// The maximum of n scaled scores. Which of two zeros or whether a NaN wins shows nowhere: the former changes no
// difference's power of e, the latter makes their sum NaN, and with it the whole row.
float greatest(const float* scores, int64_t n, float scale) {
  const D d;
  const V factor = hn::Set(d, scale), lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  V most = lowest;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) most = hn::Max(most, hn::Mul(hn::LoadU(d, scores + i), factor));
  if (i < n) {
    const V last = hn::Mul(hn::LoadU(d, scores + i), factor);
    most = hn::Max(most, hn::IfThenElse(hn::FirstN(d, static_cast<size_t>(n - i)), last, lowest));
  }
  return halve(d, most, [](auto a, auto b) HWY_ATTR { return hn::Max(a, b); });
}

// One head.
class Head {
 public:
  Head(const HeadShape& shape, const HeadTensors& x) : shape_(shape), x_(x) {}

  // Rows [begin, end) of the result.
  void forward(Range rows) const {
    const int64_t s = shape_.keys, e = shape_.value_width, strip = strip_rows(s);
    Scratch scratch(whole(s) * shape_.width + s * whole(e) + strip * (ld() + whole(e)) + 4 * kWidth);
    float* keys = scratch.take(whole(s) * shape_.width);
    float* values = scratch.take(s * whole(e));
    float* weights = scratch.take(strip * ld());
    float* out = scratch.take(strip * whole(e));
    pack_columns(x_.k, s, shape_.width, keys);
    pack_rows(x_.v, s, e, values);
    const bool by_tiles = !shape_.causal || all_finite(values, s * whole(e));
    for (int64_t i = rows.begin; i < rows.end; i += strip) {
      const Range part = {i, std::min(rows.end, i + strip)};
      scores(part, keys, weights);
      const auto row = [&](int64_t r) { return weights + (r - part.begin) * ld(); };
      // Pass by pass: what one row waits for would hold up the next row's work.
      for (int64_t r = part.begin; r < part.end; ++r) x_.extremes[r] = greatest(row(r), seen(r), shape_.scale);
      for (int64_t r = part.begin; r < part.end; ++r) exponentials(row(r), r, seen(part.end - 1));
      for (int64_t r = part.begin; r < part.end; ++r) x_.totals[r] = sum_of_row(row(r), seen(r));
      over_keys(part, weights, values, e, by_tiles, out);
      for (int64_t r = part.begin; r < part.end; ++r) {
        const float* row = out + (r - part.begin) * whole(e);
        const V total = hn::Set(D(), x_.totals[r]);
        write_row(x_.o.row(r), e, [&](int64_t j) HWY_ATTR { return hn::Div(hn::LoadU(D(), row + j), total); });
      }
    }
  }

  void backward(const HeadGradients& gradients) const {
    const int64_t t = shape_.queries, s = shape_.keys, w = shape_.width, e = shape_.value_width, strip = strip_rows(s);
    Scratch scratch(whole(s) * (w + e) + (2 * s + s + t) * whole(w) + 2 * s * whole(e) +
                    strip * (2 * ld() + whole(e) + whole(w)) + 16 * kWidth);
    float* keys_across = scratch.take(whole(s) * w);
    float* values_across = scratch.take(whole(s) * e);
    float* keys = scratch.take(s * whole(w));
    float* queries = scratch.take(t * whole(w));
    float* weights = scratch.take(strip * ld());
    float* slopes = scratch.take(strip * ld());
    float* shared = scratch.take(strip * whole(e));
    float* dq = scratch.take(strip * whole(w));
    OverQueries dk(scratch, t, s, w), dv(scratch, t, s, e);
    pack_columns(x_.k, s, w, keys_across);
    pack_columns(x_.v, s, e, values_across);
    pack_rows(x_.k, s, w, keys);
    pack_rows(x_.q, t, w, queries);
    const bool finite_keys = !shape_.causal || all_finite(keys, s * whole(w));
    const bool finite_queries = !shape_.causal || all_finite(queries, t * whole(w));
    for (int64_t i = 0; i < t;) {
      const int64_t chunk_end = (i / kProductChunk + 1) * kProductChunk;
      const Range part = {i, std::min({t, i + strip, chunk_end})};
      scores(part, keys_across, weights);
      for (int64_t r = part.begin; r < part.end; ++r) exponentials(weights + (r - i) * ld(), r, seen(part.end - 1));
      for (int64_t r = part.begin; r < part.end; ++r)
        upstream(gradients.g.row(r), x_.totals[r], shared + (r - i) * whole(e));
      for_tiles(part, [&](Range tile, int64_t columns) {
        multiply_chunks(static_cast<int>(tile.size()), columns, e, {shared + (tile.begin - i) * whole(e), whole(e), 1},
                        values_across, whole(s), slopes + (tile.begin - i) * ld(), ld());
      });
      float deltas[kMostStripRows];
      for (int64_t r = part.begin; r < part.end; ++r) deltas[r - i] = inner(shared + (r - i) * whole(e), x_.o.row(r));
      for (int64_t r = part.begin; r < part.end; ++r)
        slope(weights + (r - i) * ld(), deltas[r - i], r, seen(part.end - 1), slopes + (r - i) * ld());
      over_keys(part, slopes, keys, w, finite_keys, dq);
      for (int64_t r = part.begin; r < part.end; ++r) {
        const float* row = dq + (r - part.begin) * whole(w);
        write_row(gradients.dq.row(r), w, [&](int64_t j) HWY_ATTR { return hn::LoadU(D(), row + j); });
      }
      const bool finite_shared = !shape_.causal || all_finite(shared, part.size() * whole(e));
      dk.add(*this, part, slopes, queries + i * whole(w), finite_queries);
      dv.add(*this, part, weights, shared, finite_shared);
      i = part.end;
      if (i == chunk_end && i < t) dk.end_chunk(), dv.end_chunk();
    }
    dk.write(gradients.dk);
    dv.write(gradients.dv);
  }

 private:
  // Sums over the queries, for each key: chains that go on from strip to strip.
  class OverQueries {
   public:
    OverQueries(Scratch& scratch, int64_t queries, int64_t keys, int64_t width)
        : keys_(keys),
          width_(width),
          several_(queries > kProductChunk),
          chain_(scratch.take(size())),
          total_(scratch.take(size())) {
      std::fill(chain_, chain_ + size(), 0.0f);
      if (several_) std::fill(total_, total_ + size(), 0.0f);
    }

    // Those of the rows of a strip, times x's, which begin with the strip's first.
    void add(const Head& head, Range part, const float* rows, const float* x, bool by_tiles) {
      const int64_t n = head.shape_.causal ? part.end : keys_, most = by_tiles ? kTileRows : 1;
      const RowTiles tiles(n, static_cast<int>(most));
      for (int64_t i = 0; i < tiles.count; ++i) {
        const int64_t j = tiles.begin(i);
        const int64_t from = head.shape_.causal ? std::max<int64_t>(0, j - part.begin) : 0;
        if (from >= part.size()) continue;
        multiply_rows(tiles.height(i), width_, part.size() - from, {rows + from * head.ld() + j, 1, head.ld()},
                      x + from * whole(width_), whole(width_), chain_ + j * whole(width_), whole(width_), Store::chain);
      }
    }
    // Of each but the last.
    void end_chunk() {
      const D d;
      for (int64_t i = 0; i < size(); i += kWidth) {
        hn::StoreU(hn::Add(hn::LoadU(d, total_ + i), hn::LoadU(d, chain_ + i)), d, total_ + i);
        hn::StoreU(hn::Zero(d), d, chain_ + i);
      }
    }
    void write(HeadRows<float> to) const {
      const D d;
      for (int64_t j = 0; j < keys_; ++j) {
        const float *chain = chain_ + j * whole(width_), *total = total_ + j * whole(width_);
        write_row(to.row(j), width_, [&](int64_t i) HWY_ATTR {
          return hn::Add(several_ ? hn::LoadU(d, total + i) : hn::Zero(d), hn::LoadU(d, chain + i));
        });
      }
    }

   private:
    int64_t size() const { return keys_ * whole(width_); }

    int64_t keys_, width_;
    bool several_;  // chunks
    float *chain_, *total_;
  };

  // Rows of scores lie apart by more than a power of two, which would put their columns on the same cache lines.
  int64_t ld() const { return whole(shape_.keys) + kWidth; }
  int64_t seen(int64_t row) const { return shape_.causal ? row + 1 : shape_.keys; }

  // body(rows, keys that the last of them sees).
  template <class Body> void for_tiles(Range part, const Body& body) const {
    const RowTiles tiles(part.size(), kTileRows);
    for (int64_t i = 0; i < tiles.count; ++i) {
      const Range rows = {part.begin + tiles.begin(i), part.begin + tiles.begin(i + 1)};
      body(rows, seen(rows.end - 1));
    }
  }

  void scores(Range part, const float* keys, float* to) const {
    for_tiles(part, [&](Range rows, int64_t columns) {
      multiply_chunks(static_cast<int>(rows.size()), columns, shape_.width, {x_.q.row(rows.begin), x_.q.stride, 1},
                      keys, whole(shape_.keys), to + (rows.begin - part.begin) * ld(), ld());
    });
  }

  // e^(scaled score - the greatest) of a row, and +0 for the keys that it does not see but others of its strip do, up
  // to `end`.
  void exponentials(float* row, int64_t r, int64_t end) const {
    const V scale = hn::Set(D(), shape_.scale), most = hn::Set(D(), x_.extremes[r]);
    for_row(row, seen(r), end, [&](int64_t j) HWY_ATTR {
      return math::HWY_NAMESPACE::Exp(hn::Sub(hn::Mul(hn::LoadU(D(), row + j), scale), most));
    });
  }

  void upstream(const float* g, float total, float* to) const {
    const int64_t e = shape_.value_width;
    const V divisor = hn::Set(D(), total);
    for_row(to, e, whole(e), [&](int64_t j) HWY_ATTR {
      const V v = e - j < kWidth ? load_part(D(), g + j, e - j, 0.0f) : hn::LoadU(D(), g + j);
      return hn::Div(v, divisor);
    });
  }

  // The sum of h · o over a row; h is filled up with +0.
  float inner(const float* h, const float* o) const {
    const D d;
    const auto block = [=](int64_t begin, int64_t n) HWY_ATTR {
      return block_sum_of<float>(
          n, [=](int64_t j) HWY_ATTR { return hn::Mul(hn::LoadU(d, h + begin + j), hn::LoadU(d, o + begin + j)); },
          [=](int64_t j, int64_t count) HWY_ATTR {
            return hn::Mul(load_part(d, h + begin + j, count, 0.0f), load_part(d, o + begin + j, count, 0.0f));
          });
    };
    const int64_t e = shape_.value_width;
    return e <= kSumBlock ? block(0, e) : sum_of_blocks<float>(0, e, block);
  }

  // In place of p: (weight · (p - delta)) · scale, and +0 as above.
  void slope(const float* weights, float delta, int64_t r, int64_t end, float* p) const {
    const V shift = hn::Set(D(), delta), scale = hn::Set(D(), shape_.scale);
    for_row(p, seen(r), end, [&](int64_t j) HWY_ATTR {
      return hn::Mul(hn::Mul(hn::LoadU(D(), weights + j), hn::Sub(hn::LoadU(D(), p + j), shift)), scale);
    });
  }

  // Each row of a strip times x [keys, width]. A tile multiplies keys that some of its rows don't see by +0, which is
  // as if they were left out where x is finite; else each row goes alone.
  void over_keys(Range part, const float* rows, const float* x, int64_t width, bool by_tiles, float* to) const {
    const auto multiply = [&](Range tile, int64_t keys) {
      const int64_t first = tile.begin - part.begin;
      multiply_chunks(static_cast<int>(tile.size()), width, keys, {rows + first * ld(), ld(), 1}, x, whole(width),
                      to + first * whole(width), whole(width));
    };
    if (by_tiles) return for_tiles(part, multiply);
    for (int64_t r = part.begin; r < part.end; ++r) multiply({r, r + 1}, seen(r));
  }

  HeadShape shape_;
  HeadTensors x_;
};

void head_forward(const HeadShape& shape, const HeadTensors& x, Range rows) { Head(shape, x).forward(rows); }
void head_backward(const HeadShape& shape, const HeadTensors& x, const HeadGradients& g) { Head(shape, x).backward(g); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {

HWY_EXPORT(head_forward);
HWY_EXPORT(head_backward);

namespace {

template <class T> HeadRows<T> rows_of(const Tensor& x, int64_t head) {
  const Strides& s = x.strides();
  const int64_t heads = x.size(1);
  return {x.mutable_data_as<float>() + head / heads * s[0] + head % heads * s[1], s[2]};
}

HeadShape shape_of(const AttentionRule& rule, const AttentionInputs& in) {
  return {in.q.size(2), in.k.size(2), in.q.size(3), in.v.size(3), rule.scale, rule.causal};
}

HeadTensors tensors_of(const AttentionInputs& in, const Tensor& o, const Tensor& extremes, const Tensor& totals,
                       int64_t head) {
  const int64_t first = head * in.q.size(2);
  return {rows_of<const float>(in.q, head),          rows_of<const float>(in.k, head),
          rows_of<const float>(in.v, head),          rows_of<float>(o, head),
          extremes.mutable_data_as<float>() + first, totals.mutable_data_as<float>() + first};
}

}  // namespace

void attention(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
               const Tensor& totals) {
  const HeadShape shape = shape_of(rule, in);
  const int64_t heads = in.q.size(0) * in.q.size(1);
  if (heads == 0 || shape.queries == 0) return;
  const int64_t work = shape.queries * shape.keys * (shape.width + shape.value_width);
  // Rows of one head are divided where there are few heads.
  const int64_t parts = std::clamp<int64_t>(pieces_of(2 * threads(), heads), 1, pieces_of(shape.queries, 64));
  parallel_for(heads * parts, grain_of(work / parts), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t head = task / parts;
      STET_DISPATCH(head_forward)
      (shape, tensors_of(in, o, extremes, totals, head), part(shape.queries, parts, task % parts, 1));
    }
  });
}

void attention_gradient(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                        const Tensor& totals, const Tensor& g, const AttentionInputs& gradients) {
  const HeadShape shape = shape_of(rule, in);
  const int64_t heads = in.q.size(0) * in.q.size(1);
  const int64_t work = shape.queries * shape.keys * (3 * shape.width + 2 * shape.value_width);
  parallel_for(heads, grain_of(work), [&](int64_t begin, int64_t end) {
    for (int64_t head = begin; head < end; ++head) {
      const HeadGradients to = {rows_of<const float>(g, head), rows_of<float>(gradients.q, head),
                                rows_of<float>(gradients.k, head), rows_of<float>(gradients.v, head)};
      STET_DISPATCH(head_backward)(shape, tensors_of(in, o, extremes, totals, head), to);
    }
  });
}

}  // namespace stet::cpu_kernels

#endif
