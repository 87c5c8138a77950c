// Attention of one head after another, a strip of rows at a time: its scores and weights stay in cache.
#include <algorithm>
#include <vector>

#include "stet/tensor/finite.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/attention_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/cpu/attention_head.h"
#include "stet/tensor/cpu/attention_rows-inl.h"
#include "stet/tensor/cpu/row-inl.h"
#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/math/float-lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using namespace attention_rows;

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

// One head, and a range of its queries.
class Head {
 public:
  Head(const HeadShape& shape, const HeadTensors& x, Range rows) : shape_(shape), x_(x), rows_(rows) {
    if (masked()) {
      for (int64_t r = rows.begin; r < rows.end; ++r) {
        // Rows of a mask that is stretched over the queries are one.
        const bool known = r > rows.begin && x.mask.stride == 0 && !shape.causal;
        seen_.push_back(known ? seen_.back() : mask(r).seen(reached(r)));
      }
    }
    keys_ = seen_by(rows);
  }

  void forward() const {
    if (keys_ == 0) return see_nothing();
    const int64_t s = keys_, e = shape_.value_width, strip = strip_rows(s);
    Scratch scratch(whole(s) * shape_.width + (masked() ? 2 : 1) * s * whole(e) + strip * (ld() + whole(e)) +
                    5 * kWidth);
    float* keys = scratch.take(whole(s) * shape_.width);
    float* values = scratch.take(s * whole(e));
    float* weights = scratch.take(strip * ld());
    float* out = scratch.take(strip * whole(e));
    float* spare = masked() ? scratch.take(s * whole(e)) : nullptr;
    pack_columns(x_.k, s, shape_.width, keys);
    pack_rows(x_.v, s, e, values);
    const bool by_tiles = all_see_all() || all_finite(values, s * whole(e));
    for (int64_t i = rows_.begin; i < rows_.end; i += strip) {
      const Range part = {i, std::min(rows_.end, i + strip)};
      scores(part, keys, weights);
      const auto row = [&](int64_t r) { return weights + (r - part.begin) * ld(); };
      // Pass by pass: what one row waits for would hold up the next row's work.
      for (int64_t r = part.begin; r < part.end; ++r) x_.extremes[r] = greatest_of(row(r), r);
      for (int64_t r = part.begin; r < part.end; ++r) exponentials(row(r), r, seen_by(part));
      for (int64_t r = part.begin; r < part.end; ++r) x_.totals[r] = seen(r) == 0 ? 1 : sum_of_row(row(r), seen(r));
      over_keys(part, weights, values, e, by_tiles, spare, out);
      for (int64_t r = part.begin; r < part.end; ++r) {
        const float* row = out + (r - part.begin) * whole(e);
        const V total = hn::Set(D(), x_.totals[r]);
        write_row(x_.o.row(r), e, [&](int64_t j) HWY_ATTR { return hn::Div(hn::LoadU(D(), row + j), total); });
      }
    }
  }

