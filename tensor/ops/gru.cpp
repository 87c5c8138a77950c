// Gated recurrent units.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/ops/recurrent.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

using namespace recurrent;

// One step's gates and what they lead to.
struct GruStep {
  Tensor reset, update, candidate, from_state;  // the last is what the state gave to the candidate
  Tensor before, hidden;
};

// x is +0 past the lengths.
std::vector<GruStep> steps(const Tensor& x, const RecurrentWeights& w, const Tensor& initial, const Tensor& lengths) {
  const Tensor projected = linear(swap_time(x), w.input, w.input_bias);
  std::vector<GruStep> all;
  Tensor hidden = initial;
  for (int64_t t = 0; t < projected.size(0); ++t) {
    const Tensor from_x = projected[t], from_state = linear(hidden, w.recurrent, w.recurrent_bias);
    const auto both = [&](int64_t i) { return block(from_x, i, 3) + block(from_state, i, 3); };
    GruStep s;
    s.reset = sigmoid(both(0));
    s.update = sigmoid(both(1));
    s.from_state = block(from_state, 2, 3);
    s.candidate = tanh(block(from_x, 2, 3) + s.reset * s.from_state);
    s.before = hidden;
    const Tensor kept = s.update * hidden;
    s.hidden = at_step(lengths, t, (1 - s.update) * s.candidate + kept, hidden);
    hidden = s.hidden;
    all.push_back(std::move(s));
  }
  return all;
}

// [T, B, n] as [T B, n].
Tensor rows_of(const std::vector<Tensor>& steps) { return as_rows("gru", stack(steps)); }

}  // namespace

namespace composed {

Tensor gru(const Tensor& x, const RecurrentWeights& weights, const Tensor& initial, const Tensor& lengths) {
  std::vector<Tensor> hiddens;
  for (const GruStep& s : steps(within(x, lengths), weights, initial, lengths)) hiddens.push_back(s.hidden);
  return within(stack(hiddens, 1), lengths);
}

std::array<Tensor, 6> gru_gradient(const Tensor& g, const Tensor& x, const RecurrentWeights& w, const Tensor& initial,
                                   const Tensor& lengths) {
  const Tensor x_within = within(x, lengths);
  const std::vector<GruStep> all = steps(x_within, w, initial, lengths);
  const Tensor none = zeros({}, x.dtype(), x.device());
  Tensor carried = zeros(initial.shape(), x.dtype(), x.device()), product = carried;
  std::vector<Tensor> d_inputs(all.size()), d_state(all.size()), before(all.size());
  for (size_t t = all.size(); t-- > 0;) {
    const GruStep& s = all[t];
    const auto step = static_cast<int64_t>(t);
    const Tensor from_next = carried + product;
    const Tensor dh = slice(g, 1, step, step + 1).squeeze(1) + from_next;
    const Tensor update = (dh * (s.before - s.candidate)) * (s.update * (1 - s.update));
    const Tensor candidate = (dh * (1 - s.update)) * (1 - s.candidate * s.candidate);
    const Tensor reset = (candidate * s.from_state) * (s.reset * (1 - s.reset));
    d_inputs[t] = at_step(lengths, step, concatenate({reset, update, candidate}, -1), none);
    d_state[t] = at_step(lengths, step, concatenate({reset, update, candidate * s.reset}, -1), none);
    before[t] = s.before;
    carried = at_step(lengths, step, dh * s.update, from_next);
    product = matmul(d_state[t], w.recurrent);
  }
  const Tensor of_inputs = rows_of(d_inputs), of_state = rows_of(d_state);
  return {within(swap_time(matmul(of_inputs, w.input).reshape({x.size(1), x.size(0), x.size(2)})), lengths),
          matmul(transpose(of_inputs), as_rows("gru", swap_time(x_within))),
          matmul(transpose(of_state), rows_of(before)),
          sum(of_inputs, {0}),
          sum(of_state, {0}),
          carried + product};
}

}  // namespace composed

