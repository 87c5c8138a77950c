// Long short-term memory.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

// [B, T, ..] to [T, B, ..] and back.
Tensor swap_time(const Tensor& x) { return transpose(x, 0, 1); }

// The i-th of four blocks of the last axis.
Tensor quarter(const Tensor& x, int64_t i) {
  const int64_t n = x.size(-1) / 4;
  return slice(x, -1, i * n, (i + 1) * n);
}

// One step's gates and what they lead to.
struct Step {
  Tensor input, forget, candidate, output;
  Tensor before, cell, squashed, hidden;  // cells before and after, tanh of the cell
};

// x's part of all gates, [T, B, 4 H].
Tensor project(const Tensor& x, const LstmWeights& w) { return linear(swap_time(x), w.input, w.input_bias); }

std::vector<Step> steps(const Tensor& x, const LstmWeights& w, const LstmState& initial) {
  const Tensor projected = project(x, w);
  std::vector<Step> all;
  Tensor hidden = initial.hidden, cell = initial.cell;
  for (int64_t t = 0; t < projected.size(0); ++t) {
    const Tensor z = projected[t] + linear(hidden, w.recurrent, w.recurrent_bias);
    Step s;
    s.input = sigmoid(quarter(z, 0));
    s.forget = sigmoid(quarter(z, 1));
    s.candidate = tanh(quarter(z, 2));
    s.output = sigmoid(quarter(z, 3));
    s.before = cell;
    s.cell = s.forget * cell + s.input * s.candidate;
    s.squashed = tanh(s.cell);
    s.hidden = s.output * s.squashed;
    cell = s.cell;
    hidden = s.hidden;
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace

namespace composed {

LstmResult lstm(const Tensor& x, const LstmWeights& weights, const LstmState& initial) {
  const std::vector<Step> all = steps(x, weights, initial);
  std::vector<Tensor> hiddens;
  for (const Step& s : all) hiddens.push_back(s.hidden);
  return {stack(hiddens, 1), {all.back().hidden, all.back().cell}};
}

std::array<Tensor, 7> lstm_gradient(const Tensor& g, const Tensor& g_cell, const Tensor& x, const LstmWeights& w,
                                    const LstmState& initial) {
  const std::vector<Step> all = steps(x, w, initial);
  const Tensor none = zeros(initial.hidden.shape(), x.dtype(), x.device());
  Tensor from_next = none, dc = g_cell.defined() ? g_cell : none;
  std::vector<Tensor> gates(all.size()), before(all.size());
  for (size_t t = all.size(); t-- > 0;) {
    const Step& s = all[t];
    const Tensor dh =
        (g.defined() ? slice(g, 1, static_cast<int64_t>(t), static_cast<int64_t>(t) + 1).squeeze(1) : none) + from_next;
    dc = dc + (dh * s.output) * (1 - s.squashed * s.squashed);
    const Tensor input = (dc * s.candidate) * (s.input * (1 - s.input));
    const Tensor forget = (dc * s.before) * (s.forget * (1 - s.forget));
    const Tensor candidate = (dc * s.input) * (1 - s.candidate * s.candidate);
    const Tensor output = (dh * s.squashed) * (s.output * (1 - s.output));
    gates[t] = concatenate({input, forget, candidate, output}, -1);
    before[t] = t == 0 ? initial.hidden : all[t - 1].hidden;
    dc = dc * s.forget;
    from_next = matmul(gates[t], w.recurrent);
  }
  const Tensor d_gates = as_rows("lstm", stack(gates)), across = transpose(d_gates);
  const Tensor d_bias = sum(d_gates, {0});
  return {swap_time(matmul(d_gates, w.input).reshape({x.size(1), x.size(0), x.size(2)})),
          matmul(across, as_rows("lstm", swap_time(x))),
          matmul(across, as_rows("lstm", stack(before))),
          d_bias,
          d_bias,
          from_next,
          dc};
}

}  // namespace composed

namespace {

void check(const Tensor& x, const LstmWeights& w, const LstmState& initial) {
  require_floating("lstm", x);
  for (const Tensor* t : {&w.input, &w.recurrent, &w.input_bias, &w.recurrent_bias, &initial.hidden, &initial.cell}) {
    if (t->defined()) require_same_dtype("lstm", x, *t);
  }
  if (w.recurrent.rank() != 2 || w.recurrent.size(1) < 1 || w.recurrent.size(0) != 4 * w.recurrent.size(1)) {
    raise("lstm: the recurrent weight is [4 H, H], not {}", w.recurrent.shape().to_string());
  }
  const int64_t hidden = w.recurrent.size(1);
  if (x.rank() != 3 || x.size(1) < 1 || w.input.shape() != Shape{4 * hidden, x.size(2)}) {
    raise("lstm: input {} is not [B, T, I] with T of at least 1 for the weight {} of {} units", x.shape().to_string(),
          w.input.shape().to_string(), hidden);
  }
  for (const Tensor* bias : {&w.input_bias, &w.recurrent_bias}) {
    if (bias->defined() && bias->shape() != Shape{4 * hidden}) {
      raise("lstm: a bias of {} units is [{}], not {}", hidden, 4 * hidden, bias->shape().to_string());
    }
  }
  for (const Tensor* state : {&initial.hidden, &initial.cell}) {
    if (state->defined() && state->shape() != Shape{x.size(0), hidden}) {
      raise("lstm: the initial state of {} rows and {} units is [{}, {}], not {}", x.size(0), hidden, x.size(0), hidden,
            state->shape().to_string());
    }
  }
}

}  // namespace

namespace {

// A layer's inputs, all given but the biases.
struct Layer {
  Tensor x;
  LstmWeights w;
  LstmState initial;

  std::vector<Tensor> inputs() const {
    std::vector<Tensor> all = {x, w.input, w.recurrent};
    for (const Tensor* bias : {&w.input_bias, &w.recurrent_bias}) {
      if (bias->defined()) all.push_back(*bias);
    }
    all.insert(all.end(), {initial.hidden, initial.cell});
    return all;
  }

  // Gradients of all that composed::lstm_gradient names, of those of them that inputs() has.
  std::vector<Tensor> gradients(const std::array<Tensor, 7>& all) const {
    std::vector<Tensor> given = {all[0], all[1], all[2]};
    if (w.input_bias.defined()) given.push_back(all[3]);
    if (w.recurrent_bias.defined()) given.push_back(all[4]);
    given.insert(given.end(), {all[5], all[6]});
    return given;
  }
};

// What a forward pass leaves for the gradient.
struct Trace {
  Tensor x;  // [T B, I]
  Tensor gates, cells, hiddens;
};

Tensor empty_like(const Tensor& x, Shape shape) { return new_tensor("lstm", std::move(shape), x.dtype(), x.device()); }

Tensor detached(const Tensor& x) { return x.defined() ? contiguous(x.detach()) : x; }

Trace forward(const Layer& l, const Tensor& output) {
  const NoGrad no_grad;
  const int64_t batch = l.x.size(0), steps = l.x.size(1), units = l.w.recurrent.size(1);
  Trace t;
  t.x = contiguous(swap_time(l.x.detach())).reshape({steps * batch, l.x.size(2)});
  t.gates = linear(t.x, l.w.input.detach(), l.w.input_bias.defined() ? l.w.input_bias.detach() : Tensor())
                .reshape({steps, batch, 4 * units});
  t.cells = empty_like(t.x, {steps + 1, batch, units});
  t.hiddens = empty_like(t.x, {steps + 1, batch, units});
  Backend& device = backend(t.x.device());
  device.copy(l.initial.hidden.detach(), t.hiddens[0]);
  device.copy(l.initial.cell.detach(), t.cells[0]);
  add_work(steps * batch * 4 * units * units);
  device.lstm(detached(l.w.recurrent), detached(l.w.recurrent_bias), {t.gates, t.cells, t.hiddens}, output);
  return t;
}

std::array<Tensor, 7> gradient(const Layer& l, const Trace& t, const Tensor& g, const Tensor& g_cell) {
  const int64_t batch = l.x.size(0), steps = l.x.size(1), units = l.w.recurrent.size(1);
  const Tensor d_gates = empty_like(t.x, {steps, batch, 4 * units}), d_cell = empty_like(t.x, {batch, units});
  const Tensor d_hidden = l.initial.hidden.has_gradient() ? empty_like(t.x, {batch, units}) : Tensor();
  add_work(steps * batch * 4 * units * units);
  backend(t.x.device())
      .lstm_gradient(detached(l.w.recurrent), {t.gates, t.cells, t.hiddens}, detached(g), detached(g_cell), d_gates,
                     d_hidden, d_cell);
  const Tensor rows = d_gates.reshape({steps * batch, 4 * units}), across = transpose(rows);
  std::array<Tensor, 7> all;
  if (l.x.has_gradient()) all[0] = swap_time(matmul(rows, l.w.input.detach()).reshape({steps, batch, l.x.size(2)}));
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

LstmResult lstm(const Tensor& x, const LstmWeights& w, const LstmState& initial) {
  check(x, w, initial);
  const int64_t batch = x.size(0), steps = x.size(1), units = w.recurrent.size(1);
  const Tensor none = filled("lstm", {batch, units}, 0, x.dtype(), x.device());
  const Layer layer{
      x, w, {initial.hidden.defined() ? initial.hidden : none, initial.cell.defined() ? initial.cell : none}};
  Tensor output, cell;
  Trace trace;
  const bool has_kernel = x.dtype() == DType::float32 && x.elements() > 0;
  if (has_kernel) {
    output = empty_like(x, {batch, steps, units});
    trace = forward(layer, output);
    cell = trace.cells[steps];
  } else {
    const NoGrad no_grad;
    const LstmResult value = composed::lstm(x, w, layer.initial);
    output = value.output;
    cell = value.last.cell;
  }
  const auto gradients = [=](const Tensor& g, const Tensor& g_cell) {
    if (has_kernel && !grad_enabled()) return layer.gradients(gradient(layer, trace, g, g_cell));
    return layer.gradients(composed::lstm_gradient(g, g_cell, layer.x, layer.w, layer.initial));
  };
  // Output and last cell are two results, each with a gradient of its own.
  cell = function("lstm cell", layer.inputs(), cell, [gradients](const Tensor& g) { return gradients({}, g); });
  output = function("lstm", layer.inputs(), output, [gradients](const Tensor& g) { return gradients(g, {}); });
  return {output, {slice(output, 1, steps - 1, steps).squeeze(1), cell}};
}

}  // namespace stet
