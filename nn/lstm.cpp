#include "stet/nn/lstm.h"

#include "stet/nn/fan_in_init.h"
#include "stet/tensor/error.h"

namespace stet::nn {

LSTM::Layer::Layer(int64_t in, int64_t units, const Rng& rng, const LSTMOptions& options)
    : input(fan_in_uniform({4 * units, in}, units, rng / "input", options.dtype)),
      recurrent(fan_in_uniform({4 * units, units}, units, rng / "recurrent", options.dtype)) {
  if (!options.bias) return;
  input_bias = fan_in_uniform({4 * units}, units, rng / "input_bias", options.dtype);
  recurrent_bias = fan_in_uniform({4 * units}, units, rng / "recurrent_bias", options.dtype);
}

LstmWeights LSTM::Layer::weights() const {
  if (!input_bias.defined()) return {input, recurrent, {}, {}};
  return {input, recurrent, input_bias, recurrent_bias};
}

void LSTM::Layer::members(Visitor& v) {
  v("input", input)("recurrent", recurrent)("input_bias", input_bias)("recurrent_bias", recurrent_bias);
}

LSTM::LSTM(int64_t in, int64_t units, const Rng& rng, const LSTMOptions& options) {
  if (in < 1 || units < 1 || options.layers < 1) {
    raise("LSTM({}, {}, {} layers): all extents must be positive", in, units, options.layers);
  }
  for (int64_t i = 0; i < options.layers; ++i) layers.emplace_back(i == 0 ? in : units, units, rng / i, options);
}

LSTM::Result LSTM::operator()(const Tensor& x, const State& initial) const {
  const auto count = static_cast<int64_t>(layers.size());
  for (const Tensor* state : {&initial.hidden, &initial.cell}) {
    if (!state->defined()) continue;
    const Shape wanted{count, x.rank() == 3 ? x.size(0) : 0, layers[0].recurrent.shape()[1]};
    if (x.rank() == 3 && state->shape() != wanted) {
      raise("{}: the initial state [layers, B, units] is {} here, not {}", describe(), wanted.to_string(),
            state->shape().to_string());
    }
  }
  Result result{x, {}};
  std::vector<Tensor> hidden, cell;
  for (int64_t i = 0; i < count; ++i) {
    const auto of_layer = [&](const Tensor& state) { return state.defined() ? state[i] : Tensor(); };
    const LstmResult r = lstm(result.output, layers[static_cast<size_t>(i)].weights(),
                              {of_layer(initial.hidden), of_layer(initial.cell)});
    result.output = r.output;
    hidden.push_back(r.last.hidden);
    cell.push_back(r.last.cell);
  }
  result.last = {stack(hidden), stack(cell)};
  return result;
}

void LSTM::members(Visitor& v) {
  for (size_t i = 0; i < layers.size(); ++i) v(std::to_string(i), layers[i]);
}

std::string LSTM::describe() const {
  const Shape& s = layers[0].input.shape();
  return fmt::format("LSTM({}, {}{})", s[1], s[0] / 4,
                     layers.size() > 1 ? fmt::format(", {} layers", layers.size()) : "");
}

}  // namespace stet::nn
