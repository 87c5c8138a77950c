// Several runs beside one another.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stet/tracking/json/runs.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostCompared = 24;   // as the page says
constexpr size_t kMostEntries = 4000;  // of a strip of digests
constexpr size_t kExactAround = 800;   // entries on each side of the parting that are not merged

std::vector<RunView> views_of(Desk& desk, const Parameters& p) {
  std::vector<IndexedRun> runs;
  {
    LiveIndex::Lease lease = desk.index.lease();
    for (const std::string& id : p.names("runs", kMostCompared)) runs.push_back(run_of(*lease, id));
  }
  if (runs.size() < 2) throw Refusal(400, "two runs or more are compared");
  std::vector<RunView> views;
  for (const IndexedRun& run : runs) views.push_back(read_run(run.folder));
  return views;
}

// What a row is of, which tells rows of one name apart.
enum class RowOf { recorded, module, run };

// What runs have of each name; null where one has nothing.
class Rows {
 public:
  explicit Rows(size_t runs) : runs_(runs) {}
  void set(const std::string& name, size_t run, Json value, RowOf of = RowOf::recorded) {
    auto& row = rows_[{name, of}];
    row.resize(runs_);
    row[run] = std::move(value);
  }
  Json differing() const {
    Json all = Json::array();
    for (const auto& [key, values] : rows_) {
      bool same = true;
      for (const Json& value : values) same = same && value == values[0];
      if (!same) all.push_back({{"name", shown_name(key)}, {"values", values}});
    }
    return all;
  }

 private:
  using Key = std::pair<std::string, RowOf>;

  // Its name alone, unless what a program called so too has a row.
  std::string shown_name(const Key& key) const {
    const auto& [name, of] = key;
    if (of == RowOf::recorded || !rows_.contains({name, RowOf::recorded})) return name;
    return name + (of == RowOf::run ? " (of the run)" : " (of a module)");
  }

  size_t runs_;
  std::map<Key, std::vector<Json>> rows_;
};

Json rows_json(const std::vector<RunView>& runs) {
  Rows params(runs.size()), data(runs.size()), environment(runs.size()), source(runs.size()), metrics(runs.size());
  const std::set<std::string> of_source{"executable", "commit", "uncommitted changes"};
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunView& run = runs[i];
    const Json json = run_json(run);
    for (const auto& [name, value] : json["params"].items()) params.set(name, i, value);
    for (const char* name : {"seed", "program", "numerics"}) params.set(name, i, json[name], RowOf::run);
    for (const RunHyperparameter& h : run.hyperparameters) {
      if (!h.execution) params.set(h.path, i, h.value, RowOf::module);
    }
    for (const RunData& d : run.data) {
      data.set(d.name, i, d.samples_sha256);
      if (!d.split.empty()) data.set(d.name + " split", i, d.split + " " + d.split_sha256);
    }
    if (!run.launches.empty()) {
      for (const auto& [name, value] : surroundings(run.launches.back()))
        (of_source.contains(name) ? source : environment).set(name, i, value);
      source.set("branch", i, run.launches.back().source.branch);
    }
    for (const auto& [tag, metric] : run.log.metrics) {
      if (!is_system_metric(metric.name)) metrics.set(tag, i, json_of(metric.summary.last));
    }
    metrics.set("steps", i, json_of(run.steps), RowOf::run);
    metrics.set("digest", i, run.digest(), RowOf::run);
  }
  return {{"params", params.differing()},
          {"data", data.differing()},
          {"environment", environment.differing()},
          {"source", source.differing()},
          {"metrics", metrics.differing()}};
}

// A run's digests by step; of several of a step the last.
using Digests = std::map<int64_t, std::string>;

Digests states_of(const RunView& run) {
  Digests all;
  for (const auto& [tick, state] : run.log.states) all[state.step] = state.root;
  return all;
}

Digests losses_of(const RunView& run) {
  Digests all;
  for (const auto& [tick, losses] : run.log.losses) {
    std::string& bits = all[losses.step];
    for (const uint64_t b : losses.bits) bits += fmt::format("{}{:x}", bits.empty() ? "" : " ", b);
  }
  return all;
}

bool parted_at(const std::vector<Digests>& runs, int64_t step) {
  const std::string* first = nullptr;
  for (const Digests& run : runs) {
    const auto found = run.find(step);
    if (found == run.end()) continue;
    if (first && *first != found->second) return true;
    first = &found->second;
  }
  return false;
}

// Steps with what each run has there; far from the first parting several steps in one entry, which stands for the one
// of them at which runs differ, or else the last.
struct Strip {
  std::vector<int64_t> steps;
  Json ranges = Json::array();
  std::optional<int64_t> first_parted;
};

Strip strip_of(const std::vector<Digests>& runs) {
  std::set<int64_t> all;
  for (const Digests& run : runs) {
    for (const auto& [step, digest] : run) all.insert(step);
  }
  const std::vector<int64_t> steps(all.begin(), all.end());
  const auto parting = std::find_if(steps.begin(), steps.end(), [&](int64_t step) { return parted_at(runs, step); });
  Strip strip;
  if (parting != steps.end()) strip.first_parted = *parting;
  const auto middle = static_cast<size_t>(parting - steps.begin());
  const size_t begin = middle > kExactAround ? middle - kExactAround : 0,
               end = std::min(steps.size(), middle + kExactAround);
  const size_t outside = steps.size() - (end - begin), room = kMostEntries - 2 * kExactAround;
  const size_t width = steps.size() <= kMostEntries ? 1 : (outside + room - 2) / (room - 1);
  for (size_t i = 0; i < steps.size();) {
    const size_t next =
        i >= begin && i < end ? i + 1 : std::min({i + width, i < begin ? begin : steps.size(), steps.size()});
    int64_t shown = steps[next - 1];
    for (size_t k = i; k < next; ++k) {
      if (!parted_at(runs, steps[k])) continue;
      shown = steps[k];
      break;
    }
    strip.steps.push_back(shown);
    strip.ranges.push_back({steps[i], steps[next - 1]});
    i = next;
  }
  return strip;
}

Json strip_json(const std::vector<RunView>& views, const std::vector<Digests>& runs) {
  const Strip strip = strip_of(runs);
  Json all = Json::array();
  for (size_t i = 0; i < runs.size(); ++i) {
    Json digests = Json::array();
    for (const int64_t step : strip.steps) {
      const auto found = runs[i].find(step);
      digests.push_back(found == runs[i].end() ? Json(nullptr) : Json(found->second));
    }
    all.push_back({{"id", views[i].id}, {"digests", std::move(digests)}});
  }
  return {{"steps", strip.steps},
          {"ranges", strip.ranges},
          {"runs", std::move(all)},
          {"first_parted", json_of(strip.first_parted)}};
}

}  // namespace

Json compare(Desk& desk, const Parameters& p) {
  const std::vector<RunView> runs = views_of(desk, p);
  Json ids = Json::array();
  for (const RunView& run : runs) ids.push_back(run.id);
  Json json{{"runs", ids}, {"rows", rows_json(runs)}};
  if (runs.size() == 2) json["divergence"] = divergence_json(runs[0], runs[1], divergence(runs[0], runs[1]));
  return json;
}

Json digests(Desk& desk, const Parameters& p) {
  const std::vector<RunView> views = views_of(desk, p);
  std::vector<Digests> states, losses;
  for (const RunView& view : views) states.push_back(states_of(view)), losses.push_back(losses_of(view));
  Json json = strip_json(views, states);
  json["losses"] = strip_json(views, losses);
  return json;
}

}  // namespace stet::tracking::ui
