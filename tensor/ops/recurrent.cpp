// What the recurrent layers' ops share, and the plain one.
#include "stet/tensor/ops/recurrent.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"

namespace stet {
namespace recurrent {

Tensor swap_time(const Tensor& x) { return transpose(x, 0, 1); }

Tensor block(const Tensor& x, int64_t i, int64_t n) {
  const int64_t width = x.size(-1) / n;
  return slice(x, -1, i * width, (i + 1) * width);
}

void check(const char* op, int64_t gates, const Tensor& x, const RecurrentWeights& w,
           std::initializer_list<Tensor> states) {
  require_floating(op, x);
  for (const Tensor* t : {&w.input, &w.recurrent, &w.input_bias, &w.recurrent_bias}) {
    if (t->defined()) require_same_dtype(op, x, *t);
  }
  if (w.recurrent.rank() != 2 || w.recurrent.size(1) < 1 || w.recurrent.size(0) != gates * w.recurrent.size(1)) {
    raise("{}: the recurrent weight is [{} H, H], not {}", op, gates, w.recurrent.shape().to_string());
  }
  const int64_t hidden = w.recurrent.size(1);
  if (x.rank() != 3 || x.size(1) < 1 || w.input.shape() != Shape{gates * hidden, x.size(2)}) {
    raise("{}: input {} is not [B, T, I] with T of at least 1 for the weight {} of {} units", op, x.shape().to_string(),
          w.input.shape().to_string(), hidden);
  }
  for (const Tensor* bias : {&w.input_bias, &w.recurrent_bias}) {
    if (bias->defined() && bias->shape() != Shape{gates * hidden}) {
      raise("{}: a bias of {} units is [{}], not {}", op, hidden, gates * hidden, bias->shape().to_string());
    }
  }
  for (const Tensor& state : states) {
    if (!state.defined()) continue;
    require_same_dtype(op, x, state);
    if (state.shape() != Shape{x.size(0), hidden}) {
      raise("{}: the initial state of {} rows and {} units is [{}, {}], not {}", op, x.size(0), hidden, x.size(0),
            hidden, state.shape().to_string());
    }
  }
}

Tensor checked_lengths(const char* op, const Tensor& lengths, const Tensor& x) {
  if (!lengths.defined()) return {};
  if (lengths.dtype() != DType::int64 || lengths.shape() != Shape{x.size(0)}) {
    raise("{}: lengths of {} rows are int64 [{}], not {} {}", op, x.size(0), x.size(0), name_of(lengths.dtype()),
          lengths.shape().to_string());
  }
  if (lengths.device() == cpu) {
    for (const int64_t n : lengths.to_vector<int64_t>()) {
      if (n < 0 || n > x.size(1)) raise<DataError>("{}: a length of {} is not within 0 … {} steps", op, n, x.size(1));
    }
  }
  return contiguous(lengths.to(x.device()));
}

Tensor has_step(const Tensor& lengths, int64_t t) { return unsqueeze(lengths, 1) > static_cast<double>(t); }

Tensor within(const Tensor& x, const Tensor& lengths) {
  if (!lengths.defined()) return x;
  const Tensor there = arange(x.size(1)).to(x.device()) < unsqueeze(lengths, 1);
  return where(unsqueeze(there, 2), x, zeros({}, x.dtype(), x.device()));
}

Tensor at_step(const Tensor& lengths, int64_t t, const Tensor& a, const Tensor& b) {
  return lengths.defined() ? where(has_step(lengths, t), a, b) : a;
}

Tensor last_of(const Tensor& output, const Tensor& lengths, const Tensor& initial) {
  const int64_t steps = output.size(1);
  if (!lengths.defined()) return slice(output, 1, steps - 1, steps).squeeze(1);
  const Tensor at = maximum(lengths - 1, zeros({}, DType::int64, lengths.device()));
  const Tensor index = contiguous(broadcast_to(reshape(at, {-1, 1, 1}), {output.size(0), 1, output.size(2)}));
  return where(has_step(lengths, 0), gather(output, 1, index).squeeze(1), initial);
}

std::vector<Tensor> inputs(const Tensor& x, const RecurrentWeights& w, std::initializer_list<Tensor> states) {
  std::vector<Tensor> all = {x, w.input, w.recurrent};
  for (const Tensor* bias : {&w.input_bias, &w.recurrent_bias}) {
    if (bias->defined()) all.push_back(*bias);
  }
  all.insert(all.end(), states);
  return all;
}

std::vector<Tensor> gradients_of(const RecurrentWeights& w, std::span<const Tensor> all) {
  std::vector<Tensor> given = {all[0], all[1], all[2]};
  if (w.input_bias.defined()) given.push_back(all[3]);
  if (w.recurrent_bias.defined()) given.push_back(all[4]);
  given.insert(given.end(), all.begin() + 5, all.end());
  return given;
}

Tensor detached(const Tensor& x) { return x.defined() ? contiguous(x.detach()) : x; }

}  // namespace recurrent

RecurrentResult rnn(const Tensor& x, const RecurrentWeights& w, Nonlinearity f, const Tensor& initial,
                    const Tensor& lengths) {
  recurrent::check("rnn", 1, x, w, {initial});
  const Tensor own = recurrent::checked_lengths("rnn", lengths, x);
  const Tensor projected = linear(recurrent::swap_time(recurrent::within(x, own)), w.input, w.input_bias);
  const Tensor first = initial.defined() ? initial : zeros({x.size(0), w.recurrent.size(1)}, x.dtype(), x.device());
  Tensor hidden = first;
  std::vector<Tensor> all;
  for (int64_t t = 0; t < x.size(1); ++t) {
    const Tensor z = projected[t] + linear(hidden, w.recurrent, w.recurrent_bias);
    hidden = recurrent::at_step(own, t, f == Nonlinearity::tanh ? tanh(z) : relu(z), hidden);
    all.push_back(hidden);
  }
  const Tensor output = recurrent::within(stack(all, 1), own);
  return {output, recurrent::last_of(output, own, first)};
}

}  // namespace stet
