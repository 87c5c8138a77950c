// Attention.
#include <algorithm>
#include <cmath>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/attention_sight.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

void check_options(const char* op, const Tensor& q, const AttentionOptions& options) {
  const ContractFloatEnv env;
  const double scale = options.scale.value_or(1);
  if (!std::isfinite(q.dtype() == DType::float32 ? static_cast<float>(scale) : scale))
    raise("{}: a scale of {} is no finite {}", op, scale, name_of(q.dtype()));
  if (!(options.dropout >= 0 && options.dropout <= 1)) {
    raise("{}: dropout of {} is not a probability", op, options.dropout);
  }
  if (options.dropout > 0 && options.draws == nullptr) raise("{}: dropout needs a stream, .draws = &stream", op);
}

void check(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  require_floating("attention", q);
  require_same_dtype("attention", q, k);
  require_same_dtype("attention", q, v);
  const bool grouped = options.kv_heads != 0;
  const auto fits = [&](const Tensor& x) {
    if (x.rank() != q.rank() || q.rank() < (grouped ? 3 : 2)) return false;
    if (!std::equal(q.shape().begin(), q.shape().end() - (grouped ? 3 : 2), x.shape().begin())) return false;
    return !grouped || (x.size(-3) == options.kv_heads && options.kv_heads > 0 && q.size(-3) % options.kv_heads == 0);
  };
  if (!fits(k) || !fits(v) || q.size(-1) != k.size(-1) || k.size(-2) != v.size(-2)) {
    raise("attention: takes q [.., T, D], k [.., S, D] and v [.., S, E]{}, not {}, {} and {}",
          grouped ? fmt::format(" with {} heads of k and v, which divide q's", options.kv_heads) : "",
          q.shape().to_string(), k.shape().to_string(), v.shape().to_string());
  }
  if (k.size(-2) == 0) raise("attention: there are no keys in {}", k.shape().to_string());
  if (q.size(-1) == 0) raise("attention: the queries {} and keys have no features", q.shape().to_string());
  check_options("attention", q, options);
}

// [.., T, D] as [B, H, T, D] for a kernel: elements of the last axis side by side, batch and heads as they lie where
// there are two.
Tensor as_heads(const Tensor& x) {
  const Tensor value = x.detach();
  const Tensor even = value.rank() >= 2 && value.strides().back() == 1 ? value : contiguous(value);
  return even.rank() == 4 ? even : contiguous(even).reshape({1, -1, x.size(-2), x.size(-1)});
}

// What broadcasts to [lead.., T, S] as [B, H, T, S] for a kernel, as as_heads lays out the leading axes.
Tensor mask_as_heads(const Tensor& mask, const Shape& lead, const Shape& whole) {
  if (!mask.defined()) return {};
  const int64_t keys = whole[3];
  std::vector<int64_t> dims = mask.shape().dims();
  if (dims.back() != keys) dims.back() = keys;
  Tensor m = contiguous(broadcast_to(mask, Shape(dims)));
  if (lead.rank() != 2) {
    const bool stretched = std::any_of(dims.begin(), dims.end() - 2, [](int64_t n) { return n != 1; });
    std::vector<int64_t> full = lead.dims();
    full.insert(full.end(), dims.end() - 2, dims.end());
    if (stretched) m = contiguous(broadcast_to(m, Shape(full)));
    m = m.reshape({1, stretched ? whole[1] : 1, m.size(-2), keys});
  }
  return broadcast_to(m, whole);
}

AttentionRule rule_of(const Tensor& q, const AttentionOptions& options, const Tensor& mask) {
  const ContractFloatEnv env;
  return {static_cast<float>(scale_of(q, options)), options.causal, mask};
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
                     const AttentionInputs& gradients, const Tensor& d_mask) {
  add_work(a.totals.elements() * in.k.size(2) * (3 * in.q.size(3) + 2 * in.v.size(3)));
  backend(g.device()).attention_gradient(rule, in, a.o, a.extremes, a.totals, g, gradients, d_mask);
}

Tensor like(const Tensor& x, Shape shape) { return new_tensor("attention", std::move(shape), x.dtype(), x.device()); }

bool has_kernel(const Tensor& q, const Tensor& v, const AttentionOptions& options) {
  return q.dtype() == DType::float32 && q.elements() > 0 && v.elements() > 0 && options.dropout == 0;
}

// A floating mask, whose gradient is the op's affair.
bool has_added(const AttentionOptions& options) {
  return options.mask.defined() && options.mask.dtype() != DType::boolean;
}

