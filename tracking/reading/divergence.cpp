#include "stet/tracking/reading/divergence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <compare>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "stet/tracking/reading/comparison.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

template <class Signed, class Float> std::optional<uint64_t> distance(Float a, Float b) {
  if (std::isnan(a) || std::isnan(b)) return {};
  // Negative numbers fall with their bits: counted downwards from zero, all are in order.
  const auto place = [](Float v) {
    const auto bits = std::bit_cast<Signed>(v);
    return bits < 0 ? std::numeric_limits<Signed>::min() - bits : bits;
  };
  const Signed low = std::min(place(a), place(b)), high = std::max(place(a), place(b));
  return static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
}

// ---- Losses.

// A loss is logged as the bits of binary32, or of binary64, which the upper half tells but for zeros.
bool is_double(uint64_t bits) { return bits >> 32 != 0; }
float as_float(uint64_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }

LossDistance distance_of(int64_t step, uint64_t a, uint64_t b) {
  LossDistance d{step, loss_value(a), loss_value(b), a == b, {}};
  if (is_double(a) == is_double(b))
    d.ulps = is_double(a) ? ulp_distance(d.first, d.second) : ulp_distance(as_float(a), as_float(b));
  else if (a == 0 || b == 0) d.ulps = ulp_distance(d.first, d.second);
  return d;
}

// By step and not by boundary, which programs of other loops count otherwise.
using Losses = std::map<int64_t, std::vector<uint64_t>>;

Losses losses_by_step(const LogView& log) {
  Losses all;
  for (const auto& [tick, losses] : log.losses) {
    auto& bits = all[losses.step];
    bits.insert(bits.end(), losses.bits.begin(), losses.bits.end());
  }
  return all;
}

// Of several losses of a step, the first that differs, else the first.
std::optional<LossDistance> distance_at(int64_t step, const Losses& a, const Losses& b) {
  const auto x = a.find(step), y = b.find(step);
  if (x == a.end() || y == b.end()) return {};
  const size_t common = std::min(x->second.size(), y->second.size());
  if (common == 0) return {};
  size_t i = 0;
  while (i + 1 < common && x->second[i] == y->second[i]) ++i;
  if (x->second[i] == y->second[i]) i = 0;
  return distance_of(step, x->second[i], y->second[i]);
}

void compare_losses(Divergence& found, const Losses& a, const Losses& b) {
  for (const auto& [step, bits] : a) {
    const auto other = b.find(step);
    if (other == b.end()) continue;
    ++found.losses;
    if (bits == other->second) {
      if (!found.loss_step) found.same_until = std::max(found.same_until, step);
    } else if (!found.loss_step) {
      found.loss_step = step;
    }
  }
}

void add_around(Divergence& found, const Losses& a, const Losses& b, int64_t before, int64_t after) {
  const int64_t at = *found.loss_step;
  for (auto it = a.lower_bound(at - before); it != a.end() && it->first <= at + after; ++it) {
    if (auto d = distance_at(it->first, a, b)) found.around.push_back(*d);
  }
}

// ---- States.

// A boundary: its step, and how many boundaries it lies behind that step's own, as the end of an epoch does.
struct Boundary {
  int64_t step = 0;
  uint64_t behind = 0;
  auto operator<=>(const Boundary&) const = default;
};

std::map<Boundary, const LoggedState*> states_by_boundary(const LogView& log) {
  std::map<int64_t, uint64_t> own;  // ticks of steps
  for (const auto& [tick, losses] : log.losses) own.try_emplace(losses.step, tick);
  std::map<Boundary, const LoggedState*> all;
  for (const auto& [tick, state] : log.states) {
    const auto it = own.find(state.step);
    all[{state.step, it == own.end() ? tick : tick - it->second}] = &state;
  }
  return all;
}

void compare_states(Divergence& found, const LogView& first, const LogView& second) {
  const auto a = states_by_boundary(first), b = states_by_boundary(second);
  for (const auto& [boundary, state] : a) {
    const auto other = b.find(boundary);
    if (other == b.end()) continue;
    ++found.states;
    if (found.state_step) continue;
    if (state->root == other->second->root) {
      found.state_same_until = boundary.step;
      continue;
    }
    found.state_step = boundary.step;
    found.tensors = differing_tensors(*state, *other->second);
  }
}

// ---- Checkpoints.

std::string form_of(const TensorEntry& t) { return fmt::format("{} [{}]", name_of(t.dtype), fmt::join(t.shape, ", ")); }

