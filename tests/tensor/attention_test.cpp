// Attention's kernels against a plain loop, and what they depend on. The table of ops holds them to the public ops that
// define them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "error_of.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

struct Case {
  int64_t batch, queries, keys, width, value_width;
  bool causal;
};

std::string name_of(const Case& c) {
  return fmt::format("{} x {} x {}, {} and {}{}", c.batch, c.queries, c.keys, c.width, c.value_width,
                     c.causal ? ", causal" : "");
}

// Several chunks of keys and queries, and of the width; odd tails; one row.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {1, 1, 1, 1, 1, true},     {2, 31, 31, 5, 3, true},    {3, 64, 64, 32, 32, true},
      {1, 65, 65, 16, 33, true}, {2, 7, 40, 9, 17, false},   {1, 40, 7, 33, 16, false},
      {1, 600, 600, 8, 5, true}, {1, 600, 530, 3, 8, false}, {1, 13, 13, 600, 1100, true}};
  return all;
}

// Numbers between about -2 and 2, or of any kind.
Tensor input(const Shape& shape, uint64_t seed, bool specials) {
  Stream stream(Rng(seed, "input"));
  const Tensor plain = normal(stream, shape);
  if (!specials) return plain;
  // Few enough that some rows see none.
  return where(bernoulli(stream, shape, 0.004), awkward(shape, seed), plain);
}

struct Inputs {
  Tensor q, k, v, g;
};

Inputs inputs(const Case& c, bool specials) {
  return {input({c.batch, c.queries, c.width}, 1, specials), input({c.batch, c.keys, c.width}, 2, specials),
          input({c.batch, c.keys, c.value_width}, 3, specials),
          input({c.batch, c.queries, c.value_width}, 4, specials)};
}

float chunked(const std::vector<float>& a, const std::vector<float>& b) {
  float total = 0;
  for (size_t k = 0; k < a.size(); k += contract::kProductChunk) {
    float chain = 0;
    for (size_t i = k; i < std::min<size_t>(a.size(), k + contract::kProductChunk); ++i)
      chain = std::fma(a[i], b[i], chain);
    total = total + chain;
  }
  return total;
}

// Whether query i sees key j.
using Sees = std::function<bool(int64_t i, int64_t j)>;

// docs/numerics.md, one element after another.
std::vector<float> plain_attention(const Case& c, const Inputs& in, float scale, const Sees& sees) {
  const auto q = in.q.to_vector<float>(), k = in.k.to_vector<float>(), v = in.v.to_vector<float>();
  const auto row = [](const std::vector<float>& x, int64_t i, int64_t width) {
    return std::vector<float>(x.begin() + i * width, x.begin() + (i + 1) * width);
  };
  std::vector<float> o;
  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t i = 0; i < c.queries; ++i) {
      // Of hidden keys, scores are +0, and so are values where they meet a product.
      std::vector<float> s;
      float most = -std::numeric_limits<float>::infinity();
      bool sees_any = false;
      for (int64_t j = 0; j < c.keys; ++j) {
        s.push_back(chunked(row(q, b * c.queries + i, c.width), row(k, b * c.keys + j, c.width)) * scale);
        if (sees(i, j)) most = reference::maximum(most, s.back()), sees_any = true;
      }
      for (int64_t j = 0; j < c.keys; ++j) {
        float& e = s[static_cast<size_t>(j)];
        e = sees(i, j) ? math::exp(e - most) : 0;
      }
      const float total = sees_any ? reference::lane_sum(s) : 1;
      for (int64_t d = 0; d < c.value_width; ++d) {
        std::vector<float> column;
        for (int64_t j = 0; j < c.keys; ++j)
          column.push_back(sees(i, j) ? v[static_cast<size_t>((b * c.keys + j) * c.value_width + d)] : 0);
        o.push_back(chunked(s, column) / total);
      }
    }
  }
  return o;
}

TEST(Attention, EqualsThePlainLoop) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      const Inputs in = inputs(c, specials);
      const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c.width)));
      const Tensor o = attention(in.q, in.k, in.v, {.causal = c.causal});
      const auto sees = [&](int64_t i, int64_t j) { return !c.causal || j <= i; };
      EXPECT_TRUE(all_same_bits(o.to_vector<float>(), plain_attention(c, in, scale, sees))) << name_of(c);
    }
  }
}

TEST(Attention, WithAMaskEqualsThePlainLoop) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      const Inputs in = inputs(c, specials);
      const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c.width)));
      const auto sees = [](int64_t i, int64_t j) { return i % 9 != 4 && (i + j * j) % 3 != 0; };
      std::vector<bool> seen;
      for (int64_t i = 0; i < c.queries; ++i) {
        for (int64_t j = 0; j < c.keys; ++j) seen.push_back(sees(i, j));
      }
      const Tensor o = attention(in.q, in.k, in.v, {.mask = Tensor::from(seen, {c.queries, c.keys})});
      EXPECT_TRUE(all_same_bits(o.to_vector<float>(), plain_attention(c, in, scale, sees))) << name_of(c);
    }
  }
}

