// Networks that only the benchmarks train: those of the examples, at sizes that people train, and a small one.
#pragma once

#include "stet/stet.h"

namespace bench {

using namespace stet;

/// What reinforcement learning trains: the time goes into what lies around the kernels.
struct Perceptron : nn::Module {
  nn::Linear first, second, out;

  explicit Perceptron(const Rng& rng)
      : first(4, 64, rng / "first"), second(64, 64, rng / "second"), out(64, 2, rng / "out") {}
  Tensor operator()(const Tensor& x) { return out(relu(second(relu(first(x))))); }
  void members(Visitor& v) override { v("first", first)("second", second)("out", out); }
};

/// GRU and a linear layer: characters as one-hot vectors [B, T, vocabulary] to logits [B T, vocabulary].
struct CharGru : nn::Module {
  nn::GRU gru;
  nn::Linear head;

  CharGru(int64_t vocabulary, int64_t units, const Rng& rng)
      : gru(vocabulary, units, rng / "gru"), head(units, vocabulary, rng / "head") {}
  Tensor operator()(const Tensor& x) { return head(gru(x).output.reshape({-1, head.weight.shape()[1]})); }
  void members(Visitor& v) override { v("gru", gru)("head", head); }
};

struct TranslatorShape {
  int64_t vocabulary = 1000, length = 32, width = 256, heads = 8, layers = 3;
  double dropout = 0.1;
};

/// Encoder and decoder, pre-norm: words int64 [B, S], how many of each row there are, and the answer so far [B, T], to
/// logits [B, T, vocabulary].
struct Translator : nn::Module {
  nn::Embedding source, target, places;
  nn::TransformerEncoder encoder;
  nn::TransformerDecoder decoder;
  nn::Linear out;

  Translator(const TranslatorShape& s, const Rng& rng)
      : source(s.vocabulary, s.width, rng / "source"),
        target(s.vocabulary, s.width, rng / "target"),
        places(s.length, s.width, rng / "places"),
        encoder(s.width, s.heads, s.layers, rng / "encoder", options(s)),
        decoder(s.width, s.heads, s.layers, rng / "decoder", options(s)),
        out(s.width, s.vocabulary, rng / "out") {}
  static nn::TransformerOptions options(const TranslatorShape& s) {
    return {.feedforward = 4 * s.width, .dropout = s.dropout, .norm_first = true, .final_norm = true};
  }
  Tensor operator()(const Tensor& words, const Tensor& lengths, const Tensor& answer) {
    const Tensor at = arange(words.size(1)).to(words.device());
    const Tensor memory = encoder(source(words) + places(at), {.lengths = lengths});
    return out(decoder(target(answer) + places(at), memory, {.memory_lengths = lengths}));
  }
  void members(Visitor& v) override {
    v("source", source)("target", target)("places", places)("encoder", encoder)("decoder", decoder)("out", out);
  }
};

}  // namespace bench
