// What the scenario program trains: a net of two layers with noise, and momentum.
#pragma once

#include <cstdint>
#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/recorder.h"
#include "stet/tensor/stateful.h"

namespace stet::scenario {

inline Device device;  // the run's

inline Tensor draw(const Rng& rng, Shape shape) {
  Stream stream(rng);
  return normal(stream, std::move(shape), 0, 0.5).to(device);
}

inline Tensor draw(Stream& stream, Shape shape) { return normal(stream, std::move(shape)).to(device); }
inline Tensor ones_there(Shape shape) { return ones(std::move(shape), DType::float32, device); }
inline Tensor zeros_there(Shape shape) { return zeros(std::move(shape), DType::float32, device); }

struct Net : Stateful {
  Parameter in, out;
  Stream noise;
  Net(int64_t hidden, const Rng& rng)
      : in(draw(rng / "in", {4, hidden})), out(draw(rng / "out", {hidden, 1})), noise(rng / "drop") {}
  Tensor operator()(const Tensor& x) {
    Tensor h = tanh(matmul(x, in.value()));
    if (training()) h = dropout(h, 0.2, noise);
    return matmul(h, out.value());
  }
  void members(Visitor& v) override { v("in", in)("out", out); }
};

struct Momentum : Stateful {
  Net& net;
  double lr;
  Buffer in, out;
  int64_t steps = 0;
  Momentum(Net& n, double rate) : net(n), lr(rate), in(zeros_there(n.in.shape())), out(zeros_there(n.out.shape())) {}
  void step(const Gradients& g) {
    if (Recorder* r = recorder()) {
      r->training(*this, {net.in.shared_state(), net.out.shared_state()});
      r->gradients(g);
    }
    ++steps;
    update(net.in, in, g[net.in]);
    update(net.out, out, g[net.out]);
  }
  void update(Parameter& p, Buffer& m, const Tensor& g) const {
    if (!g.defined()) return;
    m.set(m.value() * 0.9 + g);
    p.set(p.value().detach() - m.value() * lr);
  }
  void members(Visitor& v) override { v("in", in)("out", out)("steps", steps).hyper("lr", lr); }
};

inline Tensor mean_square(const Tensor& a, const Tensor& b) { return mean(square(a - b)); }

}  // namespace stet::scenario
