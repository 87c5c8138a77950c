// Optimizer steps that the record misses.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace stet {
class Stateful;
}

namespace stet::tracking {

/// Counts the steps of optimizers outside of the run's loops, and those in a pass of run.epochs that counts as one step
/// as it holds no loop: what a program will hardly have meant, and no call could refuse.
class TrainingWatch {
 public:
  /// A step of the optimizer within so many of the run's loops. True if it is that optimizer's first within one.
  bool step(const Stateful& optimizer, int64_t loops);
  void begin_iteration() { in_pass_.clear(); }
  /// The iteration was a pass of run.epochs, and is one step of the run.
  void count_pass_as_step();
  /// A line for each of what was seen; none where all is well.
  std::vector<std::string> warnings() const;

 private:
  std::set<const Stateful*> known_;
  std::map<const Stateful*, int64_t> in_pass_;
  int64_t most_in_pass_ = 0, outside_ = 0;
};

}  // namespace stet::tracking
