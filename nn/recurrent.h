// Recurrent layers and cells: LSTM, GRU, RNN.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "stet/nn/dropout.h"
#include "stet/nn/module.h"
#include "stet/tensor/ops/lstm.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct RecurrentOptions {
  int64_t layers = 1;
  bool bias = true;
  bool bidirectional = false;  ///< each layer also goes from a row's end to its beginning; outputs lie side by side
  double dropout = 0;          ///< of what each layer but the last gives to the next
  DType dtype = DType::float32;
};

/// One layer's parameters in one direction, of G gates: uniform in +-1 / sqrt(units), drawn from rng/input and so on.
class RecurrentLayer : public Module {
 public:
  RecurrentLayer(int64_t gates, int64_t in, int64_t units, const Rng& rng, const RecurrentOptions& options);
  RecurrentWeights weights() const;
  void members(Visitor& v) override;

  Parameter input;                       ///< [G units, in]
  Parameter recurrent;                   ///< [G units, units]
  Parameter input_bias, recurrent_bias;  ///< [G units]; undefined where there is none
};

/// Layers of one kind, each over the one before: x [B, T, in], batch first. Parameters have PyTorch's shapes and order
/// of gates, with two biases; they are drawn from rng/0, rng/1, …, those of the other direction from rng/0_reverse, ….
class Recurrent : public Module {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

  std::vector<RecurrentLayer> layers, reverse;  ///< `reverse` is empty unless bidirectional

 protected:
  /// What a layer makes of x, its initial states (each may be undefined) and lengths: its output and last states.
  using Op = std::vector<Tensor> (*)(const Recurrent& self, const RecurrentWeights& weights, const Tensor& x,
                                     const std::vector<Tensor>& initial, const Tensor& lengths);

  Recurrent(std::string name, int64_t gates, int64_t in, int64_t units, const Rng& rng,
            const RecurrentOptions& options);
  /// The last layer's output, and each state of all layers, [layers, B, units].
  std::vector<Tensor> run(Op op, const Tensor& x, const std::vector<Tensor>& initial, const Tensor& lengths) const;

 private:
  std::string name_;
  int64_t in_, units_;
  mutable std::vector<Dropout> dropouts_;  // behind each layer but the last; their streams count their draws
};

using LSTMOptions = RecurrentOptions;

/// Layers of long short-term memory (stet::lstm), gates input, forget, cell, output.
class LSTM : public Recurrent {
 public:
  /// Final states of all layers, or initial ones: both [layers, B, units]. Of a bidirectional one, twice as many: the
  /// first layer's, its other direction's, the second layer's. An initial one may be left undefined: zeros.
  using State = LstmState;
  using Layer = RecurrentLayer;
  struct Result {
    Tensor output;  ///< [B, T, units], the last layer's; of a bidirectional one [B, T, 2 units]
    State last;
  };
  struct Call {
    /// int64 [B]: steps of each row, 0 … T. Past them the output is +0; the last state is the one at the row's own end.
    Tensor lengths = {};
    State initial = {};
  };

  /// Throws UsageError unless all extents are positive and dropout is in [0, 1).
  LSTM(int64_t in, int64_t units, const Rng& rng, const LSTMOptions& options = {});

  /// From a state of zeros.
  Result operator()(const Tensor& x) const { return go(x, {}); }
  Result operator()(const Tensor& x, const State& initial) const { return go(x, {{}, initial}); }
  /// `lstm(x, {.lengths = n, .initial = s})`. A template, so that {h, c} means a state.
  template <std::same_as<Call> C = Call> Result operator()(const Tensor& x, const C& call) const { return go(x, call); }

 private:
  Result go(const Tensor& x, const Call& call) const;
};

/// What GRU and RNN take beside x.
struct RecurrentCall {
  Tensor lengths = {};  ///< as LSTM's
  Tensor initial = {};  ///< [layers, B, units], or twice as many; undefined: zeros
};

using GRUOptions = RecurrentOptions;

/// Layers of gated recurrent units (stet::gru), gates reset, update, new.
class GRU : public Recurrent {
 public:
  /// Throws UsageError unless all extents are positive and dropout is in [0, 1).
  GRU(int64_t in, int64_t units, const Rng& rng, const GRUOptions& options = {});

  /// Output [B, T, units] and the last states [layers, B, units], with two directions as LSTM has them.
  RecurrentResult operator()(const Tensor& x, const RecurrentCall& call = {}) const;
};

/// Layers of Elman's recurrence (stet::rnn).
class RNN : public Recurrent {
 public:
  /// Throws UsageError unless all extents are positive and dropout is in [0, 1).
  RNN(int64_t in, int64_t units, const Rng& rng, const RecurrentOptions& options = {},
      Nonlinearity nonlinearity = Nonlinearity::tanh);

  RecurrentResult operator()(const Tensor& x, const RecurrentCall& call = {}) const;
  void members(Visitor& v) override;

 private:
  Nonlinearity nonlinearity_;
};

struct CellOptions {
  bool bias = true;
  DType dtype = DType::float32;
};

/// One step of an LSTM: x [B, in] and a state of [B, units] each to the next state; its hidden one is the output.
class LSTMCell : public RecurrentLayer {
 public:
  LSTMCell(int64_t in, int64_t units, const Rng& rng, const CellOptions& options = {});
  LstmState operator()(const Tensor& x, const LstmState& state = {}) const;
  std::string describe() const override;
};

/// One step of a GRU: x [B, in] and a state [B, units] to the next state.
class GRUCell : public RecurrentLayer {
 public:
  GRUCell(int64_t in, int64_t units, const Rng& rng, const CellOptions& options = {});
  Tensor operator()(const Tensor& x, const Tensor& state = {}) const;
  std::string describe() const override;
};

/// One step of an RNN: x [B, in] and a state [B, units] to the next state.
class RNNCell : public RecurrentLayer {
 public:
  RNNCell(int64_t in, int64_t units, const Rng& rng, const CellOptions& options = {},
          Nonlinearity nonlinearity = Nonlinearity::tanh);
  Tensor operator()(const Tensor& x, const Tensor& state = {}) const;
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  Nonlinearity nonlinearity_;
};

}  // namespace stet::nn
