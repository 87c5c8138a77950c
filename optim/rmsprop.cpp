#include "stet/optim/rmsprop.h"

#include "stet/optim/step_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet::optim {

namespace {

std::vector<std::string> state_of(const RmsPropOptions& o) {
  std::vector<std::string> names = {"square"};
  if (o.centered) names.push_back("mean");
  if (o.momentum != 0) names.push_back("momentum");
  return names;
}

}  // namespace

RMSprop::RMSprop(Stateful& net, const RmsPropOptions& o, Groups groups)
    : Optimizer("RMSprop", net, o.lr, o.weight_decay, o.schedule, std::move(groups), state_of(o)), options_(o) {
  require("alpha", o.alpha, 0, 1);
  require("momentum", o.momentum, 0, 1);
  require_epsilon("epsilon", o.epsilon);
}

void RMSprop::update(std::span<const Change> changes) {
  for (const auto& [slot, gradient, rate] : changes) {
    Tensor& p = slot->cell->value;
    const Tensor d = with_decay(gradient->detach(), p, slot->weight_decay);
    Tensor& square = slot->value(0);
    square = running_square(square, d, options_.alpha);
    Tensor variance = square;
    if (options_.centered) {
      Tensor& mean = slot->value(1);
      mean = running_mean(mean, d, options_.alpha);
      // Rounding could leave it below 0.
      variance = maximum(square - mean * mean, zeros({}, p.dtype(), p.device()));
    }
    Tensor change = d / (sqrt(variance) + options_.epsilon);
    if (options_.momentum != 0) {
      Tensor& momentum = slot->value(slot->state.size() - 1);
      momentum = flush(options_.momentum * momentum + change);
      change = momentum;
    }
    p = p - rate * change;
  }
}

void RMSprop::hyperparameters(Visitor& v) {
  v.hyper("alpha", options_.alpha).hyper("epsilon", options_.epsilon).hyper("momentum", options_.momentum);
  v.hyper("centered", options_.centered).hyper("weight_decay", options_.weight_decay);
}

}  // namespace stet::optim
