// LSTM: recurrent layers.
#pragma once

#include <optional>
#include <vector>

#include "stet/nn/module.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct LSTMOptions {
  int64_t layers = 1;
  bool bias = true;
  DType dtype = DType::float32;
};

/// Layers of long short-term memory (stet::lstm), each over the one before: x [B, T, in], batch first. Its parameters
/// have PyTorch's shapes and gate order (input, forget, cell, output), with two biases, and start uniform in
/// +-1 / sqrt(units), drawn from rng/<layer>/input and so on.
class LSTM : public Module {
 public:
  /// Final states of all layers, or initial ones: both [layers, B, units]. An initial one may be left undefined: zeros.
  using State = LstmState;
  struct Result {
    Tensor output;  ///< [B, T, units], the last layer's
    State last;
  };

  /// Throws UsageError unless all extents are positive.
  LSTM(int64_t in, int64_t units, const Rng& rng, const LSTMOptions& options = {});

  /// From a state of zeros.
  Result operator()(const Tensor& x) const { return (*this)(x, State{}); }
  Result operator()(const Tensor& x, const State& initial) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  /// One layer's parameters.
  class Layer : public Module {
   public:
    Layer(int64_t in, int64_t units, const Rng& rng, const LSTMOptions& options);
    LstmWeights weights() const;
    void members(Visitor& v) override;

    Parameter input;                       ///< [4 units, in]
    Parameter recurrent;                   ///< [4 units, units]
    Parameter input_bias, recurrent_bias;  ///< [4 units]; undefined where there is none
  };
  std::vector<Layer> layers;
};

}  // namespace stet::nn