  // Of all queries.
  void backward(const HeadGradients& gradients) const {
    if (keys_ == 0) return see_nothing(gradients);
    const int64_t t = shape_.queries, s = keys_, w = shape_.width, e = shape_.value_width, strip = strip_rows(s);
    const int64_t spare_floats = masked() ? std::max(s, strip) * whole(std::max(w, e)) : 0;
    Scratch scratch(whole(s) * (w + e) + (2 * s + s + t) * whole(w) + 2 * s * whole(e) +
                    strip * (2 * ld() + whole(e) + whole(w)) + spare_floats + 17 * kWidth);
    float* keys_across = scratch.take(whole(s) * w);
    float* values_across = scratch.take(whole(s) * e);
    float* keys = scratch.take(s * whole(w));
    float* queries = scratch.take(t * whole(w));
    float* weights = scratch.take(strip * ld());
    float* slopes = scratch.take(strip * ld());
    float* shared = scratch.take(strip * whole(e));
    float* dq = scratch.take(strip * whole(w));
    float* spare = scratch.take(spare_floats);
    OverQueries dk(scratch, t, s, w), dv(scratch, t, s, e);
    pack_columns(x_.k, s, w, keys_across);
    pack_columns(x_.v, s, e, values_across);
    pack_rows(x_.k, s, w, keys);
    pack_rows(x_.q, t, w, queries);
    const bool finite_keys = all_see_all() || all_finite(keys, s * whole(w));
    const bool finite_queries = all_see_all() || all_finite(queries, t * whole(w));
    for (int64_t i = 0; i < t;) {
      const int64_t chunk_end = (i / kProductChunk + 1) * kProductChunk;
      const Range part = {i, std::min({t, i + strip, chunk_end})};
      scores(part, keys_across, weights);
      for (int64_t r = part.begin; r < part.end; ++r) exponentials(weights + (r - i) * ld(), r, seen_by(part));
      for (int64_t r = part.begin; r < part.end; ++r)
        upstream(gradients.g.row(r), x_.totals[r], shared + (r - i) * whole(e));
      for_tiles(part, [&](Range tile, int64_t columns) {
        multiply_chunks(static_cast<int>(tile.size()), columns, e, {shared + (tile.begin - i) * whole(e), whole(e), 1},
                        values_across, whole(s), slopes + (tile.begin - i) * ld(), ld());
      });
      float deltas[kMostStripRows];
      for (int64_t r = part.begin; r < part.end; ++r) deltas[r - i] = inner(shared + (r - i) * whole(e), x_.o.row(r));
      for (int64_t r = part.begin; r < part.end; ++r) {
        slope(weights + (r - i) * ld(), deltas[r - i], r, seen_by(part), slopes + (r - i) * ld(), gradients.d_mask);
      }
      over_keys(part, slopes, keys, w, finite_keys, spare, dq);
      for (int64_t r = part.begin; r < part.end; ++r) {
        const float* row = dq + (r - part.begin) * whole(w);
        write_row(gradients.dq.row(r), w, [&](int64_t j) HWY_ATTR { return hn::LoadU(D(), row + j); });
      }
      const bool finite_shared = all_see_all() || all_finite(shared, part.size() * whole(e));
      dk.add(*this, part, slopes, queries + i * whole(w), finite_queries, spare);
      dv.add(*this, part, weights, shared, finite_shared, spare);
      i = part.end;
      if (i == chunk_end && i < t) dk.end_chunk(), dv.end_chunk();
    }
    dk.write(gradients.dk, shape_.keys);
    dv.write(gradients.dv, shape_.keys);
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
    void add(const Head& head, Range part, const float* rows, const float* x, bool by_tiles, float* spare) {
      const int64_t most = by_tiles ? kTileRows : 1;
      const RowTiles tiles(head.seen_by(part), static_cast<int>(most));
      for (int64_t i = 0; i < tiles.count; ++i) {
        const int64_t j = tiles.begin(i);
        const int64_t from = std::max<int64_t>(0, head.first_query(j) - part.begin);
        if (from >= part.size()) continue;
        const float* own = x + from * whole(width_);
        if (!by_tiles && head.masked()) {
          copy_where(own, part.size() - from, width_, spare,
                     [&](int64_t r) { return !head.hides(part.begin + from + r, j); });
          own = spare;
        }
        multiply_rows(tiles.height(i), width_, part.size() - from, {rows + from * head.ld() + j, 1, head.ld()}, own,
                      whole(width_), chain_ + j * whole(width_), whole(width_), Store::chain);
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
    // +0 for those up to `keys` that no query sees.
    void write(HeadRows<float> to, int64_t keys) const {
      const D d;
      for (int64_t j = 0; j < keys_; ++j) {
        const float *chain = chain_ + j * whole(width_), *total = total_ + j * whole(width_);
        write_row(to.row(j), width_, [&](int64_t i) HWY_ATTR {
          return hn::Add(several_ ? hn::LoadU(d, total + i) : hn::Zero(d), hn::LoadU(d, chain + i));
        });
      }
      for (int64_t j = keys_; j < keys; ++j) std::fill_n(to.row(j), width_, 0.0f);
    }

   private:
    int64_t size() const { return keys_ * whole(width_); }

    int64_t keys_, width_;
    bool several_;  // chunks
    float *chain_, *total_;
  };

  // Rows of scores lie apart by more than a power of two, which would put their columns on the same cache lines.
  int64_t ld() const { return whole(keys_) + kWidth; }

  bool masked() const { return x_.mask.data != nullptr; }
  bool all_see_all() const { return !shape_.causal && !masked(); }
  MaskRow mask(int64_t row) const { return {x_.mask.row(row), shape_.keys}; }
  bool hides(int64_t row, int64_t key) const { return x_.mask.row(row)[key] == kHidden; }
  // Keys that a row sees unless the mask hides them.
  int64_t reached(int64_t row) const {
    return shape_.causal ? std::clamp<int64_t>(row + 1 + shape_.keys - shape_.queries, 0, shape_.keys) : shape_.keys;
  }
  // Keys up to the last that a row sees.
  int64_t seen(int64_t row) const { return masked() ? seen_[static_cast<size_t>(row - rows_.begin)] : reached(row); }
  // The same for the row that sees furthest.
  int64_t seen_by(Range rows) const {
    if (rows.size() == 0) return 0;
    if (!masked()) return seen(rows.end - 1);
    const auto first = seen_.begin() + (rows.begin - rows_.begin);
    return *std::max_element(first, first + rows.size());
  }
  // Of those that a key may be seen by.
  int64_t first_query(int64_t key) const { return shape_.causal ? key - (shape_.keys - shape_.queries) : 0; }

  // Rows that see no key, and what follows.
  void see_nothing() const {
    for (int64_t r = rows_.begin; r < rows_.end; ++r) {
      std::fill_n(x_.o.row(r), shape_.value_width, 0.0f);
      x_.extremes[r] = kHidden;
      x_.totals[r] = 1;
    }
  }
  void see_nothing(const HeadGradients& to) const {
    for (int64_t r = 0; r < shape_.queries; ++r) {
      std::fill_n(to.dq.row(r), shape_.width, 0.0f);
      if (to.d_mask.data) std::fill_n(to.d_mask.row(r), shape_.keys, 0.0f);
    }
    for (int64_t j = 0; j < shape_.keys; ++j) {
      std::fill_n(to.dk.row(j), shape_.width, 0.0f);
      std::fill_n(to.dv.row(j), shape_.value_width, 0.0f);
    }
  }

  // body(rows, keys up to the last that one of them sees).
  template <class Body> void for_tiles(Range part, const Body& body) const {
    const RowTiles tiles(part.size(), kTileRows);
    for (int64_t i = 0; i < tiles.count; ++i) {
      const Range rows = {part.begin + tiles.begin(i), part.begin + tiles.begin(i + 1)};
      body(rows, seen_by(rows));
    }
  }

  void scores(Range part, const float* keys, float* to) const {
    for_tiles(part, [&](Range rows, int64_t columns) {
      multiply_chunks(static_cast<int>(rows.size()), columns, shape_.width, {x_.q.row(rows.begin), x_.q.stride, 1},
                      keys, whole(keys_), to + (rows.begin - part.begin) * ld(), ld());
    });
  }

  float greatest_of(const float* row, int64_t r) const {
    const V scale = hn::Set(D(), shape_.scale);
    const auto scaled = [&](int64_t j) HWY_ATTR { return hn::Mul(hn::LoadU(D(), row + j), scale); };
    if (!masked()) return greatest(seen(r), scaled);
    const MaskRow mask = this->mask(r);
    return greatest(seen(r), [&](int64_t j) HWY_ATTR {
      return mask.select(j, hn::Add(scaled(j), mask.at(j)), hn::Set(D(), kHidden));
    });
  }

  // e^(scaled score - the greatest) of a row, and +0 for the keys that it does not see but others of its strip do, up
  // to `end`.
  void exponentials(float* row, int64_t r, int64_t end) const {
    const V scale = hn::Set(D(), shape_.scale), most = hn::Set(D(), x_.extremes[r]);
    const auto scaled = [&](int64_t j) HWY_ATTR { return hn::Mul(hn::LoadU(D(), row + j), scale); };
    if (!masked()) {
      return for_row(row, seen(r), end,
                     [&](int64_t j) HWY_ATTR { return math::HWY_NAMESPACE::Exp(hn::Sub(scaled(j), most)); });
    }
    const MaskRow mask = this->mask(r);
    for_row(row, seen(r), end, [&](int64_t j) HWY_ATTR {
      const V power = math::HWY_NAMESPACE::Exp(hn::Sub(hn::Add(scaled(j), mask.at(j)), most));
      return mask.select(j, power, hn::Zero(D()));
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

  // In place of p: (weight · (p - delta)) · scale, and +0 as above. Before it is scaled it is the mask's gradient.
  void slope(const float* weights, float delta, int64_t r, int64_t end, float* p, HeadRows<float> d_mask) const {
    const V shift = hn::Set(D(), delta), scale = hn::Set(D(), shape_.scale);
    const auto unscaled = [&](int64_t j) HWY_ATTR {
      return hn::Mul(hn::LoadU(D(), weights + j), hn::Sub(hn::LoadU(D(), p + j), shift));
    };
    if (!masked()) return for_row(p, seen(r), end, [&](int64_t j) HWY_ATTR { return hn::Mul(unscaled(j), scale); });
    const MaskRow mask = this->mask(r);
    const auto seen_alone = [&](int64_t j) HWY_ATTR { return mask.select(j, unscaled(j), hn::Zero(D())); };
    if (d_mask.data) {
      write_row(d_mask.row(r), seen(r), seen_alone);
      std::fill(d_mask.row(r) + seen(r), d_mask.row(r) + shape_.keys, 0.0f);
    }
    for_row(p, seen(r), end, [&](int64_t j) HWY_ATTR { return hn::Mul(seen_alone(j), scale); });
  }

  // Rows of x [n, width], those for which there(row) is false as +0.
  template <class There>
  static void copy_where(const float* x, int64_t n, int64_t width, float* to, const There& there) {
    for (int64_t i = 0; i < n; ++i) {
      const float* row = x + i * whole(width);
      if (there(i)) std::copy(row, row + whole(width), to + i * whole(width));
      else std::fill_n(to + i * whole(width), whole(width), 0.0f);
    }
  }

  // Each row of a strip times x [keys, width]. A tile multiplies keys that some of its rows don't see by +0, which is
  // as if they were left out where x is finite; else each row goes alone.
  void over_keys(Range part, const float* rows, const float* x, int64_t width, bool by_tiles, float* spare,
                 float* to) const {
    const auto multiply = [&](Range tile, int64_t keys, const float* of_keys) {
      const int64_t first = tile.begin - part.begin;
      if (keys == 0) std::fill_n(to + first * whole(width), tile.size() * whole(width), 0.0f);
      multiply_chunks(static_cast<int>(tile.size()), width, keys, {rows + first * ld(), ld(), 1}, of_keys, whole(width),
                      to + first * whole(width), whole(width));
    };
    if (by_tiles) return for_tiles(part, [&](Range tile, int64_t keys) { multiply(tile, keys, x); });
    for (int64_t r = part.begin; r < part.end; ++r) {
      if (masked()) copy_where(x, seen(r), width, spare, [&](int64_t j) { return !hides(r, j); });
      multiply({r, r + 1}, seen(r), masked() ? spare : x);
    }
  }

  HeadShape shape_;
  HeadTensors x_;
  Range rows_;
  std::vector<int64_t> seen_;  // by row, where there is a mask
  int64_t keys_ = 0;           // up to the last that any row sees
};

void head_forward(const HeadShape& shape, const HeadTensors& x, Range rows) { Head(shape, x, rows).forward(); }
void head_backward(const HeadShape& shape, const HeadTensors& x, const HeadGradients& g) {
  Head(shape, x, {0, shape.queries}).backward(g);
}

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

// Those of one of `heads` heads a batch; x may have fewer, each of which serves as many.
template <class T> HeadRows<T> rows_of(const Tensor& x, int64_t heads, int64_t head) {
  if (!x.defined()) return {nullptr, 0};
  const Strides& s = x.strides();
  const int64_t group = heads / x.size(1);
  return {x.mutable_data_as<float>() + head / heads * s[0] + head % heads / group * s[1], s[2]};
}

HeadShape shape_of(const AttentionRule& rule, const AttentionInputs& in) {
  return {in.q.size(2), in.k.size(2), in.q.size(3), in.v.size(3), rule.scale, rule.causal};
}

HeadTensors tensors_of(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                       const Tensor& totals, int64_t head) {
  const int64_t heads = in.q.size(1), first = head * in.q.size(2);
  return {rows_of<const float>(in.q, heads, head), rows_of<const float>(in.k, heads, head),
          rows_of<const float>(in.v, heads, head), rows_of<const float>(rule.mask, heads, head),
          rows_of<float>(o, heads, head),          extremes.mutable_data_as<float>() + first,
          totals.mutable_data_as<float>() + first};
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
      (shape, tensors_of(rule, in, o, extremes, totals, head), part(shape.queries, parts, task % parts, 1));
    }
  });
}

void attention_gradient(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                        const Tensor& totals, const Tensor& g, const AttentionInputs& gradients, const Tensor& d_mask) {
  const HeadShape shape = shape_of(rule, in);
  const int64_t of_batch = in.q.size(1), heads = in.q.size(0) * of_batch;
  const int64_t work = shape.queries * shape.keys * (3 * shape.width + 2 * shape.value_width);
  parallel_for(heads, grain_of(work), [&](int64_t begin, int64_t end) {
    for (int64_t head = begin; head < end; ++head) {
      const auto of = [&](const Tensor& x) { return rows_of<float>(x, of_batch, head); };
      const HeadGradients to = {rows_of<const float>(g, of_batch, head), of(gradients.q), of(gradients.k),
                                of(gradients.v), of(d_mask)};
      STET_DISPATCH(head_backward)(shape, tensors_of(rule, in, o, extremes, totals, head), to);
    }
  });
}

}  // namespace stet::cpu_kernels

#endif
