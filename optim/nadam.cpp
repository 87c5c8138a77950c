#include "stet/optim/nadam.h"

#include <cmath>

#include "stet/optim/power.h"
#include "stet/optim/step_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet::optim {

NAdam::NAdam(Stateful& net, const NAdamOptions& o, Groups groups)
    : Optimizer("NAdam", net, o.lr, o.weight_decay, o.schedule, std::move(groups), {"mean", "square"}), options_(o) {
  require("beta1", o.beta1, 0, 1);
  require("beta2", o.beta2, 0, 1);
  if (!(o.momentum_decay >= 0)) raise("NAdam: momentum_decay = {} is negative", o.momentum_decay);
  require_epsilon("epsilon", o.epsilon);
}

double NAdam::momentum(int64_t t) const {
  return options_.beta1 * (1 - 0.5 * math::pow(0.96, static_cast<double>(t) * options_.momentum_decay));
}

double NAdam::product(int64_t t) {
  for (int64_t next = std::ssize(products_); next <= t; ++next) {
    const double product = products_.back() * momentum(next);
    // It has underflown to where rounding keeps it; later moments, which are no less, leave it there.
    if (product == products_.back()) return product;
    products_.push_back(product);
  }
  return products_[static_cast<size_t>(t)];
}

void NAdam::update(std::span<const Change> changes) {
  for (const auto& [slot, gradient, rate] : changes) {
    Tensor &p = slot->cell->value, &mean = slot->value(0), &square = slot->value(1);
    const Tensor d = with_decay(gradient->detach(), p, slot->weight_decay);
    mean = running_mean(mean, d, options_.beta1);
    square = running_square(square, d, options_.beta2);
    const int64_t t = slot->steps;
    const double now = rate * (1 - momentum(t)) / (1 - product(t));
    const double ahead = rate * momentum(t + 1) / (1 - product(t + 1));
    const double scale = 1 / std::sqrt(1 - power(options_.beta2, t));
    p = p - (now * d + ahead * mean) / (sqrt(square) * scale + options_.epsilon);
  }
}

void NAdam::hyperparameters(Visitor& v) {
  v.hyper("beta1", options_.beta1).hyper("beta2", options_.beta2).hyper("epsilon", options_.epsilon);
  v.hyper("momentum_decay", options_.momentum_decay).hyper("weight_decay", options_.weight_decay);
}

}  // namespace stet::optim
