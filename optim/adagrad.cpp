#include "stet/optim/adagrad.h"

#include <limits>

#include "stet/optim/step_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet::optim {

Adagrad::Adagrad(Stateful& net, const AdagradOptions& o, Groups groups)
    : Optimizer("Adagrad", net, o.lr, o.schedule, std::move(groups),
                [&](const NamedParameter& p) {
                  const Tensor& value = p.cell->value;
                  return Start{o.lr,
                               o.weight_decay,
                               {{"square", full(value.shape(), o.initial, value.dtype(), value.device())}}};
                }),
      options_(o) {
  require("lr_decay", o.lr_decay, 0, std::numeric_limits<double>::infinity());
  require("initial", o.initial, 0, std::numeric_limits<double>::infinity());
  require_epsilon("epsilon", o.epsilon);
}

void Adagrad::update(std::span<const Change> changes) {
  for (const auto& [slot, gradient, rate] : changes) {
    Tensor &p = slot->cell->value, &square = slot->value(0);
    const Tensor d = with_decay(gradient->detach(), p, slot->weight_decay);
    square = flush(square + d * d);
    const double decayed = rate / (1 + static_cast<double>(slot->steps - 1) * options_.lr_decay);
    p = p - decayed * (d / (sqrt(square) + options_.epsilon));
  }
}

void Adagrad::hyperparameters(Visitor& v) {
  v.hyper("lr_decay", options_.lr_decay).hyper("initial", options_.initial).hyper("epsilon", options_.epsilon);
  v.hyper("weight_decay", options_.weight_decay);
}

Adadelta::Adadelta(Stateful& net, const AdadeltaOptions& o, Groups groups)
    : Optimizer("Adadelta", net, o.lr, o.weight_decay, o.schedule, std::move(groups), {"square", "change"}),
      options_(o) {
  require("rho", o.rho, 0, 1);
  require_epsilon("epsilon", o.epsilon);
}

void Adadelta::update(std::span<const Change> changes) {
  for (const auto& [slot, gradient, rate] : changes) {
    Tensor &p = slot->cell->value, &square = slot->value(0), &changed = slot->value(1);
    const Tensor d = with_decay(gradient->detach(), p, slot->weight_decay);
    square = running_square(square, d, options_.rho);
    const Tensor change = (sqrt(changed + options_.epsilon) / sqrt(square + options_.epsilon)) * d;
    changed = running_square(changed, change, options_.rho);
    p = p - rate * change;
  }
}

void Adadelta::hyperparameters(Visitor& v) {
  v.hyper("rho", options_.rho).hyper("epsilon", options_.epsilon).hyper("weight_decay", options_.weight_decay);
}

}  // namespace stet::optim
