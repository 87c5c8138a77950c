// Attention.
#include <algorithm>
#include <cmath>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

double scale_of(const Tensor& q, const AttentionOptions& options) {
  const ContractFloatEnv env;
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

// w^T x for w [.., T, keys], where key j meets the rows from j on alone; chunks of K are cut where they are for all
// rows.
Tensor causal_product(const Tensor& w, const Tensor& x) {
  const int64_t n = w.size(-2);
  std::vector<Tensor> keys;
  for (int64_t j = 0; j < w.size(-1); ++j) {
    const Tensor column = transpose(slice(w, -1, j, j + 1));
    Tensor total;
    for (int64_t begin = j; begin < n;) {
      const int64_t end = std::min(n, (begin / contract::kProductChunk + 1) * contract::kProductChunk);
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

namespace {

// [.., T, D] as [B, H, T, D] for a kernel: elements of the last axis side by side, batch and heads as they lie where
// there are two.
Tensor as_heads(const Tensor& x) {
  const Tensor value = x.detach();
  const Tensor even = value.rank() >= 2 && value.strides().back() == 1 ? value : contiguous(value);
  return even.rank() == 4 ? even : contiguous(even).reshape({1, -1, x.size(-2), x.size(-1)});
}

AttentionRule rule_of(const Tensor& q, const AttentionOptions& options) {
  const ContractFloatEnv env;
  return {static_cast<float>(scale_of(q, options)), options.causal};
}

// What a forward pass leaves for the gradient, as [B, H, T, ..].
struct Attended {
  Tensor o, extremes, totals;
};

Attended attend(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o) {
  const Shape rows{in.q.size(0), in.q.size(1), in.q.size(2)};
  Attended a{o, new_tensor("attention", rows, o.dtype(), o.device()),
             new_tensor("attention", rows, o.dtype(), o.device())};
  add_work(rows.elements() * in.k.size(2) * (in.q.size(3) + in.v.size(3)));
  backend(o.device()).attention(rule, in, a.o, a.extremes, a.totals);
  return a;
}

void attend_gradient(const AttentionRule& rule, const AttentionInputs& in, const Attended& a, const Tensor& g,
                     const AttentionInputs& gradients) {
  add_work(a.totals.elements() * in.k.size(2) * (3 * in.q.size(3) + 2 * in.v.size(3)));
  backend(g.device()).attention_gradient(rule, in, a.o, a.extremes, a.totals, g, gradients);
}

Tensor like(const Tensor& x) { return new_tensor("attention", x.shape(), x.dtype(), x.device()); }

bool has_kernel(const Tensor& q, const Tensor& v) {
  return q.dtype() == DType::float32 && q.elements() > 0 && v.elements() > 0;
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check(q, k, v, options);
  const auto composed_gradient = [=](const Tensor& g) {
    const auto [dq, dk, dv] = composed::attention_gradient(g, q, k, v, options);
    return std::vector<Tensor>{dq, dk, dv};
  };
  if (!has_kernel(q, v)) {
    const Tensor o = [&] {
      NoGrad no_grad;
      return composed::attention(q, k, v, options);
    }();
    return function("attention", {q, k, v}, o, composed_gradient);
  }
  std::vector<int64_t> dims = q.shape().dims();
  dims.back() = v.size(-1);
  const Tensor o = new_tensor("attention", Shape(std::move(dims)), q.dtype(), q.device());
  const Tensor q4 = as_heads(q), k4 = as_heads(k), v4 = as_heads(v);
  const AttentionRule rule = rule_of(q, options);
  const Attended kept = attend(rule, {q4, k4, v4}, as_heads(o));
  return function("attention", {q, k, v}, o, [=](const Tensor& g) {
    if (grad_enabled()) return composed_gradient(g);
    const Tensor dq = like(q), dk = like(k), dv = like(v);
    attend_gradient(rule, {q4, k4, v4}, kept, as_heads(g), {as_heads(dq), as_heads(dk), as_heads(dv)});
    return std::vector<Tensor>{dq, dk, dv};
  });
}

namespace {

// The heads' queries (0), keys (1) or values (2), [B, H, T, D], of [.., T, 3 C].
Tensor heads_of(const Tensor& qkv, int64_t heads, int64_t part) {
  const Tensor parts = reshape(qkv, {-1, qkv.size(-2), 3, heads, qkv.size(-1) / (3 * heads)});
  return permute(squeeze(slice(parts, 2, part, part + 1), 2), {0, 2, 1, 3});
}

// [.., T, C], whose columns are the heads', as [B, H, T, D] and back.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return permute(reshape(x, {-1, x.size(-2), heads, x.size(-1) / heads}), {0, 2, 1, 3});
}
Tensor join_heads(const Tensor& x, const Shape& shape) { return reshape(permute(x, {0, 2, 1, 3}), shape.dims()); }

}  // namespace

namespace composed {

Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  std::vector<int64_t> dims = qkv.shape().dims();
  dims.back() /= 3;
  return join_heads(
      composed::attention(heads_of(qkv, heads, 0), heads_of(qkv, heads, 1), heads_of(qkv, heads, 2), options),
      Shape(std::move(dims)));
}

Tensor self_attention_gradient(const Tensor& g, const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  const auto [dq, dk, dv] = attention_gradient(split_heads(g, heads), heads_of(qkv, heads, 0), heads_of(qkv, heads, 1),
                                               heads_of(qkv, heads, 2), options);
  return concatenate({join_heads(dq, g.shape()), join_heads(dk, g.shape()), join_heads(dv, g.shape())}, -1);
}

}  // namespace composed

Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  require_floating("self_attention", qkv);
  if (qkv.rank() < 2 || heads < 1 || qkv.size(-1) < 1 || heads > qkv.size(-1) / 3 || qkv.size(-1) % (3 * heads) != 0) {
    raise("self_attention: {} heads don't divide the three parts of {}", heads, qkv.shape().to_string());
  }
  if (qkv.size(-2) == 0) raise("self_attention: there are no keys in {}", qkv.shape().to_string());
  if (!has_kernel(qkv, qkv)) {
    const Tensor o = [&] {
      NoGrad no_grad;
      return composed::self_attention(qkv, heads, options);
    }();
    return record("self_attention", o,
                  {{qkv, [=](const Tensor& g) { return composed::self_attention_gradient(g, qkv, heads, options); }}});
  }
  const Tensor all = contiguous(qkv.detach());
  std::vector<int64_t> dims = qkv.shape().dims();
  dims.back() /= 3;
  const Tensor o = new_tensor("self_attention", Shape(std::move(dims)), qkv.dtype(), qkv.device());
  const Tensor q = heads_of(all, heads, 0), k = heads_of(all, heads, 1), v = heads_of(all, heads, 2);
  const AttentionRule rule = rule_of(q, options);
  const Attended kept = attend(rule, {q, k, v}, split_heads(o, heads));
  return record("self_attention", o, {{qkv, [=](const Tensor& g) {
                                         if (grad_enabled())
                                           return composed::self_attention_gradient(g, qkv, heads, options);
                                         const Tensor d = like(qkv);
                                         attend_gradient(
                                             rule, {q, k, v}, kept, split_heads(contiguous(g), heads),
                                             {heads_of(d, heads, 0), heads_of(d, heads, 1), heads_of(d, heads, 2)});
                                         return d;
                                       }}});
}

}  // namespace stet
