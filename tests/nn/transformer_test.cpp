// Attention with masks, its layers and stacks: against PyTorch's values and gradients; caches against the whole.
#include "stet/nn/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/golden_case.h"
#include "stet/nn/positions.h"
#include "stet/tensor/error.h"

namespace stet {
namespace {

using testing::GoldenCase;
using testing::Named;
using Parameters = GoldenCase::Parameters;

const Rng rng(1, "net");

void expect_attention(const std::string& name, const AttentionOptions& options, bool second = false) {
  GoldenCase golden(name);
  const Tensor q = watch(golden("q")), k = watch(golden("k")), v = watch(golden("v"));
  golden.expect_all({{"y", attention(q, k, v, options)}}, {{"q", q}, {"k", k}, {"v", v}}, {}, second);
}

TEST(Attention, AgreesWithPyTorch) {
  expect_attention("attention_mask", {.mask = GoldenCase("attention_mask").mask("mask")}, true);
  expect_attention("attention_lengths", {.lengths = GoldenCase("attention_lengths").lengths()});
  expect_attention("attention_late", {.causal = true});
  expect_attention("attention_grouped", {.kv_heads = 2});
  GoldenCase golden("attention_added");
  const Tensor q = watch(golden("q")), k = watch(golden("k")), v = watch(golden("v")), m = watch(golden("added"));
  golden.expect_all({{"y", attention(q, k, v, {.mask = m})}}, {{"q", q}, {"k", k}, {"v", v}, {"added", m}}, {}, true);
}

Parameters of_attention(nn::MultiHeadAttention& a, const std::string& prefix = "") {
  return {{prefix + "in_proj_weight", &a.qkv.weight},
          {prefix + "in_proj_bias", &a.qkv.bias},
          {prefix + "out_proj_weight", &a.projection.weight},
          {prefix + "out_proj_bias", &a.projection.bias}};
}

const nn::MultiHeadAttentionOptions whole{.causal = false, .dtype = DType::float64};

TEST(MultiHeadAttention, AgreesWithPyTorch) {
  nn::MultiHeadAttention layer(8, 2, rng, whole);
  const Parameters parameters = of_attention(layer);
  {
    GoldenCase golden("multihead");
    golden.set(parameters);
    const Tensor x = watch(golden("x"));
    golden.expect_all({{"y", layer(x, {.lengths = golden.lengths()})}}, {{"x", x}}, parameters);
  }
  {
    GoldenCase golden("multihead_cross");
    const Tensor x = watch(golden("x")), memory = watch(golden("memory"));
    golden.expect_all({{"y", layer(x, memory, {.mask = golden.mask("mask")})}}, {{"x", x}, {"memory", memory}},
                      parameters);
  }
  GoldenCase golden("multihead_three");
  const Tensor q = watch(golden("q")), k = watch(golden("k")), v = watch(golden("v"));
  golden.expect_all({{"y", layer(q, k, v)}}, {{"q", q}, {"k", k}, {"v", v}}, parameters);
}

Parameters operator+(Parameters a, const Parameters& b) {
  a.insert(b.begin(), b.end());
  return a;
}

Parameters of_perceptron(nn::TransformerFeedForward& f) {
  return {{"linear1_weight", &f.linear1.weight},
          {"linear1_bias", &f.linear1.bias},
          {"linear2_weight", &f.linear2.weight},
          {"linear2_bias", &f.linear2.bias}};
}

Parameters of_norm(nn::LayerNorm& norm, const std::string& name) {
  return {{name + "_weight", &norm.weight}, {name + "_bias", &norm.bias}};
}

nn::TransformerOptions small(bool norm_first) {
  nn::TransformerOptions options{.feedforward = 12, .dropout = 0, .norm_first = norm_first, .dtype = DType::float64};
  if (norm_first) options.activation = [](const Tensor& x) { return gelu(x); };
  return options;
}

TEST(TransformerEncoderLayer, AgreesWithPyTorch) {
  for (const bool norm_first : {false, true}) {
    nn::TransformerEncoderLayer layer(8, 2, rng, small(norm_first));
    const Parameters parameters = of_attention(layer.self_attn, "self_attn_") + of_perceptron(layer.feedforward) +
                                  of_norm(layer.norm1, "norm1") + of_norm(layer.norm2, "norm2");
    GoldenCase golden(norm_first ? "encoder_pre" : "encoder_post");
    golden.set(parameters);
    const Tensor x = watch(golden("x"));
    golden.expect_all({{"y", layer(x, {.lengths = golden.lengths()})}}, {{"x", x}}, parameters);
  }
}

TEST(TransformerDecoderLayer, AgreesWithPyTorch) {
  for (const bool norm_first : {false, true}) {
    nn::TransformerDecoderLayer layer(8, 2, rng, small(norm_first));
    const Parameters parameters = of_attention(layer.self_attn, "self_attn_") +
                                  of_attention(layer.multihead_attn, "multihead_attn_") +
                                  of_perceptron(layer.feedforward) + of_norm(layer.norm1, "norm1") +
                                  of_norm(layer.norm2, "norm2") + of_norm(layer.norm3, "norm3");
    GoldenCase golden(norm_first ? "decoder_pre" : "decoder_post");
    golden.set(parameters);
    const Tensor x = watch(golden("x")), memory = watch(golden("memory"));
    golden.expect_all({{"y", layer(x, memory, {.memory_lengths = golden.lengths()})}}, {{"x", x}, {"memory", memory}},
                      parameters);
  }
}

TEST(Transformer, NamesAndRefusals) {
  nn::TransformerEncoder net(8, 2, 2, rng, {.feedforward = 4, .norm_first = true, .final_norm = true});
  std::vector<std::string> names;
  for (const auto& p : parameters(net)) names.push_back(p.name);
  EXPECT_EQ(names.size(), 2u * 12 + 2);
  EXPECT_EQ(names[0], "layers/0/self_attn/qkv/weight");
  EXPECT_EQ(names.back(), "norm/bias");
  EXPECT_THROW(nn::TransformerEncoder(8, 3, 2, rng), UsageError);
  EXPECT_THROW(nn::TransformerEncoder(8, 2, 0, rng), UsageError);
  EXPECT_THROW(nn::MultiHeadAttention(12, 4, rng, {.kv_heads = 3}), UsageError);
  EXPECT_THROW(nn::MultiHeadAttention(12, 4, rng, {.dropout = 1}), UsageError);
  EXPECT_EQ(nn::MultiHeadAttention(12, 4, rng, {.kv_heads = 2}).describe(),
            "MultiHeadAttention(12, 4 heads, 2 of keys, causal)");
}

TEST(Transformer, DropsInTrainingAlone) {
  nn::TransformerEncoder net(8, 2, 2, rng, {.feedforward = 4, .dropout = 0.5});
  Stream draws(Rng(2, "x"));
  const Tensor x = normal(draws, {2, 5, 8});
  EXPECT_NE(net(x).to_vector<float>(), net(x).to_vector<float>());
  const Evaluation evaluation;
  EXPECT_EQ(net(x).to_vector<float>(), net(x).to_vector<float>());
}

// What a network without a memory gives position by position, or in pieces, has the bits of all positions at once.
void expect_generation(const nn::TransformerOptions& options) {
  nn::TransformerEncoder net(16, 4, 3, rng, options);
  Stream draws(Rng(2, "x"));
  const Tensor x = normal(draws, {2, 21, 16});
  const Evaluation evaluation;
  const auto want = net(x).to_vector<float>();
  for (const std::vector<int64_t>& pieces : {std::vector<int64_t>(21, 1), std::vector<int64_t>{7, 1, 1, 11, 1}}) {
    nn::KvCache cache(3, 2, 24);
    std::vector<Tensor> parts;
    for (const int64_t n : pieces) {
      const int64_t at = cache.length();
      parts.push_back(net(x.slice(1, at, at + n), cache));
    }
    EXPECT_EQ(cache.length(), 21);
    EXPECT_EQ(concatenate(parts, 1).to_vector<float>(), want);
    cache.clear();
    EXPECT_EQ(net(x, cache).to_vector<float>(), want);
  }
}

TEST(KvCache, GenerationHasTheBitsOfTheWhole) {
  expect_generation({.feedforward = 32, .causal = true});
  expect_generation({.feedforward = 32,
                     .norm_first = true,
                     .causal = true,
                     .kv_heads = 2,
                     .rotary = nn::RotaryOptions{},
                     .final_norm = true});
}

TEST(KvCache, ADecoderHasTheBitsOfTheWhole) {
  nn::TransformerDecoder net(16, 4, 2, rng, {.feedforward = 32});
  Stream draws(Rng(2, "x"));
  const Tensor x = normal(draws, {2, 9, 16}), memory = normal(draws, {2, 7, 16});
  const Tensor lengths = Tensor::from<int64_t>({7, 4});
  const Evaluation evaluation;
  const auto want = net(x, memory, {.memory_lengths = lengths}).to_vector<float>();
  nn::KvCache cache(2, 2, 9);
  std::vector<Tensor> parts;
  for (int64_t t = 0; t < 9; ++t) {
    // The memory's keys and values are those of the first call.
    parts.push_back(
        net(x.slice(1, t, t + 1), t == 0 ? memory : zeros({2, 7, 16}), {.memory_lengths = lengths, .cache = &cache}));
  }
  EXPECT_EQ(concatenate(parts, 1).to_vector<float>(), want);
}

TEST(KvCache, RefusesWhatItCannotHold) {
  EXPECT_THROW(nn::KvCache(0, 1, 1), UsageError);
  nn::KvCache cache(1, 2, 3);
  const Tensor two = zeros({2, 1, 2, 4});
  EXPECT_THROW(cache[1], UsageError);
  const auto seen = cache[0].append(two, two).keys;
  EXPECT_THROW(cache[0].append(two, two), UsageError);
  EXPECT_THROW(cache[0].append(zeros({1, 1, 1, 4}), zeros({1, 1, 1, 4})), UsageError);
  EXPECT_THROW(cache[0].append(zeros({2, 2, 1, 4}), zeros({2, 2, 1, 4})), UsageError);
  const Tensor one = ones({2, 1, 1, 4});
  EXPECT_THROW(cache[0].append(watch(one), one), UsageError);
  // A view that was given keeps its values.
  EXPECT_EQ(cache[0].append(one, one).keys.shape(), Shape({2, 1, 3, 4}));
  cache.clear();
  cache[0].append(one, one);
  EXPECT_EQ(seen.to_vector<float>(), two.to_vector<float>());
}

TEST(KvCache, AViewOfForgottenPositionsKeepsItsValues) {
  nn::KvCache cache(1, 1, 4);
  const auto position = [](float value) { return full({1, 1, 1, 1}, value); };
  cache[0].append(position(1), position(-1));
  const nn::KvCache::Pair seen = cache[0].append(position(2), position(-2));
  cache.truncate(1);
  const nn::KvCache::Pair others = cache[0].append(position(9), position(-9));
  EXPECT_THAT(seen.keys.to_vector<float>(), ::testing::ElementsAre(1, 2));
  EXPECT_THAT(seen.values.to_vector<float>(), ::testing::ElementsAre(-1, -2));
  EXPECT_THAT(others.keys.to_vector<float>(), ::testing::ElementsAre(1, 9));
  EXPECT_THAT(others.values.to_vector<float>(), ::testing::ElementsAre(-1, -9));
}

// Of a stack deeper than the cache.
TEST(KvCache, NoLayerIsAheadAfterALayerThrew) {
  const Evaluation evaluation;
  nn::TransformerEncoder net(8, 2, 2, rng, {.feedforward = 4, .causal = true});
  nn::KvCache cache(1, 1, 4);
  EXPECT_THROW(net(zeros({1, 3, 8}), cache), UsageError);
  EXPECT_EQ(cache.length(), 0);
  const Tensor three = zeros({1, 2, 3, 4});
  cache[0].append(three, three);
  EXPECT_THROW(net(zeros({1, 1, 8}), cache), UsageError);
  EXPECT_EQ(cache.length(), 3);
  cache.truncate(2);
  EXPECT_EQ(cache.length(), 2);
  cache.truncate(5);
  EXPECT_EQ(cache.length(), 2);
  EXPECT_THROW(cache.truncate(-1), UsageError);
}

TEST(RotaryEmbedding, TurnsPairsByTheirPositions) {
  Stream draws(Rng(2, "x"));
  const Tensor x = normal(draws, {3, 11, 6}, 0, 1, DType::float64);
  const auto values = x.to_vector<double>();
  for (const bool interleaved : {false, true}) {
    const nn::RotaryEmbedding rotary(6, {.base = 100, .interleaved = interleaved});
    const auto got = rotary(x, 5).to_vector<double>();
    for (int64_t row = 0; row < 33; ++row) {
      for (int64_t i = 0; i < 3; ++i) {
        const double angle = static_cast<double>(row % 11 + 5) * std::pow(100.0, -2.0 * static_cast<double>(i) / 6);
        const auto a = static_cast<size_t>(row * 6 + (interleaved ? 2 * i : i)), b = interleaved ? a + 1 : a + 3;
        EXPECT_NEAR(got[a], values[a] * std::cos(angle) - values[b] * std::sin(angle), 1e-14);
        EXPECT_NEAR(got[b], values[b] * std::cos(angle) + values[a] * std::sin(angle), 1e-14);
      }
    }
  }
  // A table that grew gives what it gave.
  const nn::RotaryEmbedding rotary(6);
  const auto first = rotary(x).to_vector<double>();
  rotary(x, 100000);
  EXPECT_EQ(rotary(x).to_vector<double>(), first);
  EXPECT_THROW(nn::RotaryEmbedding(5), UsageError);
  EXPECT_THROW(rotary(zeros({3, 4})), UsageError);
  EXPECT_THROW(rotary(zeros({3, 6}, DType::int64)), UsageError);
}

TEST(Positions, AreSinesAndCosines) {
  const Tensor p = nn::sinusoidal_positions(50, 8, DType::float64);
  ASSERT_EQ(p.shape(), Shape({50, 8}));
  const auto values = p.to_vector<double>();
  for (int64_t i = 0; i < 400; ++i) {
    const double angle = static_cast<double>(i / 8) / std::pow(10000.0, static_cast<double>(i % 8 / 2 * 2) / 8);
    EXPECT_NEAR(values[static_cast<size_t>(i)], i % 2 == 0 ? std::sin(angle) : std::cos(angle), 1e-13) << i;
  }
  EXPECT_EQ(nn::sinusoidal_positions(3, 4).dtype(), DType::float32);
  EXPECT_THROW(nn::sinusoidal_positions(3, 5), UsageError);
}

}  // namespace
}  // namespace stet