template <class T> void compare_elements(TensorDistance& d, const TensorEntry& a, const TensorEntry& b) {
  for (size_t i = 0; i < a.data.size() / sizeof(T); ++i) {
    if (std::memcmp(&a.data[i * sizeof(T)], &b.data[i * sizeof(T)], sizeof(T)) == 0) continue;
    ++d.differing;
    T x, y;
    std::memcpy(&x, &a.data[i * sizeof(T)], sizeof(T));
    std::memcpy(&y, &b.data[i * sizeof(T)], sizeof(T));
    std::optional<uint64_t> apart;
    if constexpr (std::is_floating_point_v<T>) apart = ulp_distance(x, y);
    else apart = static_cast<uint64_t>(std::max(x, y)) - static_cast<uint64_t>(std::min(x, y));
    if (apart) d.most = std::max(d.most.value_or(0), *apart);
  }
}

TensorDistance distance_of(const TensorEntry& a, const TensorEntry& b) {
  TensorDistance d{.name = a.path, .elements = 0, .differing = 0, .most = {}, .unlike = {}};
  if (form_of(a) != form_of(b) || a.data.size() != b.data.size()) {
    d.unlike = form_of(a) + " | " + form_of(b);
    return d;
  }
  d.elements = static_cast<int64_t>(a.data.size() / size_of(a.dtype));
  switch (a.dtype) {
    case DType::float32: compare_elements<float>(d, a, b); break;
    case DType::float64: compare_elements<double>(d, a, b); break;
    case DType::int32: compare_elements<int32_t>(d, a, b); break;
    case DType::int64: compare_elements<int64_t>(d, a, b); break;
    case DType::uint8:
    case DType::boolean: compare_elements<uint8_t>(d, a, b); break;
  }
  return d;
}

template <class Entry> std::map<std::string, const Entry*> entries_by_path(const std::vector<Entry>& entries) {
  std::map<std::string, const Entry*> all;
  for (const Entry& e : entries) {
    if (!e.path.starts_with("stet/")) all[e.path] = &e;  // those are the run's own
  }
  return all;
}

// Calls f(path, a's, b's) for each path of either; null where one has it not.
template <class Entry, class F>
void for_each_of_both(const std::vector<Entry>& a, const std::vector<Entry>& b, const F& f) {
  const auto x = entries_by_path(a), y = entries_by_path(b);
  std::set<std::string> paths;
  for (const auto* some : {&x, &y}) {
    for (const auto& [path, entry] : *some) paths.insert(path);
  }
  const auto find = [](const auto& all, const std::string& path) {
    const auto it = all.find(path);
    return it == all.end() ? nullptr : it->second;
  };
  for (const std::string& path : paths) f(path, find(x, path), find(y, path));
}

bool same_value(const ScalarValue& a, const ScalarValue& b) {
  const auto *x = std::get_if<double>(&a), *y = std::get_if<double>(&b);
  return x && y ? std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y) : a == b;
}

CheckpointDistance distance_of(const Checkpoint& a, const Checkpoint& b) {
  CheckpointDistance found;
  found.step = a.step;
  for_each_of_both(a.tensors, b.tensors, [&](const std::string& path, const TensorEntry* x, const TensorEntry* y) {
    if (x && y) found.tensors.push_back(distance_of(*x, *y));
    else
      found.tensors.push_back({.name = path,
                               .elements = 0,
                               .differing = 0,
                               .most = {},
                               .unlike = x ? form_of(*x) + " | none" : "none | " + form_of(*y)});
  });
  for_each_of_both(a.scalars, b.scalars, [&](const std::string& path, const ScalarEntry* x, const ScalarEntry* y) {
    if (!x || !y || !same_value(x->value, y->value)) found.scalars.push_back(path);
  });
  return found;
}

std::optional<CheckpointDistance> compare_checkpoints(const RunView& first, const RunView& second, int64_t parting) {
  std::map<int64_t, Entry> a;
  for (const CheckpointFile& file : list_checkpoints(Folder(first.folder))) a.emplace(file.step, file.entry);
  std::optional<CheckpointFile> chosen;
  for (const CheckpointFile& file : list_checkpoints(Folder(second.folder))) {
    if (a.contains(file.step) && (!chosen || chosen->step < parting)) chosen.emplace(file);
  }
  if (!chosen) return {};
  return distance_of(read_checkpoint(a.at(chosen->step)), read_checkpoint(chosen->entry));
}

// ---- What is not the same to begin with.

std::string source_of(const RunView& run) {
  if (run.launches.empty()) return "";
  const RunSource& source = run.launches.front().source;
  if (source.commit.empty() || !source.unknown.empty()) return "";
  return source.commit.substr(0, 12) + (source.dirty ? " with changes" : "");
}

