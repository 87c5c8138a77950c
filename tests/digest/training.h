// A short training as a case.
#pragma once

#include "cases.h"
#include "stet/nn/loss.h"
#include "stet/optim/clip.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/stateful.h"

namespace stet::digests {

/// Traces every tensor of a thing's state.
class StateTrace : public Visitor {
 public:
  explicit StateTrace(Trace& trace) : trace_(trace) {}

 protected:
  void on_parameter(const std::string&, Parameter& p) override { trace_(p.value().detach()); }
  void on_buffer(const std::string&, Buffer& b) override { trace_(b.value()); }

 private:
  Trace& trace_;
};

/// Twenty steps of a network on device() on batches `batch(i)`, a pair of inputs and targets. Traces the losses, and
/// the state after the last step.
template <class Net, class Optimizer, class Batch>
void train(Trace& trace, Net& net, Optimizer& optimizer, const Batch& batch, double max_norm = 0) {
  for (uint32_t step = 0; step < 20; ++step) {
    set_tick(step);
    const auto [x, y] = batch(step);
    const Tensor logits = net(x);
    const Tensor loss = nn::cross_entropy(logits.reshape({-1, logits.size(-1)}), y);
    trace(loss.detach());
    Gradients gradients = backward(loss);
    if (max_norm > 0) trace(optim::clip_norm(gradients, net, max_norm));
    optimizer.step(gradients);
  }
  set_tick(0);
  StateTrace state(trace);
  state("net", net)("optimizer", optimizer);
}

/// The batch number `step` of images [n, channels, size, size] in 10 classes.
inline std::pair<Tensor, Tensor> images(uint32_t step, int64_t n, int64_t channels, int64_t size) {
  Stream stream(Rng(step, "images"));
  Tensor x = normal(stream, {n, channels, size, size}, 0, 1, DType::float32, device());
  return {std::move(x), random_integers(stream, {n}, 0, 10, device())};
}

/// Characters [n, length] of a vocabulary, and those that follow them [n length].
inline std::pair<Tensor, Tensor> text(uint32_t step, int64_t n, int64_t length, int64_t vocabulary) {
  Stream stream(Rng(step, "text"));
  Tensor x = random_integers(stream, {n, length}, 0, vocabulary, device());
  return {std::move(x), random_integers(stream, {n * length}, 0, vocabulary, device())};
}

inline std::pair<Tensor, Tensor> one_hot_text(uint32_t step, int64_t n, int64_t length, int64_t vocabulary) {
  auto [x, y] = text(step, n, length, vocabulary);
  return {one_hot(x, vocabulary), std::move(y)};
}

}  // namespace stet::digests
