// Attention.
#include <algorithm>
#include <cmath>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

double scale_of(const Tensor& q, const AttentionOptions& options) {
  return options.scale ? *options.scale : 1 / std::sqrt(static_cast<double>(q.size(-1)));
}

// Queries that see the same keys 0 … keys-1.
struct Block {
  int64_t begin, end, keys;
};

std::vector<Block> blocks(const Tensor& q, const Tensor& k, bool causal) {
  if (!causal) return {{0, q.size(-2), k.size(-2)}};
  std::vector<Block> rows;
  for (int64_t i = 0; i < q.size(-2); ++i) rows.push_back({i, i + 1, i + 1});
  return rows;
}

// A block's e^(score - maximum), its sums over the keys, and its result.
struct Weighted {
  Tensor e, total, o;
};

Weighted weighted(const Tensor& q, const Tensor& k, const Tensor& v, double scale) {
  const Tensor scores = matmul(q, transpose(k)) * scale;
  const Tensor e = exp(scores - max(scores.detach(), {-1}, true));
  const Tensor total = sum(e, {-1}, true);
  return {e, total, matmul(e, v) / total};
}

Tensor rows(const Tensor& x, int64_t begin, int64_t end) { return slice(x, -2, begin, end); }

// w^T x for w [.., T, keys], where key j meets the rows from j on alone; chunks of K are cut where they are for all rows.
Tensor causal_product(const Tensor& w, const Tensor& x) {
  const int64_t n = w.size(-2);
  std::vector<Tensor> keys;
  for (int64_t j = 0; j < w.size(-1); ++j) {
    const Tensor column = transpose(slice(w, -1, j, j + 1));
    Tensor total;
    for (int64_t begin = j; begin < n;) {
      const int64_t end = std::min(n, (begin / kProductChunk + 1) * kProductChunk);
      const Tensor chunk = matmul(slice(column, -1, begin, end), rows(x, begin, end));
      total = total.defined() ? total + chunk : chunk;
      begin = end;
    }
    keys.push_back(total);
  }
  return concatenate(keys, -2);
}

}  // namespace

namespace composed {

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  const double scale = scale_of(q, options);
  std::vector<Tensor> parts;
  for (const Block& b : blocks(q, k, options.causal)) {
    parts.push_back(weighted(rows(q, b.begin, b.end), rows(k, 0, b.keys), rows(v, 0, b.keys), scale).o);
  }
  return concatenate(parts, -2);
}

std::array<Tensor, 3> attention_gradient(const Tensor& g, const Tensor& q, const Tensor& k, const Tensor& v,
                                         const AttentionOptions& options) {
  const double scale = scale_of(q, options);
  std::vector<Tensor> dq, all_e, all_g, all_ds;
  for (const Block& b : blocks(q, k, options.causal)) {
    const Tensor keys = rows(k, 0, b.keys), values = rows(v, 0, b.keys);
    const Weighted w = weighted(rows(q, b.begin, b.end), keys, values, scale);
    const Tensor shared = rows(g, b.begin, b.end) / w.total;
    const Tensor delta = sum(shared * w.o, {-1}, true);
    const Tensor dp = matmul(shared, transpose(values));
    const Tensor ds = (w.e * (dp - delta)) * scale;
    dq.push_back(matmul(ds, keys));
    const int64_t unseen = k.size(-2) - b.keys;
    all_e.push_back(pad(w.e, {{0, unseen}}));
    all_g.push_back(shared);
    all_ds.push_back(pad(ds, {{0, unseen}}));
  }
  const Tensor e = concatenate(all_e, -2), shared = concatenate(all_g, -2), ds = concatenate(all_ds, -2);
  const auto over_queries = [&](const Tensor& w, const Tensor& x) {
    return options.causal ? causal_product(w, x) : matmul(transpose(w), x);
  };
  return {concatenate(dq, -2), over_queries(ds, q), over_queries(e, shared)};
}

}  // namespace composed

namespace {

void check(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  require_floating("attention", q);
  require_same_dtype("attention", q, k);
  require_same_dtype("attention", q, v);
  const auto same_batch = [&](const Tensor& x) {
    return x.rank() == q.rank() && std::equal(q.shape().begin(), q.shape().end() - 2, x.shape().begin());
  };
  if (q.rank() < 2 || !same_batch(k) || !same_batch(v) || q.size(-1) != k.size(-1) || k.size(-2) != v.size(-2)) {
    raise("attention: takes q [.., T, D], k [.., S, D] and v [.., S, E], not {}, {} and {}", q.shape().to_string(),
          k.shape().to_string(), v.shape().to_string());
  }
  if (k.size(-2) == 0 || q.size(-1) == 0) raise("attention: there are no keys in {}", k.shape().to_string());
  if (options.causal && q.size(-2) != k.size(-2)) {
    raise("attention: a causal one has as many keys as queries, not {} and {}", k.size(-2), q.size(-2));
  }
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check(q, k, v, options);
  Tensor o;
  {
    NoGrad no_grad;
    o = composed::attention(q, k, v, options);
  }
  return function("attention", {q, k, v}, o, [=](const Tensor& g) {
    const auto [dq, dk, dv] = composed::attention_gradient(g, q, k, v, options);
    return std::vector<Tensor>{dq, dk, dv};
  });
}

Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  if (qkv.rank() < 2 || heads < 1 || qkv.size(-1) % (3 * heads) != 0) {
    raise("self_attention: {} heads don't divide the three parts of {}", heads, qkv.shape().to_string());
  }
  const int64_t t = qkv.size(-2), width = qkv.size(-1) / 3;
  const Tensor parts = qkv.reshape({-1, t, 3, heads, width / heads});
  const auto part = [&](int64_t i) { return slice(parts, 2, i, i + 1).squeeze(2).permute({0, 2, 1, 3}); };
  const Tensor o = attention(part(0), part(1), part(2), options);
  std::vector<int64_t> dims = qkv.shape().dims();
  dims.back() = width;
  return o.permute({0, 2, 1, 3}).reshape(std::move(dims));
}

}  // namespace stet
