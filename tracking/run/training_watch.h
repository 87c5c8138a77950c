// Optimizer steps that the record misses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace stet {
class Stateful;
struct CellState;
}  // namespace stet

namespace stet::tracking {

/// Counts the steps of optimizers outside of the run's loops, those in a pass of run.epochs that counts as one step as
/// it holds no loop, and those by gradients of an earlier step, which no checkpoint holds: what a program will hardly
/// have meant, and no call could refuse.
class TrainingWatch {
 public:
  using Cells = std::vector<std::shared_ptr<CellState>>;
  /// A step of the optimizer within so many of the run's loops. True if it is that optimizer's first within one, or the
  /// first of these parameters.
  bool step(const Stateful& optimizer, const Cells& parameters, int64_t loops);
  /// Is it the first time within the run's loops that this one changes?
  bool is_new(const Stateful& thing) { return changing_.insert(&thing).second; }
  void add_older_gradients() { ++older_gradients_; }
  void begin_iteration() { in_pass_.clear(); }
  /// The iteration was a pass of run.epochs, and is one step of the run.
  void count_pass_as_step();
  /// A line for each of what was seen; none where all is well.
  std::vector<std::string> warnings() const;

 private:
  std::map<const Stateful*, Cells> known_;
  std::set<const Stateful*> changing_;
  std::map<const Stateful*, int64_t> in_pass_;
  int64_t most_in_pass_ = 0, outside_ = 0, older_gradients_ = 0;
};

}  // namespace stet::tracking
