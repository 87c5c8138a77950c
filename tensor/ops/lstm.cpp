// Long short-term memory.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/ops/recurrent.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

using namespace recurrent;

// One step's gates and what they lead to.
struct LstmStep {
  Tensor input, forget, candidate, output;
  Tensor before, cell, squashed, hidden;  // cells before and after, tanh of the cell
};

// x's part of all gates, [T, B, 4 H].
Tensor project(const Tensor& x, const LstmWeights& w) { return linear(swap_time(x), w.input, w.input_bias); }

// x is +0 past the lengths.
std::vector<LstmStep> steps(const Tensor& x, const LstmWeights& w, const LstmState& initial, const Tensor& lengths) {
  const Tensor projected = project(x, w);
  std::vector<LstmStep> all;
  Tensor hidden = initial.hidden, cell = initial.cell;
  for (int64_t t = 0; t < projected.size(0); ++t) {
    const Tensor z = projected[t] + linear(hidden, w.recurrent, w.recurrent_bias);
    LstmStep s;
    s.input = sigmoid(block(z, 0, 4));
    s.forget = sigmoid(block(z, 1, 4));
    s.candidate = tanh(block(z, 2, 4));
    s.output = sigmoid(block(z, 3, 4));
    s.before = cell;
    s.cell = at_step(lengths, t, s.forget * cell + s.input * s.candidate, cell);
    s.squashed = tanh(s.cell);
    s.hidden = at_step(lengths, t, s.output * s.squashed, hidden);
    cell = s.cell;
    hidden = s.hidden;
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace

namespace composed {

LstmResult lstm(const Tensor& x, const LstmWeights& weights, const LstmState& initial, const Tensor& lengths) {
  const std::vector<LstmStep> all = steps(within(x, lengths), weights, initial, lengths);
  std::vector<Tensor> hiddens;
  for (const LstmStep& s : all) hiddens.push_back(s.hidden);
  return {within(stack(hiddens, 1), lengths), {all.back().hidden, all.back().cell}};
}

std::array<Tensor, 7> lstm_gradient(const Tensor& g, const Tensor& g_cell, const Tensor& x, const LstmWeights& w,
                                    const LstmState& initial, const Tensor& lengths) {
  const Tensor x_within = within(x, lengths);
  const std::vector<LstmStep> all = steps(x_within, w, initial, lengths);
  const Tensor none = zeros(initial.hidden.shape(), x.dtype(), x.device()), zero = zeros({}, x.dtype(), x.device());
  Tensor from_next = none, dc = g_cell.defined() ? g_cell : none;
  std::vector<Tensor> gates(all.size()), before(all.size());
  for (size_t t = all.size(); t-- > 0;) {
    const LstmStep& s = all[t];
    const Tensor dh =
        (g.defined() ? slice(g, 1, static_cast<int64_t>(t), static_cast<int64_t>(t) + 1).squeeze(1) : none) + from_next;
    const Tensor later = dc;
    dc = dc + (dh * s.output) * (1 - s.squashed * s.squashed);
    const Tensor input = (dc * s.candidate) * (s.input * (1 - s.input));
    const Tensor forget = (dc * s.before) * (s.forget * (1 - s.forget));
    const Tensor candidate = (dc * s.input) * (1 - s.candidate * s.candidate);
    const Tensor output = (dh * s.squashed) * (s.output * (1 - s.output));
    const auto step = static_cast<int64_t>(t);
    gates[t] = at_step(lengths, step, concatenate({input, forget, candidate, output}, -1), zero);
    before[t] = t == 0 ? initial.hidden : all[t - 1].hidden;
    dc = at_step(lengths, step, dc * s.forget, later);
    from_next = matmul(gates[t], w.recurrent);
  }
  const Tensor d_gates = as_rows("lstm", stack(gates)), across = transpose(d_gates);
  const Tensor d_bias = sum(d_gates, {0});
  return {within(swap_time(matmul(d_gates, w.input).reshape({x.size(1), x.size(0), x.size(2)})), lengths),
          matmul(across, as_rows("lstm", swap_time(x_within))),
          matmul(across, as_rows("lstm", stack(before))),
          d_bias,
          d_bias,
          from_next,
          dc};
}

}  // namespace composed

namespace {

// A layer's inputs, all given but the biases and, where all rows have all steps, lengths.
struct LstmLayer {
  Tensor x;
  LstmWeights w;
  LstmState initial;
  Tensor lengths;
};

// What a forward pass leaves for the gradient.
struct LstmForward {
  Tensor x;  // [T B, I]
  Tensor gates, cells, hiddens;
};

Tensor lstm_tensor(const Tensor& x, Shape shape) { return new_tensor("lstm", std::move(shape), x.dtype(), x.device()); }

LstmForward forward(const LstmLayer& l, const Tensor& output) {
  const NoGrad no_grad;
  const int64_t batch = l.x.size(0), steps = l.x.size(1), units = l.w.recurrent.size(1);
  LstmForward t;
  t.x = contiguous(swap_time(within(l.x.detach(), l.lengths))).reshape({steps * batch, l.x.size(2)});
  t.gates = linear(t.x, l.w.input.detach(), l.w.input_bias.defined() ? l.w.input_bias.detach() : Tensor())
                .reshape({steps, batch, 4 * units});
  t.cells = lstm_tensor(t.x, {steps + 1, batch, units});
  t.hiddens = lstm_tensor(t.x, {steps + 1, batch, units});
  Backend& device = backend(t.x.device());
  device.copy(l.initial.hidden.detach(), t.hiddens[0]);
  device.copy(l.initial.cell.detach(), t.cells[0]);
  add_work(steps * batch * 4 * units * units);
  device.lstm(detached(l.w.recurrent), detached(l.w.recurrent_bias), l.lengths, {t.gates, t.cells, t.hiddens}, output);
  return t;
}

std::array<Tensor, 7> gradient(const LstmLayer& l, const LstmForward& t, const Tensor& g, const Tensor& g_cell) {
  const int64_t batch = l.x.size(0), steps = l.x.size(1), units = l.w.recurrent.size(1);
  const Tensor d_gates = lstm_tensor(t.x, {steps, batch, 4 * units}), d_cell = lstm_tensor(t.x, {batch, units});
  const Tensor d_hidden = l.initial.hidden.has_gradient() ? lstm_tensor(t.x, {batch, units}) : Tensor();
  add_work(steps * batch * 4 * units * units);
  backend(t.x.device())
      .lstm_gradient(detached(l.w.recurrent), l.lengths, {t.gates, t.cells, t.hiddens}, detached(g), detached(g_cell),
                     d_gates, d_hidden, d_cell);
  const Tensor rows = d_gates.reshape({steps * batch, 4 * units}), across = transpose(rows);
  std::array<Tensor, 7> all;
  if (l.x.has_gradient()) {
    all[0] = within(swap_time(matmul(rows, l.w.input.detach()).reshape({steps, batch, l.x.size(2)})), l.lengths);
  }
  if (l.w.input.has_gradient()) all[1] = matmul(across, t.x);
  if (l.w.recurrent.has_gradient())
    all[2] = matmul(across, slice(t.hiddens, 0, 0, steps).reshape({steps * batch, units}));
  const auto needs = [](const Tensor& bias) { return bias.defined() && bias.has_gradient(); };
  if (needs(l.w.input_bias) || needs(l.w.recurrent_bias)) all[3] = all[4] = sum(rows, {0});
  all[5] = d_hidden;
  all[6] = d_cell;
  return all;
}

}  // namespace

LstmResult lstm(const Tensor& x, const LstmWeights& w, const LstmState& initial, const Tensor& lengths) {
  check("lstm", 4, x, w, {initial.hidden, initial.cell});
  const int64_t batch = x.size(0), steps = x.size(1), units = w.recurrent.size(1);
  const Tensor none = filled("lstm", {batch, units}, 0, x.dtype(), x.device());
  const LstmLayer layer{
      x,
      w,
      {initial.hidden.defined() ? initial.hidden : none, initial.cell.defined() ? initial.cell : none},
      checked_lengths("lstm", lengths, x)};
  Tensor output, cell;
  LstmForward trace;
  const bool has_kernel = x.dtype() == DType::float32 && x.elements() > 0;
  if (has_kernel) {
    output = lstm_tensor(x, {batch, steps, units});
    trace = forward(layer, output);
    cell = trace.cells[steps];
  } else {
    const NoGrad no_grad;
    const LstmResult value = composed::lstm(x, w, layer.initial, layer.lengths);
    output = value.output;
    cell = value.last.cell;
  }
  const auto gradients = [=](const Tensor& g, const Tensor& g_cell) {
    const auto all = has_kernel && !grad_enabled()
                         ? gradient(layer, trace, g, g_cell)
                         : composed::lstm_gradient(g, g_cell, layer.x, layer.w, layer.initial, layer.lengths);
    return gradients_of(layer.w, all);
  };
  // Output and last cell are two results, each with a gradient of its own.
  const std::vector<Tensor> given = inputs(x, w, {layer.initial.hidden, layer.initial.cell});
  cell = function("lstm cell", given, cell, [gradients](const Tensor& g) { return gradients({}, g); });
  output = function("lstm", given, output, [gradients](const Tensor& g) { return gradients(g, {}); });
  return {output, {last_of(output, layer.lengths, layer.initial.hidden), cell}};
}

}  // namespace stet
