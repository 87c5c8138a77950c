// Averages of weights over the steps of a training.
#pragma once

#include <concepts>

#include "stet/tensor/stateful.h"

namespace stet::optim {

/// Moves `average`, a copy of `net`, towards it: each parameter a becomes a + (1 - decay) * (p - a), each buffer net's
/// (Polyak and Juditsky, 1992, with exponential weights). Throws UsageError if their names, shapes, dtypes or
/// devices differ, or unless 0 <= decay < 1; nothing has changed then.
void move_average(Stateful& average, Stateful& net, double decay);

/// An exponential moving average of a network's weights: a copy of the network to evaluate, and to track so that a
/// checkpoint holds it.
///   optim::Ema average(net, 0.999);
///   ... opt.step(backward(loss));  average.update(net);
///   data::evaluate(nn::accuracy(average.net()), test)
template <class Net>
requires std::derived_from<Net, Stateful> && std::copy_constructible<Net>
class Ema : public Stateful {
 public:
  Ema(const Net& net, double decay) : net_(copy(net)), decay_(decay) {}
  void update(Net& net) { move_average(net_, net, decay_); }
  /// The network with the averaged weights.
  Net& net() { return net_; }

  void members(Visitor& v) override { v("net", net_).hyper("decay", decay_); }
  std::string describe() const override { return "Ema"; }

 private:
  Net net_;
  double decay_;
};

}  // namespace stet::optim
