#include "stet/optim/adam.h"

#include <cmath>

#include "stet/optim/power.h"
#include "stet/tensor/error.h"
#include "stet/tensor/update.h"

namespace stet::optim {

Adam::Adam(const char* name, Stateful& net, const AdamOptions& o, Groups groups, bool decoupled)
    : Optimizer(name, net, o.lr, o.weight_decay, o.schedule, std::move(groups), {"mean", "square"}),
      options_(o),
      decoupled_(decoupled) {
  require("beta1", o.beta1, 0, 1);
  require("beta2", o.beta2, 0, 1);
  require_epsilon("epsilon", o.epsilon);
}

void Adam::update(std::span<const Change> changes) {
  std::vector<AdamUpdate> updates;
  updates.reserve(changes.size());
  // Of parameters that had as many gradients, the corrections are the same.
  int64_t steps = -1;
  double rest1 = 0, scale = 0;
  for (const auto& [slot, gradient, rate] : changes) {
    if (slot->steps != steps) {
      steps = slot->steps;
      rest1 = 1 - power(options_.beta1, steps);
      scale = 1 / std::sqrt(1 - power(options_.beta2, steps));
    }
    const AdamStep step{.rate = rate / rest1,
                        .beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .scale = scale,
                        .epsilon = options_.epsilon,
                        .weight_decay = decoupled_ ? 0 : slot->weight_decay,
                        .decay = decoupled_ ? rate * slot->weight_decay : 0};
    updates.push_back({step, *gradient, slot->cell->value, slot->value(0), slot->value(1)});
  }
  stet::update(updates);
}

void Adam::hyperparameters(Visitor& v) {
  v.hyper("beta1", options_.beta1).hyper("beta2", options_.beta2).hyper("epsilon", options_.epsilon);
  v.hyper("weight_decay", options_.weight_decay);
}

AdamW::AdamW(Stateful& net, const AdamWOptions& o, Groups groups)
    : Adam("AdamW", net, {o.lr, o.beta1, o.beta2, o.epsilon, o.weight_decay, o.schedule}, std::move(groups), true) {}

}  // namespace stet::optim
