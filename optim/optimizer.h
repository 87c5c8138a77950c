// What all optimizers share.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stet/optim/schedule.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/pattern.h"
#include "stet/tensor/stateful.h"

namespace stet::optim {

/// Settings of the parameters whose names a pattern matches: `{"*/bias", {.weight_decay = 0}}`. In a pattern, * stands
/// for any characters, ? for one. The first group that matches a parameter holds for it.
struct GroupOptions {
  std::optional<double> lr = std::nullopt, weight_decay = std::nullopt;
};
struct Group {
  std::string pattern;
  GroupOptions options;
};
using Groups = std::vector<Group>;

using stet::matches;

/// Changes parameters along their gradients. Its state is walked under the parameters' names, so a checkpoint holds it.
/// It holds on to the cells that the network had when it was made: the network may be moved, and `Net copy = net` is
/// not trained by it.
class Optimizer : public Stateful {
 public:
  /// One step. Parameters without a gradient are left alone: no decay, no momentum; gradients of watched values are
  /// passed over. Throws UsageError, and nothing has changed, on a gradient of a parameter that the optimizer was not
  /// given, or of another shape, dtype or device, and within a run's loops where the run tracks not all of these.
  void step(const Gradients& gradients);

  /// The learning rate of the next step, outside groups that have one of their own.
  double learning_rate() const;
  /// The rate that the schedule multiplies: lr, or what set_learning_rate set last.
  double base_learning_rate() const { return rate_; }
  /// Sets that; it is a part of the state. The rates of groups change in proportion.
  void set_learning_rate(double rate);
  /// Steps taken so far.
  int64_t steps() const { return steps_; }

  void members(Visitor& v) override;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

 protected:
  /// A parameter's own settings and state.
  struct Slot {
    std::string name;
    std::shared_ptr<CellState> cell;
    double lr, weight_decay;
    int64_t steps = 0;  ///< those that had a gradient for it
    std::vector<std::string> state_names;
    std::vector<Buffer> state;
    /// The value of a state's tensor, to read and replace.
    Tensor& value(size_t i) { return state[i].shared_state()->value; }
  };

  /// What a parameter starts with: rates before its group has its say, and the tensors of its state.
  struct StateTensor {
    std::string name;
    Tensor initial;
  };
  struct Start {
    double lr, weight_decay;
    std::vector<StateTensor> state;
  };
  using StartOf = std::function<Start(const NamedParameter&)>;

  /// `state`: names of the tensors that each parameter's state holds, of its shape, which start at 0. Throws UsageError
  /// on a network without parameters, a pattern that matches none, or a setting out of its range.
  Optimizer(const char* name, Stateful& net, double lr, double weight_decay, Schedule schedule, Groups groups,
            const std::vector<std::string>& state);
  /// The same with a start for each parameter.
  Optimizer(const char* name, Stateful& net, double lr, Schedule schedule, Groups groups, const StartOf& start);
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;

  /// A parameter that has a gradient, and its rate in this step, which slot->steps counts already.
  struct Change {
    Slot* slot;
    const Tensor* gradient;
    double rate;
  };
  /// Changes the slots' cells and states, all at once.
  virtual void update(std::span<const Change> changes) = 0;
  virtual void hyperparameters(Visitor& v) = 0;
  /// Throws UsageError unless low <= value < high.
  void require(const char* setting, double value, double low, double high) const;
  /// Throws UsageError unless a number that keeps a divisor from being 0 is positive as each parameter's dtype has it.
  void require_epsilon(const char* setting, double value) const;

 private:
  void add_slot(const NamedParameter& parameter, Start start);
  void check_groups() const;

  const char* name_;
  double lr_, rate_;
  Schedule schedule_;
  Groups groups_;
  std::vector<Slot> slots_;                        // in walk order
  std::vector<std::shared_ptr<CellState>> cells_;  // of the slots
  std::map<const CellState*, size_t> slot_of_;
  int64_t steps_ = 0;
};

}  // namespace stet::optim
