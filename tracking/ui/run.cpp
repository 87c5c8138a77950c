// One run: what it is, what it came from, what it printed, what its checkpoints hold.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <limits>

#include "stet/tracking/json/runs.h"
#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/query/names.h"
#include "stet/tracking/reading/recorded_file.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/columns.h"
#include "stet/tracking/ui/links.h"
#include "stet/tracking/ui/marks.h"

namespace stet::tracking::ui {
namespace {

using query::Value;

constexpr int64_t kMostPatch = int64_t{16} << 20;
constexpr int64_t kMostLog = int64_t{64} << 20;  // bytes of what a program printed, from its end

const char* name_of(ValueSource source) {
  switch (source) {
    case ValueSource::standard: return "default";
    case ValueSource::flag: return "flag";
    case ValueSource::config: return "config";
    case ValueSource::record: return "record";
    case ValueSource::unknown: break;
  }
  return "unknown";
}

Json parameters_json(const RunView& run, const Json& typed) {
  Json all = Json::array();
  for (const RunParameter& p : run.parameters)
    all.push_back({{"name", p.name},
                   {"value", typed.value(p.name, Json(p.value))},
                   {"default", p.standard},
                   {"source", name_of(p.source)},
                   {"type", p.type},
                   {"range", p.range},
                   {"meaning", p.meaning},
                   {"masked", p.masked}});
  return all;
}

Json not_finite_json(const RunView& run) {
  Json all = Json::array();
  for (const auto& [tag, metric] : run.log.metrics) {
    const auto found = std::find_if(metric.points.begin(), metric.points.end(),
                                    [](const Point& p) { return !std::isfinite(p.value); });
    if (found != metric.points.end())
      all.push_back({{"metric", tag}, {"step", json_of(found->step)}, {"value", json_of(found->value)}});
  }
  return all;
}

// ---- The run before it.

// The newest run of its program that was made before it.
std::optional<IndexedRun> previous_of(RunIndex& index, const RunView& run) {
  query::Expression condition = query::parse("program == \"\"");
  condition.operands[1].value = Value(run.program);
  std::optional<IndexedRun> previous;
  for (const IndexedRun& other : index.matching(condition)) {
    if (other.id >= run.id) break;
    previous = other;
  }
  return previous;
}

void add_change(Json& changes, const std::string& what, const Value& before, const Value& after) {
  const bool same = (before.is_none() && after.is_none()) || query::equal(before, after);
  if (!same) changes.push_back({{"what", what}, {"before", json_of(before)}, {"after", json_of(after)}});
}

Json changes_json(const RunFacts& before, const RunFacts& after, const Path& folder) {
  Json changes = Json::array();
  const FactValues was(before, folder), is(after, folder);
  std::map<std::string, Value> params = before.params;
  params.insert(after.params.begin(), after.params.end());
  for (const auto& [name, value] : params)
    add_change(changes, query::param_expression(name), was.param(name), is.param(name));
  for (const auto& [name, data] : after.data)
    add_change(changes, fmt::format("data[{}].digest", query::quoted(name)), was.data_digest(name),
               is.data_digest(name));
  for (const char* name : {"seed", "git.commit", "git.dirty", "numerics", "host", "device", "isa", "gpu", "threads"})
    add_change(changes, name, before.field(name), after.field(name));
  return changes;
}

// A word of a shell's command line.
std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("/._-+:@%").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

Json commands_json(const RunView& run, const std::optional<IndexedRun>& previous) {
  const std::string id = shell_word(run.id), runs = " --runs " + shell_word(run.folder.parent_path().string());
  Json commands{{"show", "stet show " + id + runs}, {"verify", "stet verify " + id + runs}};
  if (run.status != RunStatus::running && run.status != RunStatus::finished)
    commands["resume"] = "stet resume " + id + runs;
  if (previous) {
    commands["diff"] = fmt::format("stet diff {} {}{}", shell_word(previous->id), id, runs);
    commands["compare"] = fmt::format("stet compare {} {}{}", shell_word(previous->id), id, runs);
  }
  return commands;
}

// The patch of the last launch's source.
std::optional<Entry> patch_of(const RunView& run) {
  const std::string name = run.launches.empty() ? "" : run.launches.back().source.patch;
  if (name.empty()) return {};
  try {
    return find_recorded(Folder(run.folder), name);
  } catch (const Error&) { return {}; }  // a record that someone edited
}

Json source_json(const RunView& run) {
  if (run.launches.empty()) return Json::object();
  const RunSource& source = run.launches.back().source;
  Json json{{"commit", source.commit}, {"dirty", source.dirty},       {"branch", source.branch},
            {"remote", source.remote}, {"left_out", source.left_out}, {"unknown", source.unknown}};
  if (const std::string link = commit_link(source.remote, source.commit); !link.empty()) json["link"] = link;
  const auto patch = patch_of(run);
  json["patch_bytes"] = patch ? look_at(*patch).size : 0;
  return json;
}

// ---- What it printed.

// A line as a terminal would leave it, without what would move on one.
std::string shown_line(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (const size_t last = line.rfind('\r'); last != line.npos) line.remove_prefix(last + 1);
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {  // a colour, or where to write
      for (i += 2; i < line.size() && !(line[i] >= '@' && line[i] <= '~');) ++i;
    } else {
      text += line[i] == '\t' ? std::string("    ") : std::string(1, line[i]);
    }
  }
  return printable(text);
}

// The file's lines, of a long one those at its end.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string output_of(const Folder& run, bool& cut) {
  const Entry entry = run / "output.log";
  if (!is_file(entry)) return {};
  const InputFile file(entry);
  const int64_t size = file.identity().size, from = std::max<int64_t>(0, size - kMostLog);
  std::string text(static_cast<size_t>(size - from), '\0');
  text.resize(file.read_at(from, text));
  cut = from > 0;
  if (cut) text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

bool contains(std::string_view line, std::string_view wanted) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::search(line.begin(), line.end(), wanted.begin(), wanted.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != line.end();
}

// ---- Tensors.

struct TensorSum {
  double squares = 0, sum = 0;
  double least = std::numeric_limits<double>::infinity(), greatest = -std::numeric_limits<double>::infinity();
  int64_t count = 0, nan = 0;

