#include "stet/nn/recurrent.h"

#include "stet/nn/fan_in_init.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

RecurrentLayer::RecurrentLayer(int64_t gates, int64_t in, int64_t units, const Rng& rng,
                               const RecurrentOptions& options)
    : input(fan_in_uniform({gates * units, in}, units, rng / "input", options.dtype)),
      recurrent(fan_in_uniform({gates * units, units}, units, rng / "recurrent", options.dtype)) {
  if (!options.bias) return;
  input_bias = fan_in_uniform({gates * units}, units, rng / "input_bias", options.dtype);
  recurrent_bias = fan_in_uniform({gates * units}, units, rng / "recurrent_bias", options.dtype);
}

RecurrentWeights RecurrentLayer::weights() const {
  if (!input_bias.defined()) return {input, recurrent, {}, {}};
  return {input, recurrent, input_bias, recurrent_bias};
}

void RecurrentLayer::members(Visitor& v) {
  v("input", input)("recurrent", recurrent)("input_bias", input_bias)("recurrent_bias", recurrent_bias);
}

namespace {

// x [B, T, ..] with each row's steps in the other order; those past its length stay where they are.
Tensor reversed(const Tensor& x, const Tensor& lengths) {
  const int64_t steps = x.size(1);
  if (!lengths.defined()) return index_select(x, 1, (steps - 1 - arange(steps)).to(x.device()));
  const Tensor n = unsqueeze(lengths.to(x.device()), 1), t = unsqueeze(arange(steps).to(x.device()), 0);
  const Tensor at = where(t < n, n - 1 - t, broadcast_to(t, {x.size(0), steps}));
  return gather(x, 1, contiguous(broadcast_to(unsqueeze(at, 2), x.shape())));
}

Tensor of_layer(const Tensor& state, size_t i) { return state.defined() ? state[static_cast<int64_t>(i)] : Tensor(); }

}  // namespace

Recurrent::Recurrent(std::string name, int64_t gates, int64_t in, int64_t units, const Rng& rng,
                     const RecurrentOptions& options)
    : name_(std::move(name)), in_(in), units_(units) {
  if (in < 1 || units < 1 || options.layers < 1) {
    raise("{}({}, {}, {} layers): all extents must be positive", name_, in, units, options.layers);
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    raise("{}({}, {}): dropout {} is not a probability of dropping in [0, 1)", name_, in, units, options.dropout);
  }
  const int64_t directions = options.bidirectional ? 2 : 1;
  for (int64_t i = 0; i < options.layers; ++i) {
    const int64_t width = i == 0 ? in : directions * units;
    layers.emplace_back(gates, width, units, rng / i, options);
    if (options.bidirectional) {
      reverse.emplace_back(gates, width, units, rng / (std::to_string(i) + "_reverse"), options);
    }
    if (options.dropout != 0 && i + 1 < options.layers) dropouts_.emplace_back(options.dropout, rng / i / "dropout");
  }
}

std::vector<Tensor> Recurrent::run(Op op, const Tensor& x, const std::vector<Tensor>& initial,
                                   const Tensor& lengths) const {
  const size_t directions = reverse.empty() ? 1 : 2;
  for (const Tensor& state : initial) {
    if (!state.defined() || x.rank() != 3) continue;
    const Shape wanted{static_cast<int64_t>(layers.size() * directions), x.size(0), units_};
    if (state.shape() != wanted) {
      raise("{}: the initial state [layers, B, units] is {} here, not {}", describe(), wanted.to_string(),
            state.shape().to_string());
    }
  }
  std::vector<std::vector<Tensor>> states(initial.size());
  // One layer in one direction: its output.
  const auto step = [&](const RecurrentLayer& layer, const Tensor& x) {
    std::vector<Tensor> first;
    for (const Tensor& state : initial) first.push_back(of_layer(state, states[0].size()));
    const std::vector<Tensor> result = op(*this, layer.weights(), x, first, lengths);
    for (size_t s = 0; s < states.size(); ++s) states[s].push_back(result[s + 1]);
    return result[0];
  };
  Tensor y = x;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Tensor forward = step(layers[i], y);
    if (reverse.empty()) {
      y = forward;
    } else {
      y = concatenate({forward, reversed(step(reverse[i], reversed(y, lengths)), lengths)}, -1);
    }
    if (i < dropouts_.size()) y = dropouts_[i](y);
  }
  std::vector<Tensor> all = {y};
  for (const auto& of_layers : states) all.push_back(stack(of_layers));
  return all;
}

void Recurrent::members(Visitor& v) {
  for (size_t i = 0; i < layers.size(); ++i) {
    v(std::to_string(i), layers[i]);
    if (!reverse.empty()) v(std::to_string(i) + "_reverse", reverse[i]);
    if (i < dropouts_.size()) v(std::to_string(i) + "_dropout", dropouts_[i]);
  }
}

std::string Recurrent::describe() const {
  return fmt::format("{}({}, {}{}{})", name_, in_, units_,
                     layers.size() > 1 ? fmt::format(", {} layers", layers.size()) : "",
                     reverse.empty() ? "" : ", bidirectional");
}

