// Attention in public ops.
#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/attention_sight.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"

namespace stet {

double scale_of(const Tensor& q, const AttentionOptions& options) {
  const ContractFloatEnv env;
  return options.scale ? *options.scale : 1 / std::sqrt(static_cast<double>(q.size(-1)));
}

namespace {

Tensor constant(double value, const Tensor& like) { return full({}, value, like.dtype(), like.device()); }
Tensor nothing(const Tensor& like) { return constant(0, like); }
Tensor hidden(const Tensor& like) { return constant(-std::numeric_limits<double>::infinity(), like); }

// x with at least two axes.
Tensor with_two_axes(const Tensor& x) {
  if (x.rank() >= 2) return x;
  return reshape(x, {1, x.rank() == 0 ? 1 : x.size(0)});
}

// bool [B, 1 .., 1, S] for scores of `rank` axes.
Tensor within_lengths(const char* op, const Tensor& lengths, const Shape& lead, int64_t keys, const Tensor& q) {
  if (lead.rank() == 0 || lengths.dtype() != DType::int64 || lengths.shape() != Shape{lead[0]}) {
    raise("{}: lengths are int64 [B], one for each of the first axis of {}, not {} {}", op, q.shape().to_string(),
          name_of(lengths.dtype()), lengths.shape().to_string());
  }
  if (lengths.device() == cpu) {
    for (const int64_t n : lengths.to_vector<int64_t>()) {
      if (n < 0 || n > keys) raise<DataError>("{}: a length of {} is not within 0 … {} keys", op, n, keys);
    }
  }
  std::vector<int64_t> dims(static_cast<size_t>(lead.rank()) + 2, 1);
  dims[0] = lead[0];
  return arange(keys).to(q.device()) < reshape(lengths.to(q.device()), dims);
}

}  // namespace

Shape lead_of(const Tensor& q) { return Shape(std::vector<int64_t>(q.shape().begin(), q.shape().end() - 2)); }

int64_t Sight::reached(int64_t query) const {
  return causal ? std::clamp<int64_t>(query + 1 + keys - queries, 0, keys) : keys;
}

int64_t Sight::first_query(int64_t key) const { return causal ? std::max<int64_t>(0, key - (keys - queries)) : 0; }

bool Sight::differs_by_query() const {
  const auto differs = [](const Tensor& x) { return x.defined() && x.size(-2) > 1; };
  return causal || differs(seen) || differs(added);
}

Tensor Sight::mask(const Tensor& like) const {
  if (!seen.defined()) return {};
  return where(seen, added.defined() ? added.detach() : nothing(like), hidden(like));
}

Sight sight_of(const char* op, const Shape& lead, int64_t queries, int64_t keys, const Tensor& q,
               const AttentionOptions& options) {
  Sight s{queries, keys, options.causal, {}, {}};
  if (options.mask.defined()) {
    const Tensor mask = with_two_axes(options.mask);
    require_same_device(op, q, mask);
    std::vector<int64_t> scores = lead.dims();
    scores.insert(scores.end(), {queries, keys});
    const Shape whole(std::move(scores));
    bool fits = mask.rank() <= whole.rank();
    for (int i = 1; fits && i <= mask.rank(); ++i) fits = mask.size(-i) == 1 || mask.size(-i) == whole[-i];
    if (!fits)
      raise("{}: a mask {} does not broadcast to the scores {}", op, options.mask.shape().to_string(),
            whole.to_string());
    if (!is_floating(mask.dtype()) && mask.dtype() != DType::boolean)
      raise("{}: a mask is bool or {}, not {}", op, name_of(q.dtype()), name_of(mask.dtype()));
    if (mask.dtype() == DType::boolean) {
      s.seen = mask;
    } else {
      require_same_dtype(op, q, mask);
      s.added = mask;
      s.seen = mask.detach() != constant(-std::numeric_limits<double>::infinity(), q);
    }
  }
  if (options.lengths.defined()) {
    const Tensor there = within_lengths(op, options.lengths, lead, keys, q);
    s.seen = s.seen.defined() ? (s.seen && there) : there;
  }
  if (queries == 0) s.seen = {}, s.causal = false;
  return s;
}

namespace {

// Queries that see the same keys, all of them below `keys`.
struct Block {
  int64_t begin, end, keys;
};

std::vector<Block> blocks(const Sight& s) {
  if (!s.differs_by_query()) return {{0, s.queries, s.keys}};
  std::vector<Block> rows;
  for (int64_t i = 0; i < s.queries; ++i) rows.push_back({i, i + 1, std::max<int64_t>(1, s.reached(i))});
  return rows;
}

Tensor rows(const Tensor& x, int64_t begin, int64_t end) { return slice(x, -2, begin, end); }

// A block's part of what broadcasts to [.., T, S].
Tensor part_of(const Tensor& x, const Block& b) {
  const Tensor own = x.size(-2) > 1 ? rows(x, b.begin, b.end) : x;
  return own.size(-1) > 1 ? slice(own, -1, 0, b.keys) : own;
}

// x [.., keys, n], those that a block doesn't see as +0.
Tensor where_seen(const Tensor& seen, const Tensor& x) {
  return seen.defined() ? where(transpose(seen), x, nothing(x)) : x;
}

// A block's e^(score - maximum) and its sums over the keys.
struct Weighted {
  Tensor e, total;
};

Weighted weighted(const Tensor& q, const Tensor& k, const Tensor& seen, const Tensor& added, double scale) {
  Tensor scores = matmul(q, transpose(k)) * scale;
  if (added.defined()) scores = scores + added;
  if (!seen.defined()) {
    const Tensor e = exp(scores - max(scores.detach(), {-1}, true));
    return {e, sum(e, {-1}, true)};
  }
  const Tensor most = max(where(seen, scores.detach(), hidden(q)), {-1}, true);
  const Tensor e = where(seen, exp(where(seen, scores - most, nothing(q))), nothing(q));
  // A sum is 0 where nothing is seen alone, since the greatest score gives 1.
  const Tensor total = sum(e, {-1}, true);
  return {e, where(total == 0, constant(1, q), total)};
}

// What a block works on.
struct Operands {
  Tensor q, k, v, seen, added;
};

// `seen` is undefined where a block sees all keys below its number.
Operands operands(const Sight& s, const Block& b, const Tensor& q, const Tensor& k, const Tensor& v) {
  Tensor seen = s.seen.defined() ? part_of(s.seen, b) : Tensor();
  if (s.reached(b.begin) == 0) seen = zeros({1, 1}, DType::boolean, q.device());
  return {rows(q, b.begin, b.end), where_seen(seen, rows(k, 0, b.keys)), where_seen(seen, rows(v, 0, b.keys)), seen,
          s.added.defined() ? part_of(s.added, b) : Tensor()};
}

// w^T x for w [.., T, S], where key j meets the rows that see it alone; chunks of K are cut where they are for all
// rows.
Tensor over_queries(const Sight& s, const Tensor& w, const Tensor& x) {
  if (!s.differs_by_query()) return where_seen(s.seen, matmul(transpose(w), x));
  std::vector<Tensor> keys;
  for (int64_t j = 0; j < s.keys; ++j) {
    const Tensor column = transpose(slice(w, -1, j, j + 1));
    const bool one = s.seen.defined() && s.seen.size(-1) == 1;
    const Tensor met = !s.seen.defined() ? x : where(one ? s.seen : slice(s.seen, -1, j, j + 1), x, nothing(x));
    Tensor total;
    for (int64_t begin = s.first_query(j); begin < s.queries;) {
      const int64_t end = std::min(s.queries, (begin / contract::kProductChunk + 1) * contract::kProductChunk);
      const Tensor chunk = matmul(slice(column, -1, begin, end), rows(met, begin, end));
      total = total.defined() ? total + chunk : chunk;
      begin = end;
    }
    keys.push_back(total.defined() ? total : matmul(slice(column, -1, 0, 0), rows(met, 0, 0)));
  }
  return concatenate(keys, -2);
}

// k or v with a head for each of q's.
Tensor for_all_heads(const Tensor& x, int64_t group) {
  if (group == 1) return x;
  std::vector<int64_t> dims = x.shape().dims();
  dims.insert(dims.end() - 2, group);
  std::vector<int64_t> joined = x.shape().dims();
  joined[joined.size() - 3] *= group;
  return reshape(broadcast_to(unsqueeze(x, -3), Shape(dims)), joined);
}

int64_t group_of(const Tensor& q, const Tensor& k) { return k.size(-3) == 0 ? 1 : q.size(-3) / k.size(-3); }

}  // namespace

namespace composed {

Tensor sum_of_groups(const Tensor& g, int64_t group) {
  if (group == 1) return g;
  std::vector<int64_t> dims = g.shape().dims();
  dims[dims.size() - 3] /= group;
  dims.insert(dims.end() - 2, group);
  return sum(reshape(g, dims), {-3});
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  const int64_t group = options.kv_heads == 0 ? 1 : group_of(q, k);
  const Tensor keys = for_all_heads(k, group), values = for_all_heads(v, group);
  const Sight s = sight_of("attention", lead_of(q), q.size(-2), k.size(-2), q, options);
  const double scale = scale_of(q, options);
  std::vector<Tensor> e, totals, parts;
  std::vector<Operands> of_blocks;
  for (const Block& b : blocks(s)) {
    const Operands x = operands(s, b, q, keys, values);
    const Weighted w = weighted(x.q, x.k, x.seen, x.added, scale);
    of_blocks.push_back(x);
    e.push_back(w.e);
    totals.push_back(w.total);
  }
  if (options.dropout > 0) {
    std::vector<Tensor> whole;
    for (const Tensor& part : e) whole.push_back(pad(part, {{0, s.keys - part.size(-1)}}));
    const Tensor dropped = dropout(concatenate(whole, -2), options.dropout, *options.draws);
    for (size_t i = 0, row = 0; i < e.size(); row += static_cast<size_t>(e[i++].size(-2)))
      e[i] = slice(rows(dropped, static_cast<int64_t>(row), static_cast<int64_t>(row) + e[i].size(-2)), -1, 0,
                   e[i].size(-1));
  }
  for (size_t i = 0; i < e.size(); ++i) parts.push_back(matmul(e[i], of_blocks[i].v) / totals[i]);
  return concatenate(parts, -2);
}

std::array<Tensor, 4> attention_gradient(const Tensor& g, const Tensor& q, const Tensor& k, const Tensor& v,
                                         const AttentionOptions& options) {
  const int64_t group = options.kv_heads == 0 ? 1 : group_of(q, k);
  const Tensor keys = for_all_heads(k, group), values = for_all_heads(v, group);
  const Sight s = sight_of("attention", lead_of(q), q.size(-2), k.size(-2), q, options);
  const double scale = scale_of(q, options);
  std::vector<Tensor> dq, all_e, all_g, all_added, all_ds;
  for (const Block& b : blocks(s)) {
    const Operands x = operands(s, b, q, keys, values);
    const Weighted w = weighted(x.q, x.k, x.seen, x.added, scale);
    const Tensor o = matmul(w.e, x.v) / w.total;
    const Tensor shared = rows(g, b.begin, b.end) / w.total;
    const Tensor delta = sum(shared * o, {-1}, true);
    const Tensor slope = w.e * (matmul(shared, transpose(x.v)) - delta);
    const Tensor d_added = x.seen.defined() ? where(x.seen, slope, nothing(q)) : slope;
    const Tensor ds = d_added * scale;
    dq.push_back(matmul(ds, x.k));
    const auto whole = [&](const Tensor& part) { return pad(part, {{0, s.keys - b.keys}}); };
    all_e.push_back(whole(w.e));
    all_g.push_back(shared);
    all_ds.push_back(whole(ds));
    if (s.added.defined()) all_added.push_back(whole(d_added));
  }
  const Tensor e = concatenate(all_e, -2), shared = concatenate(all_g, -2), ds = concatenate(all_ds, -2);
  std::array<Tensor, 4> all = {concatenate(dq, -2),
                               sum_of_groups(over_queries(s, ds, q), group),
                               sum_of_groups(over_queries(s, e, shared), group),
                               {}};
  if (s.added.defined())
    all[3] = sum_to(concatenate(all_added, -2), s.added.shape()).reshape(options.mask.shape().dims());
  return all;
}

}  // namespace composed
}  // namespace stet
