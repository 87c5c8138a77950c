#include "stet/optim/lion.h"

#include "stet/optim/step_parts.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet::optim {

Lion::Lion(Stateful& net, const LionOptions& o, Groups groups)
    : Optimizer("Lion", net, o.lr, o.weight_decay, o.schedule, std::move(groups), {"mean"}), options_(o) {
  require("beta1", o.beta1, 0, 1);
  require("beta2", o.beta2, 0, 1);
}

void Lion::update(std::span<const Change> changes) {
  for (const auto& [slot, gradient, rate] : changes) {
    Tensor &p = slot->cell->value, &mean = slot->value(0);
    const Tensor g = gradient->detach();
    const Tensor change = rate * sign(options_.beta1 * mean + (1 - options_.beta1) * g);
    p = p - with_decay(change, p, rate * slot->weight_decay);
    mean = running_mean(mean, g, options_.beta2);
  }
}

void Lion::hyperparameters(Visitor& v) {
  v.hyper("beta1", options_.beta1).hyper("beta2", options_.beta2).hyper("weight_decay", options_.weight_decay);
}

}  // namespace stet::optim