namespace {

struct GruLayer {
  Tensor x;
  RecurrentWeights w;
  Tensor initial, lengths;
};

// What a forward pass leaves for the gradient.
struct GruForward {
  Tensor x;  // [T B, I]
  Tensor inputs, gates, hiddens;
};

Tensor gru_tensor(const Tensor& x, Shape shape) { return new_tensor("gru", std::move(shape), x.dtype(), x.device()); }

GruForward forward(const GruLayer& l, const Tensor& output) {
  const NoGrad no_grad;
  const int64_t batch = l.x.size(0), steps = l.x.size(1), units = l.w.recurrent.size(1);
  GruForward t;
  t.x = contiguous(swap_time(within(l.x.detach(), l.lengths))).reshape({steps * batch, l.x.size(2)});
  t.inputs = linear(t.x, l.w.input.detach(), detached(l.w.input_bias)).reshape({steps, batch, 3 * units});
  t.gates = gru_tensor(t.x, {steps, batch, 4 * units});
  t.hiddens = gru_tensor(t.x, {steps + 1, batch, units});
  Backend& device = backend(t.x.device());
  device.copy(l.initial.detach(), t.hiddens[0]);
  add_work(steps * batch * 3 * units * units);
  device.gru(detached(l.w.recurrent), detached(l.w.recurrent_bias), l.lengths, {t.inputs, t.gates, t.hiddens}, output);
  return t;
}

std::array<Tensor, 6> gradient(const GruLayer& l, const GruForward& t, const Tensor& g) {
  const int64_t batch = l.x.size(0), steps = l.x.size(1), units = l.w.recurrent.size(1), rows = steps * batch;
  const Tensor d_inputs = gru_tensor(t.x, {steps, batch, 3 * units}), d_state = gru_tensor(t.x, d_inputs.shape());
  std::array<Tensor, 6> all;
  all[5] = gru_tensor(t.x, {batch, units});
  add_work(steps * batch * 3 * units * units);
  backend(t.x.device())
      .gru_gradient(detached(l.w.recurrent), l.lengths, {t.inputs, t.gates, t.hiddens}, detached(g), d_inputs, d_state,
                    all[5]);
  const Tensor of_inputs = d_inputs.reshape({rows, 3 * units}), of_state = d_state.reshape({rows, 3 * units});
  if (l.x.has_gradient()) {
    all[0] = within(swap_time(matmul(of_inputs, l.w.input.detach()).reshape({steps, batch, l.x.size(2)})), l.lengths);
  }
  if (l.w.input.has_gradient()) all[1] = matmul(transpose(of_inputs), t.x);
  if (l.w.recurrent.has_gradient())
    all[2] = matmul(transpose(of_state), slice(t.hiddens, 0, 0, steps).reshape({rows, units}));
  if (l.w.input_bias.defined() && l.w.input_bias.has_gradient()) all[3] = sum(of_inputs, {0});
  if (l.w.recurrent_bias.defined() && l.w.recurrent_bias.has_gradient()) all[4] = sum(of_state, {0});
  return all;
}

}  // namespace

RecurrentResult gru(const Tensor& x, const RecurrentWeights& w, const Tensor& initial, const Tensor& lengths) {
  check("gru", 3, x, w, {initial});
  const Shape states{x.size(0), w.recurrent.size(1)};
  const GruLayer layer{x, w, initial.defined() ? initial : filled("gru", states, 0, x.dtype(), x.device()),
                       checked_lengths("gru", lengths, x)};
  Tensor output;
  GruForward trace;
  // A GPU goes through the composition, which gives the kernel's bits.
  const bool has_kernel = x.dtype() == DType::float32 && x.elements() > 0 && x.device() == cpu;
  if (has_kernel) {
    output = gru_tensor(x, {x.size(0), x.size(1), states[1]});
    trace = forward(layer, output);
  } else {
    const NoGrad no_grad;
    output = composed::gru(x, w, layer.initial, layer.lengths);
  }
  output = function("gru", inputs(x, w, {layer.initial}), output, [=](const Tensor& g) {
    return gradients_of(layer.w, has_kernel && !grad_enabled()
                                     ? gradient(layer, trace, g)
                                     : composed::gru_gradient(g, layer.x, layer.w, layer.initial, layer.lengths));
  });
  return {output, last_of(output, layer.lengths, layer.initial)};
}

}  // namespace stet
