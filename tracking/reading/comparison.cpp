#include "stet/tracking/reading/comparison.h"

#include <fmt/format.h>

#include <bit>
#include <map>

namespace stet::tracking {

double loss_value(uint64_t bits) {
  return bits >> 32 ? std::bit_cast<double>(bits)
                    : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
}

std::vector<std::string> differing_tensors(const LoggedState& expected, const LoggedState& actual) {
  std::map<std::string, uint32_t> there;
  for (size_t i = 0; i < std::min(actual.names.size(), actual.leaves.size()); ++i)
    there[actual.names[i]] = actual.leaves[i];
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(expected.names.size(), expected.leaves.size()); ++i) {
    const auto it = there.find(expected.names[i]);
    if (it == there.end() || it->second != expected.leaves[i]) names.push_back(expected.names[i]);
    if (it != there.end()) there.erase(it);
  }
  for (const auto& [name, leaf] : there) names.push_back(name);
  return names;
}

namespace {

// But for where the run was, which is told of last: what comes of it says more.
bool same_state(LoggedState a, const LoggedState& b) {
  a.run = b.run;
  return a == b;
}

template <class Map> auto after(const Map& map, const std::optional<uint64_t>& last) {
  return last ? map.upper_bound(*last) : map.begin();
}

}  // namespace

// A replay digests the state where it stops, though the run that went on from there may not have. A loss comes there
// unrecorded only where a run that failed goes on.
bool Comparison::must_be_recorded(uint64_t tick, bool is_loss) {
  const bool may_be_more = !is_loss || tick > expected_.last_tick;
  if (may_be_more && stop_ && tick >= *stop_ && stopped_.value_or(tick) == tick) {
    stopped_ = tick;
    return false;
  }
  return !cut_ || tick < expected_.last_tick;
}

void Comparison::not_recorded(const char* what, int64_t step) {
  if (!parting_) parting_ = Parting{step, same_until_, {}, fmt::format("step {}: {} was not recorded", step, what)};
}

void Comparison::compare_loss(uint64_t tick, const LoggedLosses& actual) {
  last_loss_ = tick;
  const auto it = expected_.losses.find(tick);
  if (it == expected_.losses.end() && must_be_recorded(tick, true)) not_recorded("the loss", actual.step);
  if (it == expected_.losses.end() || parting_) return;
  if (it->second.bits == actual.bits && it->second.step == actual.step) {
    ++equal_;
    same_until_ = actual.step;
    return;
  }
  parting_ = Parting{actual.step, same_until_, {}, ""};
  for (size_t i = 0; i < std::min(it->second.bits.size(), actual.bits.size()); ++i) {
    if (it->second.bits[i] == actual.bits[i]) continue;
    parting_->what = fmt::format("step {}: the loss is {:.9g}, and was {:.9g}", actual.step, loss_value(actual.bits[i]),
                                 loss_value(it->second.bits[i]));
    return;
  }
  parting_->what = it->second.step != actual.step
                       ? fmt::format("step {}: its loss was recorded as step {}'s", actual.step, it->second.step)
                       : fmt::format("step {}: {} losses, and there were {}", actual.step, actual.bits.size(),
                                     it->second.bits.size());
}

void Comparison::compare_state(uint64_t tick, const LoggedState& actual) {
  last_state_ = tick;
  const auto it = expected_.states.find(tick);
  if (it == expected_.states.end() && must_be_recorded(tick, false)) not_recorded("the state's digest", actual.step);
  if (it == expected_.states.end() || tensors_known_) return;
  if (same_state(it->second, actual)) {
    if (it->second.run != actual.run && !other_run_) other_run_ = actual.step;
    equal_ += !parting_;
    same_until_ = parting_ ? same_until_ : actual.step;
    return;
  }
  tensors_known_ = true;
  const auto names = differing_tensors(it->second, actual);
  const std::string which = names.empty()       ? "the state differs"
                            : names.size() == 1 ? names[0] + " differs"
                                                : fmt::format("{} differs, and {} more", names[0], names.size() - 1);
  if (parting_) {
    parting_->what += fmt::format("; at step {} {}", actual.step, which);
  } else {
    const bool interval = actual.step > same_until_ + 1;
    parting_ = Parting{actual.step,
                       same_until_,
                       {},
                       interval ? fmt::format("between steps {} and {}: {}", same_until_, actual.step, which)
                                : fmt::format("step {}: {}", actual.step, which)};
  }
  parting_->tensors = names;
}

bool Comparison::advance(const LogView& actual) {
  auto loss = after(actual.losses, last_loss_);
  auto state = after(actual.states, last_state_);
  while (!tensors_known_ && (loss != actual.losses.end() || state != actual.states.end())) {
    const bool loss_first =
        loss != actual.losses.end() && (state == actual.states.end() || loss->first <= state->first);
    if (loss_first) {
      compare_loss(loss->first, loss->second);
      ++loss;
    } else {
      compare_state(state->first, state->second);
      ++state;
    }
  }
  return !tensors_known_;
}

void Comparison::finish(const LogView& actual, bool whole) {
  advance(actual);
  if (parting_) return;
  if (other_run_) {
    const auto what = fmt::format("step {}: where the run is in its loops, or a hyperparameter, differs", *other_run_);
    parting_ = Parting{*other_run_, same_until_, {}, what};
    return;
  }
  for (const auto& [tick, losses] : expected_.losses) {
    if (actual.losses.contains(tick)) continue;
    parting_ = Parting{losses.step, same_until_, {}, fmt::format("step {}: did not come", losses.step)};
    return;
  }
  for (const auto& [tick, state] : expected_.states) {
    if (actual.states.contains(tick)) continue;
    parting_ = Parting{state.step, same_until_, {}, fmt::format("step {}: the state was not digested", state.step)};
    return;
  }
  if (whole && actual.steps > expected_.steps) {
    parting_ = Parting{
        expected_.steps + 1, same_until_, {}, fmt::format("step {}: the run had ended before it", expected_.steps + 1)};
  }
}

}  // namespace stet::tracking