// For the gradient of a mask that asks for one, [B, H, T, S]; and that gradient from it, for scores [lead.., T, S].
Tensor room_for_mask(const AttentionOptions& options, const Tensor& q, int64_t keys) {
  if (!has_added(options) || !options.mask.has_gradient()) return {};
  return like(q, {q.size(0), q.size(1), q.size(2), keys});
}
Tensor mask_gradient(const Tensor& d, const AttentionOptions& options, const Shape& lead) {
  if (!d.defined()) return {};
  std::vector<int64_t> dims = lead.dims();
  dims.insert(dims.end(), {d.size(2), d.size(3)});
  const Shape& own = options.mask.shape();
  const Tensor whole = d.reshape(dims);
  return own.rank() >= 2 ? sum_to(whole, own) : sum_to(whole, Shape{1, options.mask.elements()}).reshape(own.dims());
}

// An op whose gradient for a mask is undefined where that is no input.
Tensor with_mask(const char* name, std::vector<Tensor> inputs, const Tensor& o, const AttentionOptions& options,
                 std::function<std::vector<Tensor>(const Tensor&)> gradients) {
  if (has_added(options)) inputs.push_back(options.mask);
  return function(name, inputs, o, [count = inputs.size(), gradients = std::move(gradients)](const Tensor& g) {
    std::vector<Tensor> all = gradients(g);
    all.resize(count);
    return all;
  });
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  check(q, k, v, options);
  if (options.dropout > 0) return composed::attention(q, k, v, options);
  const auto composed_gradient = [=](const Tensor& g) {
    const auto all = composed::attention_gradient(g, q, k, v, options);
    return std::vector<Tensor>(all.begin(), all.end());
  };
  if (!has_kernel(q, v, options)) {
    const Tensor o = [&] {
      NoGrad no_grad;
      return composed::attention(q, k, v, options);
    }();
    return with_mask("attention", {q, k, v}, o, options, composed_gradient);
  }
  std::vector<int64_t> dims = q.shape().dims();
  dims.back() = v.size(-1);
  const Tensor o = like(q, Shape(std::move(dims)));
  const Tensor q4 = as_heads(q), k4 = as_heads(k), v4 = as_heads(v);
  const int64_t keys = k.size(-2);
  const Sight sight = sight_of("attention", lead_of(q), q.size(-2), keys, q, options);
  const AttentionRule rule =
      rule_of(q, options, mask_as_heads(sight.mask(q), lead_of(q), {q4.size(0), q4.size(1), q4.size(2), keys}));
  const Attended kept = attend(rule, {q4, k4, v4}, as_heads(o));
  return with_mask("attention", {q, k, v}, o, options, [=](const Tensor& g) {
    if (grad_enabled()) return composed_gradient(g);
    const int64_t group = q4.size(1) / k4.size(1);
    const auto by_queries = [&](const Tensor& x) {
      std::vector<int64_t> dims = x.shape().dims();
      if (group > 1) dims[dims.size() - 3] *= group;
      return like(x, Shape(std::move(dims)));
    };
    const Tensor dq = like(q, q.shape()), dk = by_queries(k), dv = by_queries(v);
    const Tensor d_mask = room_for_mask(options, q4, keys);
    attend_gradient(rule, {q4, k4, v4}, kept, as_heads(g), {as_heads(dq), as_heads(dk), as_heads(dv)}, d_mask);
    return std::vector<Tensor>{dq, composed::sum_of_groups(dk, group), composed::sum_of_groups(dv, group),
                               mask_gradient(d_mask, options, lead_of(q))};
  });
}

namespace {

// How the columns of [.., T, (heads + 2 kv_heads) D] are divided.
struct Columns {
  int64_t heads, kv_heads, width;

  Columns(const Tensor& qkv, int64_t heads, const AttentionOptions& options)
      : heads(heads),
        kv_heads(options.kv_heads == 0 ? heads : options.kv_heads),
        width(qkv.size(-1) / (heads + 2 * kv_heads)) {}
};

// [.., T, C], whose columns are the heads', as [B, H, T, D] and back.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return permute(reshape(x, {-1, x.size(-2), heads, x.size(-1) / heads}), {0, 2, 1, 3});
}
Tensor join_heads(const Tensor& x, const Tensor& g) {
  std::vector<int64_t> dims = g.shape().dims();
  dims.back() = x.size(1) * x.size(3);
  return reshape(permute(x, {0, 2, 1, 3}), dims);
}

