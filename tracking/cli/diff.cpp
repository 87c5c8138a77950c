// stet diff.
#include <fmt/format.h>

#include "stet/tracking/cli/commands.h"
#include "stet/tracking/reading/environment_diff.h"
#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {
namespace {

using Table = std::map<std::string, std::string>;

Table params_of(const RunView& v) {
  Table t{{"seed", std::to_string(v.record.seed())},
          {"program", v.record.program()},
          {"numerics", std::to_string(v.record.numerics())}};
  for (const auto& p : v.record.params()) t[p.name()] = p.value();
  for (const auto& h : v.record.hyperparameters()) {
    if (!h.execution()) t[h.path()] = h.value();
  }
  return t;
}

Table data_of(const RunView& v) {
  Table t;
  for (const auto& d : v.record.data()) {
    t[d.name()] = d.samples_sha256();
    if (!d.split().empty()) t[d.name() + " split"] = d.split() + " " + d.split_sha256();
  }
  return t;
}

Table metrics_of(const RunView& v) {
  Table t;
  for (const auto& [name, m] : v.log.metrics)
    t[name] = fmt::format("{} (min {}, max {}, {} values)", m.last, m.min, m.max, m.count);
  t["steps"] = std::to_string(v.steps());
  t["digest"] = v.digest();
  return t;
}

Table environment_of(const RunView& v) {
  return v.record.launches_size() == 0 ? Table() : surroundings(v.record.launches(v.record.launches_size() - 1));
}

}  // namespace

Differences differences(const Table& a, const Table& b) {
  Differences d;
  for (const auto& [name, value] : a) {
    const auto it = b.find(name);
    const std::string other = it == b.end() ? "" : it->second;
    if (value != other) d[name] = {value, other};
  }
  for (const auto& [name, value] : b) {
    if (!a.contains(name) && !value.empty()) d[name] = {"", value};
  }
  return d;
}

Table surroundings(const record::Launch& l) {
  Table t{{"executable", l.program().sha256()},
          {"compiler", l.build().compiler()},
          {"flags", l.build().flags()},
          {"host", l.machine().host()},
          {"os", l.machine().os()},
          {"kernel", l.machine().kernel()},
          {"cpu", l.machine().cpu()},
          {"gpu", l.machine().gpu()},
          {"driver", l.machine().driver()},
          {"isa", l.isa()},
          {"threads", std::to_string(l.threads())},
          {"device", l.device()},
          {"commit", l.source().commit()},
          {"uncommitted changes", l.source().dirty() ? "yes" : "no"}};
  for (const auto& [name, version] : l.build().libraries()) t["library " + name] = version;
  return t;
}

int diff(const Common& common, const std::string& first, const std::string& second) {
  const RunView a(find_run(common.runs, first)), b(find_run(common.runs, second));
  const std::pair<const char*, Differences> parts[] = {
      {"params", differences(params_of(a), params_of(b))},
      {"data", differences(data_of(a), data_of(b))},
      {"environment", differences(environment_of(a), environment_of(b))},
      {"metrics", differences(metrics_of(a), metrics_of(b))}};
  Json json{{"first", a.record.id()}, {"second", b.record.id()}};
  bool same = true;
  for (const auto& [title, found] : parts) {
    json[title] = Json::object();
    for (const auto& [name, values] : found) {
      same = false;
      json[title][name] = {values.first, values.second};
      if (!common.json)
        fmt::print("{}.{}: {} | {}\n", title, name, values.first.empty() ? "-" : values.first,
                   values.second.empty() ? "-" : values.second);
    }
  }
  const bool same_bits = a.steps() == b.steps() && !a.digest().empty() && a.digest() == b.digest();
  json["same"] = same;
  json["same_bits"] = same_bits;
  if (common.json) fmt::print("{}\n", json.dump(2));
  else if (same) fmt::print("no difference\n");
  else if (same_bits) fmt::print("the same bits after {} steps: digest {}\n", a.steps(), a.digest());
  return same ? 0 : 1;
}

}  // namespace stet::tracking
