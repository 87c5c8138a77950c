#include "stet/optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/recorder.h"

namespace stet::optim {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Optimizer::Optimizer(const char* name, Stateful& net, double lr, double weight_decay, Schedule schedule, Groups groups,
                     const std::vector<std::string>& state)
    : Optimizer(name, net, lr, std::move(schedule), std::move(groups), [&](const NamedParameter& p) {
        Start start{lr, weight_decay, {}};
        const Tensor& value = p.cell->value;
        for (const std::string& s : state)
          start.state.push_back({s, zeros(value.shape(), value.dtype(), value.device())});
        return start;
      }) {}

Optimizer::Optimizer(const char* name, Stateful& net, double lr, Schedule schedule, Groups groups, const StartOf& start)
    : name_(name), lr_(lr), rate_(lr), schedule_(std::move(schedule)), groups_(std::move(groups)) {
  require("lr", lr, 0, kInfinity);
  for (const NamedParameter& p : parameters(net)) add_slot(p, start(p));
  if (slots_.empty()) raise("{}: the network has no parameters; does its members() name them?", name_);
  check_groups();
}

void Optimizer::add_slot(const NamedParameter& parameter, Start start) {
  require("weight_decay", start.weight_decay, 0, kInfinity);
  Slot slot{parameter.name, parameter.cell, start.lr, start.weight_decay, 0, {}, {}};
  const auto group =
      std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return matches(g.pattern, slot.name); });
  if (group != groups_.end()) {
    slot.lr = group->options.lr.value_or(slot.lr);
    slot.weight_decay = group->options.weight_decay.value_or(slot.weight_decay);
  }
  for (StateTensor& state : start.state) {
    slot.state.emplace_back(std::move(state.initial), slot.name + "/" + state.name);
    slot.state_names.push_back(std::move(state.name));
  }
  slot_of_[slot.cell.get()] = slots_.size();
  cells_.push_back(slot.cell);
  slots_.push_back(std::move(slot));
}

void Optimizer::check_groups() const {
  for (const Group& g : groups_) {
    if (g.options.lr) require("lr of a group", *g.options.lr, 0, kInfinity);
    if (g.options.weight_decay) require("weight_decay of a group", *g.options.weight_decay, 0, kInfinity);
    if (std::none_of(slots_.begin(), slots_.end(), [&](const Slot& s) { return matches(g.pattern, s.name); })) {
      raise("{}: the pattern '{}' matches no parameter; names are as in {}", name_, g.pattern, slots_.front().name);
    }
  }
}

void Optimizer::require(const char* setting, double value, double low, double high) const {
  if (!(value >= low && value < high)) raise("{}: {} = {} is outside [{}, {})", name_, setting, value, low, high);
}

void Optimizer::require_epsilon(const char* setting, double value) const {
  for (const Slot& slot : slots_) {
    const DType dtype = slot.cell->value.dtype();
    const bool is_positive = dtype == DType::float32 ? static_cast<float>(value) > 0 : value > 0;
    if (!is_positive) raise("{}: {} = {} is not positive as a {}", name_, setting, value, name_of(dtype));
  }
}

double Optimizer::learning_rate() const {
  const ContractFloatEnv env;
  return rate_ * schedule_(steps_);
}

void Optimizer::set_learning_rate(double rate) {
  require("lr", rate, 0, kInfinity);
  const bool own = std::any_of(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.lr != lr_; });
  if (lr_ == 0 && own) raise("{}: groups' rates can't change in proportion to one that began as 0", name_);
  rate_ = rate;
}

namespace {

// Throws UsageError unless a gradient is of its parameter's shape, dtype and device.
void require_fit(const char* optimizer, const std::string& name, const Tensor& value, const Tensor& gradient) {
  if (gradient.shape() == value.shape() && gradient.dtype() == value.dtype() && gradient.device() == value.device())
    return;
  const auto told = [](const Tensor& x) {
    return fmt::format("{} {} on {}", name_of(x.dtype()), x.shape().to_string(), x.device().to_string());
  };
  raise("{}: the gradient of {} is {}, and the parameter {}", optimizer, name, told(gradient), told(value));
}

}  // namespace

void Optimizer::step(const Gradients& gradients) {
  if (Recorder* r = recorder()) {
    r->training(*this, cells_);
    r->gradients(gradients);
  }
  std::vector<const Tensor*> gradient_of(slots_.size());
  for (const auto& entry : gradients.entries()) {
    if (!entry.cell) continue;
    const auto at = slot_of_.find(entry.cell.get());
    if (at == slot_of_.end()) {
      const std::string origin = entry.cell->origin.empty() ? "" : " drawn from " + entry.cell->origin;
      raise(
          "{}: a gradient for parameter {}{}, which no members() of the optimizer's network names; name it there, or "
          "leave it out by "
          "backward(loss, net)",
          name_, entry.value.shape().to_string(), origin);
    }
    const Slot& slot = slots_[at->second];
    require_fit(name_, slot.name, slot.cell->value, entry.value);
    gradient_of[at->second] = &entry.value;
  }
  const ContractFloatEnv env;
  const double factor = schedule_(steps_);
  if (!(factor >= 0 && factor < kInfinity)) {
    raise("{}: the schedule {} gives {} at step {}; a factor is at least 0 and finite", name_, schedule_.describe(),
          factor, steps_);
  }
  const double moved = rate_ == lr_ ? 1 : rate_ / lr_;
  std::vector<Change> changes;
  changes.reserve(slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!gradient_of[i]) continue;
    ++slots_[i].steps;
    // The exact product where no group and no set_learning_rate has a say.
    const double base = slots_[i].lr == lr_ ? rate_ : slots_[i].lr * moved;
    changes.push_back({&slots_[i], gradient_of[i], base * factor});
  }
  try {
    update(changes);
  } catch (...) {
    for (const Change& change : changes) --change.slot->steps;
    throw;
  }
  ++steps_;
}

void Optimizer::members(Visitor& v) {
  v("steps", steps_)("rate", rate_);
  v.group("state", [&](Visitor& states) {
    for (Slot& slot : slots_) {
      states.group_at(slot.name, [&](Visitor& own) {
        own("steps", slot.steps);
        for (size_t i = 0; i < slot.state.size(); ++i) own(slot.state_names[i], slot.state[i]);
      });
    }
  });
  v.hyper("lr", lr_);
  hyperparameters(v);
  v.hyper("schedule", schedule_.describe());
  v.group("groups", [&](Visitor& all) {
    for (size_t i = 0; i < groups_.size(); ++i) {
      all.group(std::to_string(i), [&](Visitor& own) {
        own.hyper("pattern", groups_[i].pattern);
        if (groups_[i].options.lr) own.hyper("lr", *groups_[i].options.lr);
        if (groups_[i].options.weight_decay) own.hyper("weight_decay", *groups_[i].options.weight_decay);
      });
    }
  });
}

}  // namespace stet::optim