// The heads' queries (0), keys (1) or values (2), [B, H, T, D]; views where qkv is contiguous.
Tensor heads_of(const Tensor& qkv, const Columns& c, int64_t part) {
  const int64_t heads = part == 0 ? c.heads : c.kv_heads, from = part == 0 ? 0 : c.heads + (part - 1) * c.kv_heads;
  const Tensor all = reshape(qkv, {-1, qkv.size(-2), c.heads + 2 * c.kv_heads, c.width});
  return permute(slice(all, 2, from, from + heads), {0, 2, 1, 3});
}

}  // namespace

namespace composed {

Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  const Columns c(qkv, heads, options);
  return join_heads(composed::attention(heads_of(qkv, c, 0), heads_of(qkv, c, 1), heads_of(qkv, c, 2), options), qkv);
}

std::array<Tensor, 2> self_attention_gradient(const Tensor& g, const Tensor& qkv, int64_t heads,
                                              const AttentionOptions& options) {
  const Columns c(qkv, heads, options);
  const auto [dq, dk, dv, d_mask] =
      attention_gradient(split_heads(g, heads), heads_of(qkv, c, 0), heads_of(qkv, c, 1), heads_of(qkv, c, 2), options);
  return {concatenate({join_heads(dq, g), join_heads(dk, g), join_heads(dv, g)}, -1), d_mask};
}

}  // namespace composed

namespace {

void check(const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  require_floating("self_attention", qkv);
  const int64_t kv_heads = options.kv_heads == 0 ? heads : options.kv_heads;
  if (qkv.rank() < 2 || heads < 1 || kv_heads < 1 || heads > qkv.size(-1) || kv_heads > heads ||
      heads % kv_heads != 0 || qkv.size(-1) < heads + 2 * kv_heads || qkv.size(-1) % (heads + 2 * kv_heads) != 0) {
    raise("self_attention: {} heads{} don't divide the three parts of {}", heads,
          kv_heads == heads ? "" : fmt::format(" and {} of keys", kv_heads), qkv.shape().to_string());
  }
  if (qkv.size(-2) == 0) raise("self_attention: there are no keys in {}", qkv.shape().to_string());
  check_options("self_attention", qkv, options);
}

}  // namespace

Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options) {
  check(qkv, heads, options);
  if (options.dropout > 0) return composed::self_attention(qkv, heads, options);
  const auto composed_gradient = [=](const Tensor& g) {
    const auto all = composed::self_attention_gradient(g, qkv, heads, options);
    return std::vector<Tensor>(all.begin(), all.end());
  };
  if (!has_kernel(qkv, qkv, options)) {
    const Tensor o = [&] {
      NoGrad no_grad;
      return composed::self_attention(qkv, heads, options);
    }();
    return with_mask("self_attention", {qkv}, o, options, composed_gradient);
  }
  const Tensor all = contiguous(qkv.detach());
  const Columns c(qkv, heads, options);
  std::vector<int64_t> dims = qkv.shape().dims();
  dims.back() = heads * c.width;
  const Tensor o = like(qkv, Shape(std::move(dims)));
  const Tensor q = heads_of(all, c, 0), k = heads_of(all, c, 1), v = heads_of(all, c, 2);
  const Shape lead = lead_of(q), whole{q.size(0), heads, q.size(2), q.size(2)};
  const Sight sight = sight_of("self_attention", lead, q.size(2), q.size(2), q, options);
  const AttentionRule rule = rule_of(q, options, mask_as_heads(sight.mask(q), lead, whole));
  const Attended kept = attend(rule, {q, k, v}, split_heads(o, heads));
  return with_mask("self_attention", {qkv}, o, options, [=](const Tensor& g) {
    if (grad_enabled()) return composed_gradient(g);
    const Tensor d_mask = room_for_mask(options, q, q.size(2)), heads_g = split_heads(contiguous(g), heads);
    const int64_t group = c.heads / c.kv_heads;
    Tensor d;
    if (group == 1) {
      d = like(qkv, qkv.shape());
      attend_gradient(rule, {q, k, v}, kept, heads_g, {heads_of(d, c, 0), heads_of(d, c, 1), heads_of(d, c, 2)},
                      d_mask);
    } else {
      const Tensor dq = like(q, q.shape()), dk = like(q, q.shape()), dv = like(q, q.shape());
      attend_gradient(rule, {q, k, v}, kept, heads_g, {dq, dk, dv}, d_mask);
      d = concatenate({join_heads(dq, g), join_heads(composed::sum_of_groups(dk, group), g),
                       join_heads(composed::sum_of_groups(dv, group), g)},
                      -1);
    }
    return std::vector<Tensor>{d, mask_gradient(d_mask, options, lead)};
  });
}

}  // namespace stet