LSTM::LSTM(int64_t in, int64_t units, const Rng& rng, const LSTMOptions& options)
    : Recurrent("LSTM", 4, in, units, rng, options) {}

LSTM::Result LSTM::go(const Tensor& x, const Call& call) const {
  const auto op = [](const Recurrent&, const RecurrentWeights& weights, const Tensor& x,
                     const std::vector<Tensor>& initial, const Tensor& lengths) {
    const LstmResult r = lstm(x, weights, {initial[0], initial[1]}, lengths);
    return std::vector<Tensor>{r.output, r.last.hidden, r.last.cell};
  };
  const std::vector<Tensor> all = run(op, x, {call.initial.hidden, call.initial.cell}, call.lengths);
  return {all[0], {all[1], all[2]}};
}

GRU::GRU(int64_t in, int64_t units, const Rng& rng, const GRUOptions& options)
    : Recurrent("GRU", 3, in, units, rng, options) {}

RecurrentResult GRU::operator()(const Tensor& x, const RecurrentCall& call) const {
  const auto op = [](const Recurrent&, const RecurrentWeights& weights, const Tensor& x,
                     const std::vector<Tensor>& initial, const Tensor& lengths) {
    const RecurrentResult r = gru(x, weights, initial[0], lengths);
    return std::vector<Tensor>{r.output, r.last};
  };
  const std::vector<Tensor> all = run(op, x, {call.initial}, call.lengths);
  return {all[0], all[1]};
}

RNN::RNN(int64_t in, int64_t units, const Rng& rng, const RecurrentOptions& options, Nonlinearity nonlinearity)
    : Recurrent("RNN", 1, in, units, rng, options), nonlinearity_(nonlinearity) {}

RecurrentResult RNN::operator()(const Tensor& x, const RecurrentCall& call) const {
  const auto op = [](const Recurrent& self, const RecurrentWeights& weights, const Tensor& x,
                     const std::vector<Tensor>& initial, const Tensor& lengths) {
    const RecurrentResult r = rnn(x, weights, static_cast<const RNN&>(self).nonlinearity_, initial[0], lengths);
    return std::vector<Tensor>{r.output, r.last};
  };
  const std::vector<Tensor> all = run(op, x, {call.initial}, call.lengths);
  return {all[0], all[1]};
}

namespace {

const char* name_of(Nonlinearity f) { return f == Nonlinearity::tanh ? "tanh" : "relu"; }

RecurrentLayer of_cell(const char* name, int64_t gates, int64_t in, int64_t units, const Rng& rng,
                       const CellOptions& options) {
  if (in < 1 || units < 1) raise("{}({}, {}): both extents must be positive", name, in, units);
  return {gates, in, units, rng, {.bias = options.bias, .dtype = options.dtype}};
}

// [B, in] as a sequence of one step.
Tensor one_step(const char* name, const Tensor& x) {
  if (x.rank() != 2) raise("{}: takes x [B, in], not {}", name, x.shape().to_string());
  return unsqueeze(x, 1);
}

std::string describe_cell(const char* name, const RecurrentLayer& cell) {
  return fmt::format("{}({}, {})", name, cell.input.shape()[1], cell.recurrent.shape()[1]);
}

}  // namespace

void RNN::members(Visitor& v) {
  Recurrent::members(v);
  v.hyper("nonlinearity", name_of(nonlinearity_));
}

LSTMCell::LSTMCell(int64_t in, int64_t units, const Rng& rng, const CellOptions& options)
    : RecurrentLayer(of_cell("LSTMCell", 4, in, units, rng, options)) {}

LstmState LSTMCell::operator()(const Tensor& x, const LstmState& state) const {
  return lstm(one_step("LSTMCell", x), weights(), state).last;
}

std::string LSTMCell::describe() const { return describe_cell("LSTMCell", *this); }

GRUCell::GRUCell(int64_t in, int64_t units, const Rng& rng, const CellOptions& options)
    : RecurrentLayer(of_cell("GRUCell", 3, in, units, rng, options)) {}

Tensor GRUCell::operator()(const Tensor& x, const Tensor& state) const {
  return gru(one_step("GRUCell", x), weights(), state).last;
}

std::string GRUCell::describe() const { return describe_cell("GRUCell", *this); }

RNNCell::RNNCell(int64_t in, int64_t units, const Rng& rng, const CellOptions& options, Nonlinearity nonlinearity)
    : RecurrentLayer(of_cell("RNNCell", 1, in, units, rng, options)), nonlinearity_(nonlinearity) {}

Tensor RNNCell::operator()(const Tensor& x, const Tensor& state) const {
  return rnn(one_step("RNNCell", x), weights(), nonlinearity_, state).last;
}

void RNNCell::members(Visitor& v) {
  RecurrentLayer::members(v);
  v.hyper("nonlinearity", name_of(nonlinearity_));
}

std::string RNNCell::describe() const { return describe_cell("RNNCell", *this); }

}  // namespace stet::nn