void compare_beginnings(Divergence& found, const RunView& first, const RunView& second) {
  const RunDifferences differences = diff(first, second);
  const auto add = [&](const char* what, const std::string& name, const auto& values) {
    const auto shown = [](const std::string& value) { return value.empty() ? "none" : value; };
    found.unlike.push_back(fmt::format("{}{}: {} | {}", what, name, shown(values.first), shown(values.second)));
  };
  for (const auto& [name, values] : differences.run) {
    if (name != "steps" && name != "digest") add("", name, values);  // which are what comes of it
  }
  for (const auto& [name, values] : differences.parameters) add("params.", name, values);
  for (const auto& [name, values] : differences.hyperparameters) add("", name, values);
  for (const auto& [name, values] : differences.data) add("data.", name, values);
  const std::string a = source_of(first), b = source_of(second);
  if (!a.empty() && !b.empty() && a != b) add("", "source", std::pair(a, b));
  found.rebuilt = differences.environment.contains("executable");
}

}  // namespace

std::optional<uint64_t> ulp_distance(float a, float b) { return distance<int32_t>(a, b); }
std::optional<uint64_t> ulp_distance(double a, double b) { return distance<int64_t>(a, b); }

Divergence divergence(const RunView& first, const RunView& second, int64_t before, int64_t after) {
  Divergence found;
  found.steps_first = first.steps, found.steps_second = second.steps;
  compare_beginnings(found, first, second);
  const Losses a = losses_by_step(first.log), b = losses_by_step(second.log);
  compare_losses(found, a, b);
  compare_states(found, first.log, second.log);
  const bool state_first = found.state_step && (!found.loss_step || *found.state_step < *found.loss_step);
  if (state_first || found.losses == 0) found.same_until = found.state_same_until.value_or(0);
  if (found.loss_step) add_around(found, a, b, before, after);
  const bool parted = found.loss_step || found.state_step;
  const bool ended_alike = first.steps == second.steps && first.log.steps == second.log.steps && a.size() == b.size();
  using Verdict = Divergence::Verdict;
  found.verdict = parted                                   ? Verdict::parted
                  : found.losses == 0 && found.states == 0 ? Verdict::not_compared
                  : ended_alike                            ? Verdict::same
                                                           : Verdict::longer;
  if (!parted) return found;
  const int64_t endless = std::numeric_limits<int64_t>::max();
  const int64_t parting = std::min(found.loss_step.value_or(endless), found.state_step.value_or(endless));
  found.checkpoint = compare_checkpoints(first, second, parting);
  return found;
}

namespace {

std::string tensors_of(const Divergence& found) {
  if (found.tensors.empty()) return "the state differs";
  if (found.tensors.size() == 1) return found.tensors[0] + " differs";
  return fmt::format("{} differs, and {} more", found.tensors[0], found.tensors.size() - 1);
}

std::string loss_line(const Divergence& found) {
  const int64_t step = *found.loss_step;
  for (const LossDistance& d : found.around) {
    if (d.step != step || d.same_bits) continue;
    const std::string ulps = d.ulps ? fmt::format(", {} ULP{}", *d.ulps, *d.ulps == 1 ? "" : "s") : "";
    return fmt::format("step {}: the loss is {:.9g} | {:.9g}{}", step, d.first, d.second, ulps);
  }
  return fmt::format("step {}: they have not as many losses", step);
}

std::string parting_line(const Divergence& found) {
  if (!found.state_step) return loss_line(found) + (found.states > 0 ? "; no state that differs was digested" : "");
  const bool state_first = !found.loss_step || *found.state_step < *found.loss_step;
  if (!state_first) return fmt::format("{}; at step {} {}", loss_line(found), *found.state_step, tensors_of(found));
  const std::string later = found.loss_step ? "; " + loss_line(found) : found.losses > 0 ? "; no loss differs" : "";
  const int64_t since = std::max(found.state_same_until.value_or(-1), int64_t{-1});
  const std::string where = since >= 0 && since + 1 < *found.state_step
                                ? fmt::format("between steps {} and {}", since, *found.state_step)
                                : fmt::format("step {}", *found.state_step);
  return fmt::format("{}: {}{}", where, tensors_of(found), later);
}

}  // namespace

std::string line_of(const Divergence& found) {
  const std::string compared = fmt::format("{} {}, {} of states", found.losses, found.losses == 1 ? "loss" : "losses",
                                           counted(found.states, "digest"));
  switch (found.verdict) {
    case Divergence::Verdict::same:
      return fmt::format("the same bits, all {}: {}", counted(found.steps_first, "step"), compared);
    case Divergence::Verdict::longer:
      return fmt::format("the same bits as far as both went: {}; they went {} | {} steps", compared, found.steps_first,
                         found.steps_second);
    case Divergence::Verdict::parted: return parting_line(found);
    case Divergence::Verdict::not_compared: break;
  }
  return "they have no loss and no digest of a state in common";
}

}  // namespace stet::tracking
