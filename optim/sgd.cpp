#include "stet/optim/sgd.h"

#include "stet/tensor/error.h"
#include "stet/tensor/update.h"

namespace stet::optim {

SGD::SGD(Stateful& net, const SgdOptions& o, Groups groups)
    : Optimizer("SGD", net, o.lr, o.weight_decay, o.schedule, std::move(groups),
                o.momentum != 0 ? std::vector<std::string>{"momentum"} : std::vector<std::string>{}),
      options_(o) {
  require("momentum", o.momentum, 0, 1);
  require("dampening", o.dampening, 0, 1);
  if (o.nesterov && (o.momentum == 0 || o.dampening != 0))
    raise("SGD: nesterov needs momentum above 0 and dampening 0");
}

void SGD::update(std::span<const Change> changes) {
  std::vector<SgdUpdate> updates;
  updates.reserve(changes.size());
  Tensor none;
  for (const auto& [slot, gradient, rate] : changes) {
    const SgdStep step{.rate = rate,
                       .momentum = options_.momentum,
                       .take = slot->steps == 1 ? 1 : 1 - options_.dampening,
                       .weight_decay = slot->weight_decay,
                       .nesterov = options_.nesterov};
    Tensor& momentum = slot->state.empty() ? none : slot->value(0);
    updates.push_back({step, *gradient, slot->cell->value, momentum});
  }
  stet::update(updates);
}

void SGD::hyperparameters(Visitor& v) {
  v.hyper("momentum", options_.momentum).hyper("dampening", options_.dampening).hyper("nesterov", options_.nesterov);
  v.hyper("weight_decay", options_.weight_decay);
}

}  // namespace stet::optim