TEST(Attention, TakesViewsAndAnyLeadingAxes) {
  const Tensor x = input({2, 9, 3, 4}, 7, false);
  const Tensor heads = x.permute({0, 2, 1, 3}), other = contiguous(x.permute({0, 2, 3, 1})).transpose();
  const auto want = attention(contiguous(heads), contiguous(heads), contiguous(heads)).to_vector<float>();
  EXPECT_EQ(attention(heads, heads, heads).to_vector<float>(), want);
  EXPECT_EQ(attention(other, heads, other).to_vector<float>(), want);
  const Tensor flat = contiguous(heads).reshape({6, 9, 4}), deep = contiguous(heads).reshape({1, 2, 3, 9, 4});
  EXPECT_EQ(attention(flat, flat, flat).to_vector<float>(), want);
  EXPECT_EQ(attention(deep, deep, deep).shape(), deep.shape());
  EXPECT_EQ(attention(deep, deep, deep).to_vector<float>(), want);
}

TEST(Attention, ARowDependsNeitherOnLaterOnesNorOnItsBatch) {
  const Tensor qkv = input({2, 70, 24}, 8, false);
  const auto whole = self_attention(qkv, 2, {.causal = true});
  const Tensor poisoned = concatenate({qkv.slice(1, 0, 40), full({2, 30, 24}, std::nan(""))}, 1);
  EXPECT_EQ(self_attention(poisoned, 2, {.causal = true}).slice(1, 0, 40).to_vector<float>(),
            whole.slice(1, 0, 40).to_vector<float>());
  EXPECT_EQ(self_attention(qkv.slice(0, 1, 2), 2, {.causal = true}).to_vector<float>(),
            whole.slice(0, 1, 2).to_vector<float>());
}

TEST(Attention, GradientsDependOnVisiblePairsAlone) {
  const Inputs in = inputs({1, 70, 70, 8, 8, true}, false);
  const auto gradients = [&](const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& g) {
    const Tensor wq = watch(q), wk = watch(k), wv = watch(v);
    const Gradients d = backward(sum(attention(wq, wk, wv, {.causal = true}) * g));
    return std::vector<Tensor>{d[wq], d[wk], d[wv]};
  };
  const auto part = [](const Tensor& x, int64_t begin, int64_t end) {
    return x.slice(1, begin, end).to_vector<float>();
  };
  const auto poisoned = [](const Tensor& x, int64_t begin, int64_t end) {
    return concatenate(
        {x.slice(1, 0, begin), full({1, end - begin, x.size(2)}, std::nan("")), x.slice(1, end, x.size(1))}, 1);
  };
  const auto clean = gradients(in.q, in.k, in.v, in.g);
  // No later key sees an early query, and no early query a later key.
  for (const auto& d :
       {gradients(poisoned(in.q, 0, 20), in.k, in.v, in.g), gradients(in.q, in.k, in.v, poisoned(in.g, 0, 20))}) {
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(part(d[i], 20, 70), part(clean[i], 20, 70)) << i;
  }
  for (const auto& d :
       {gradients(in.q, poisoned(in.k, 30, 70), in.v, in.g), gradients(in.q, in.k, poisoned(in.v, 30, 70), in.g)}) {
    EXPECT_EQ(part(d[0], 0, 30), part(clean[0], 0, 30));
  }
}