  template <class T> void add(const TensorEntry& t) {
    for (size_t i = 0; i + sizeof(T) <= t.data.size(); i += sizeof(T)) {
      T element;
      std::memcpy(&element, &t.data[i], sizeof(T));
      const auto value = static_cast<double>(element);
      if (std::isnan(value)) {
        ++nan;
        continue;
      }
      ++count;
      sum += value;
      squares += value * value;
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
  }
};

TensorSum sum_of(const TensorEntry& t) {
  TensorSum sum;
  switch (t.dtype) {
    case DType::float32: sum.add<float>(t); break;
    case DType::float64: sum.add<double>(t); break;
    case DType::int32: sum.add<int32_t>(t); break;
    case DType::int64: sum.add<int64_t>(t); break;
    case DType::uint8:
    case DType::boolean: sum.add<uint8_t>(t); break;
  }
  return sum;
}

Json tensor_json(const TensorEntry& t) {
  const TensorSum s = sum_of(t);
  const auto number = [&](double value) { return s.count > 0 ? json_of(value) : Json(nullptr); };
  return {{"name", t.path},
          {"dtype", std::string(stet::name_of(t.dtype))},
          {"shape", t.shape},
          {"bytes", t.data.size()},
          {"norm", number(std::sqrt(s.squares))},
          {"min", number(s.least)},
          {"max", number(s.greatest)},
          {"mean", number(s.sum / static_cast<double>(std::max<int64_t>(s.count, 1)))},
          {"nan", s.nan}};
}

}  // namespace

Json run(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  const IndexedRun found = run_of(*lease, p.required("id"));
  const RunView view = read_run(found.folder);
  const RunFacts facts = lease->facts(found);
  const auto previous = previous_of(*lease, view);
  Json json = run_json(view);
  json["path"] = found.folder.string();
  json["size"] = json_of(facts.field("size"));
  json["duration"] = json_of(facts.field("duration"));
  json["ended"] = json_of(facts.field("ended"));
  json["verified"] = json_of(facts.field("verified"));
  json["parameters"] = parameters_json(view, json["params"]);
  json["marks"] = marks_json(view, facts);
  json["marks"]["nan"] = not_finite_json(view);
  json["commands"] = commands_json(view, previous);
  json["source"] = source_json(view);
  json["previous"] = previous ? Json(previous->id) : Json(nullptr);
  json["changed"] = previous ? changes_json(lease->facts(*previous), facts, found.folder) : Json::array();
  if (const auto lives = desk.index.live(); lives.contains(view.id)) {
    json["stalled"] = lives.at(view.id).is_stalled;
    json["left_s"] = json_of(lives.at(view.id).left);
  }
  return json;
}

Json log(Desk& desk, const Parameters& p) {
  const IndexedRun found = run_of(*desk.index.lease(), p.required("id"));
  bool cut = false;
  const std::string text = output_of(Folder(found.folder), cut);
  const std::vector<std::string_view> lines = lines_of(text);
  const auto total = static_cast<int64_t>(lines.size());
  const int64_t limit = p.integer("limit", 1000, 0, 20'000);
  int64_t offset = p.integer("offset", 0, -1'000'000'000, 1'000'000'000);
  if (offset < 0) offset = std::max<int64_t>(0, total + offset);
  Json shown = Json::array();
  for (int64_t n = offset; n < std::min(total, offset + limit); ++n)
    shown.push_back({{"n", n}, {"text", shown_line(lines[static_cast<size_t>(n)])}});
  Json json{{"lines", std::move(shown)}, {"total", total}, {"offset", offset}, {"cut", cut}};
  if (const std::string& wanted = p.text("search", 1000); !wanted.empty()) {
    Json matches = Json::array();
    for (int64_t n = 0; n < total && matches.size() < 10'000; ++n) {
      if (contains(lines[static_cast<size_t>(n)], wanted)) matches.push_back(n);
    }
    json["matches"] = std::move(matches);
  }
  return json;
}

Json tensors(Desk& desk, const Parameters& p) {
  const IndexedRun found = run_of(*desk.index.lease(), p.required("id"));
  const std::vector<CheckpointFile> files = list_checkpoints(Folder(found.folder));
  const int64_t step = p.integer("step", -1, -1, std::numeric_limits<int64_t>::max());
  const auto at = std::find_if(files.begin(), files.end(), [&](const CheckpointFile& f) { return f.step == step; });
  if (files.empty() || (step >= 0 && at == files.end())) throw Refusal(404, "there is no such checkpoint");
  const Checkpoint checkpoint = read_checkpoint(step < 0 ? files.back().entry : at->entry);
  Json all = Json::array();
  for (const TensorEntry& t : checkpoint.tensors) {
    if (!t.path.starts_with("stet/")) all.push_back(tensor_json(t));
  }
  return {{"step", json_of(checkpoint.step)}, {"tensors", std::move(all)}};
}

Json patch(Desk& desk, const Parameters& p) {
  const IndexedRun found = run_of(*desk.index.lease(), p.required("id"));
  const RunView view = read_run(found.folder);
  const auto patch = patch_of(view);
  return {{"text", patch ? read_file(*patch, kMostPatch) : std::string()}};
}

}  // namespace stet::tracking::ui
