// A character model of one recurrent layer.
#pragma once

#include "stet/stet.h"

namespace models {

using namespace stet;

/// LSTM of `units` and a linear layer: characters as one-hot vectors [B, T, vocabulary] to logits [B T, vocabulary].
struct CharLstm : nn::Module {
  nn::LSTM lstm;
  nn::Linear head;

  CharLstm(int64_t vocabulary, int64_t units, const Rng& rng)
      : lstm(vocabulary, units, rng / "lstm"), head(units, vocabulary, rng / "head") {}

  Tensor operator()(const Tensor& x) { return head(lstm(x).output.reshape({-1, head.weight.shape()[1]})); }
  void members(Visitor& v) override { v("lstm", lstm)("head", head); }
};

}  // namespace models
