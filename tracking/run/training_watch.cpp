#include "stet/tracking/run/training_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "stet/tracking/record/text.h"

namespace stet::tracking {

bool TrainingWatch::step(const Stateful& optimizer, const Cells& parameters, int64_t loops) {
  if (loops == 0) {
    ++outside_;
    return false;
  }
  ++in_pass_[&optimizer];
  const auto [known, is_new] = known_.try_emplace(&optimizer, parameters);
  if (is_new) return true;
  if (known->second == parameters) return false;
  known->second = parameters;
  return true;
}

void TrainingWatch::count_pass_as_step() {
  for (const auto& [optimizer, steps] : in_pass_) most_in_pass_ = std::max(most_in_pass_, steps);
}

std::vector<std::string> TrainingWatch::warnings() const {
  std::vector<std::string> all;
  if (most_in_pass_ > 1)
    all.push_back(
        fmt::format("an optimizer stepped {} times in one step: each pass of run.epochs is one, as no loop of the run "
                    "lies in it; write for (... : run.steps(loader))",
                    most_in_pass_));
  if (outside_ > 0)
    all.push_back(
        fmt::format("an optimizer stepped {} outside of run.epochs and run.steps, of which the record knows "
                    "nothing; write for (... : run.steps(loader))",
                    counted(outside_, "time")));
  if (older_gradients_ > 0)
    all.push_back(fmt::format(
        "an optimizer took gradients of an earlier step {}, which no checkpoint holds: a run that is resumed "
        "between them trains otherwise; add up the parts of a batch within one step",
        counted(older_gradients_, "time")));
  return all;
}

}  // namespace stet::tracking