TEST(Attention, RefusesShapesThatDoNotFit) {
  const Tensor x = zeros({2, 3, 4});
  EXPECT_THROW(attention(x, zeros({2, 3, 5}), x), UsageError);
  EXPECT_THROW(attention(x, x, zeros({2, 4, 4})), UsageError);
  EXPECT_THROW(attention(x, zeros({1, 3, 4}), x), UsageError);
  EXPECT_THROW(attention(x, x, x, {.mask = zeros({3, 2}, DType::boolean)}), UsageError);
  EXPECT_THROW(attention(x, x, x, {.mask = zeros({1, 1, 3, 3}, DType::boolean)}), UsageError);
  EXPECT_THROW(attention(x, x, x, {.mask = zeros({3, 3}, DType::float64)}), UsageError);
  EXPECT_THROW(attention(x, x, x, {.lengths = Tensor::from<int64_t>({1, 2, 3})}), UsageError);
  EXPECT_THROW(attention(x, x, x, {.lengths = Tensor::from<int64_t>({1, 4})}), DataError);
  EXPECT_THROW(attention(x, x, x, {.kv_heads = 3}), UsageError);
  EXPECT_THROW(attention(x, x, x, {.dropout = 0.5}), UsageError);
  EXPECT_THROW(self_attention(zeros({2, 3, 12}), 4, {.kv_heads = 3}), UsageError);
  EXPECT_THROW(attention(x, zeros({2, 0, 4}), zeros({2, 0, 4})), UsageError);
  for (const double scale : {std::nan(""), 1e300, -std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(attention(x, x, x, {.scale = scale}), UsageError);
    EXPECT_THROW(self_attention(zeros({2, 3, 12}), 2, {.scale = scale}), UsageError);
  }
  EXPECT_THROW(self_attention(zeros({2, 3, 10}), 2), UsageError);
  EXPECT_EQ(attention(zeros({0, 3, 4}), zeros({0, 3, 4}), zeros({0, 3, 4})).shape(), Shape({0, 3, 4}));
}

TEST(Attention, NamesWhatDoesNotFit) {
  const Tensor x = zeros({1, 2, 4}), none = zeros({1, 2, 0});
  EXPECT_EQ(error_of([&] { attention(none, none, x); }), "attention: the queries [1, 2, 0] and keys have no features");
  EXPECT_EQ(error_of([&] { attention(x, x, x, {.mask = zeros({3})}); }),
            "attention: a mask [3] does not broadcast to the scores [1, 2, 2]");
  EXPECT_EQ(error_of([&] { attention(x, x, x, {.mask = zeros({2}, DType::int64)}); }),
            "attention: a mask is bool or float32, not int64");
}

TEST(Attention, WhatIsHiddenDoesNotShow) {
  const Inputs in = inputs({2, 9, 70, 8, 8, false}, false);
  const Tensor nan = full({2, 30, 8}, std::nan(""));
  const Tensor k = concatenate({in.k.slice(1, 0, 40), nan}, 1), v = concatenate({in.v.slice(1, 0, 40), nan}, 1);
  const Tensor there = arange(70) < Tensor(int64_t{40});
  const auto want = attention(in.q, in.k.slice(1, 0, 40), in.v.slice(1, 0, 40)).to_vector<float>();
  EXPECT_EQ(attention(in.q, k, v, {.mask = there}).to_vector<float>(), want);
  EXPECT_EQ(attention(in.q, k, v, {.lengths = Tensor::from<int64_t>({40, 40})}).to_vector<float>(), want);
  EXPECT_EQ(attention(in.q, k, v, {.lengths = Tensor::from<int64_t>({40}).expand({2})}).to_vector<float>(), want);
  const Tensor added = where(there, zeros({}), full({}, -std::numeric_limits<double>::infinity()));
  EXPECT_EQ(attention(in.q, k, v, {.mask = added}).to_vector<float>(), want);
  const Tensor wq = watch(in.q), wk = watch(k), wv = watch(v);
  const Gradients d = backward(sum(attention(wq, wk, wv, {.mask = there}) * in.g));
  for (const Tensor& x : {d[wq], d[wk], d[wv]}) {
    for (const float value : x.to_vector<float>()) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(Attention, ARowThatSeesNothingIsZeroAndHasNoGradient) {
  const Inputs in = inputs({2, 3, 5, 4, 4, false}, false);
  for (const AttentionOptions& options : {AttentionOptions{.mask = zeros({3, 5}, DType::boolean)},
                                          AttentionOptions{.mask = full({5}, -std::numeric_limits<double>::infinity())},
                                          AttentionOptions{.lengths = zeros({2}, DType::int64)}}) {
    const Tensor wq = watch(in.q), wk = watch(in.k), wv = watch(in.v);
    const Tensor y = attention(wq, wk, wv, options);
    EXPECT_EQ(y.to_vector<float>(), zeros(y.shape()).to_vector<float>());
    const Gradients d = backward(sum(y * in.g));
    for (const Tensor& w : {wq, wk, wv}) EXPECT_EQ(d[w].to_vector<float>(), zeros(w.shape()).to_vector<float>());
  }
}

TEST(Attention, DropoutDropsWeights) {
  const Inputs in = inputs({1, 40, 50, 8, 50, false}, false);
  Stream draws(Rng(5, "weights"));
  // Values that tell the weights.
  const Tensor w = attention(in.q, in.k, eye(50).unsqueeze(0), {.dropout = 0.25, .draws = &draws});
  const Tensor all = attention(in.q, in.k, eye(50).unsqueeze(0));
  int64_t dropped = 0;
  const auto got = w.to_vector<float>(), want = all.to_vector<float>();
  for (size_t i = 0; i < got.size(); ++i) {
    dropped += got[i] == 0;
    if (got[i] != 0) { EXPECT_NEAR(got[i], want[i] / 0.75f, 1e-6f); }
  }
  EXPECT_NEAR(static_cast<double>(dropped) / 2000, 0.25, 0.05);
}

// The public op doesn't come to its kernel with these.
TEST(Attention, KernelTakesNoHeadsAndNoQueries) {
  for (const Shape& rows : {Shape{2, 0, 3}, Shape{0, 2, 3}, Shape{2, 2, 0}}) {
    const Tensor q = zeros({rows[0], rows[1], rows[2], 4}), k = zeros({rows[0], rows[1], 3, 4});
    const Tensor extremes = zeros(rows), totals = zeros(rows);
    const Tensor dq = full(q.shape(), 5.0), dk = full(k.shape(), 5.0), dv = full(k.shape(), 5.0);
    backend(cpu).attention({}, {q, k, k}, q, extremes, totals);
    backend(cpu).attention_gradient({}, {q, k, k}, q, extremes, totals, q, {dq, dk, dv}, {});
    EXPECT_EQ(dk.to_vector<float>(), zeros(k.shape()).to_vector<float>());
    EXPECT_EQ(dv.to_vector<float>(), zeros(k.shape()).to_vector<float>());
  }
}

}  // namespace
}  // namespace stet
