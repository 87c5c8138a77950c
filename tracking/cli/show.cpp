// stet show.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/json/runs.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/host.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kWidestName = 40;  // one that is longer moves its own value alone

using Pairs = std::vector<std::pair<std::string, std::string>>;

void print_pairs(const char* title, const Pairs& pairs) {
  if (pairs.empty()) return;
  size_t width = 0;
  for (const auto& [name, value] : pairs) width = std::max(width, std::min(display_width(name), kWidestName));
  put_line("");
  put_line(title);
  for (const auto& [name, value] : pairs) {
    const size_t used = display_width(name);
    put_line(fmt::format("  {}{}  {}", name, std::string(width > used ? width - used : 0, ' '), value));
  }
}

Pairs parameters(const RunOverview& run) {
  Pairs pairs;
  for (const RunParameter& p : run.parameters) {
    pairs.emplace_back(p.name,
                       p.value + (p.source == ValueSource::standard ? "" : fmt::format("  (default {})", p.standard)));
  }
  for (const RunPlace& p : run.places) pairs.emplace_back(p.name, p.value);
  return pairs;
}

Pairs hyperparameters(const RunOverview& run) {
  Pairs pairs;
  for (const RunHyperparameter& h : run.hyperparameters) {
    if (!h.execution) pairs.emplace_back(h.path, h.value);
  }
  return pairs;
}

Pairs metrics(const RunOverview& run) {
  Pairs pairs;
  for (const auto& [tag, metric] : run.outline.metrics) {
    const MetricSummary& m = metric.summary;
    pairs.emplace_back(tag, fmt::format("{:.6g} at step {}  (min {:.6g} at {}, max {:.6g} at {}, {})", m.last, m.step,
                                        m.min, m.min_step, m.max, m.max_step, counted(m.count, "value")));
  }
  return pairs;
}

Pairs summaries(const RunOverview& run) {
  Pairs pairs;
  for (const RunBest& s : run.summaries) {
    if (std::isnan(s.value) && s.step == 0) continue;  // nothing was logged of it
    pairs.emplace_back(fmt::format("{} {}", s.best, s.metric), fmt::format("{:.6g} at step {}", s.value, s.step));
  }
  return pairs;
}

Pairs derived(const RunOverview& run) {
  Pairs pairs;
  for (const DerivedMetric& d : run.derived)
    pairs.emplace_back(d.name, fmt::format("{}: {}", counted(d.points.size(), "value"), d.how));
  return pairs;
}

Pairs data(const RunOverview& run) {
  Pairs pairs;
  for (const RunData& d : run.data) {
    std::string text = counted(d.count, "sample");
    for (const std::string& part : {d.samples_sha256.substr(0, 16), d.split}) {
      if (!part.empty()) text += ", " + part;
    }
    pairs.emplace_back(d.name, text);
  }
  return pairs;
}

const char* changes_of(const RunSource& source) {
  if (!source.unknown.empty()) return ", changes unknown";
  return source.dirty ? " with changes" : "";
}

// Of a run that a process holds: which.
std::string running(const RunOverview& run) {
  if (run.status != RunStatus::running) return "";
  const auto holder = read_holder(Folder(run.folder));
  if (!holder || holder->pid == 0) return "running";
  const std::string where = holder->host == host_name() ? "" : " on " + holder->host;
  return fmt::format("running, process {}{}", holder->pid, where);
}

std::string describe(const RunLaunch& l, const std::string& running) {
  std::string text = fmt::format("from step {}, {}, {} threads, {}, {}", l.first_step, local_time(l.started), l.threads,
                                 l.isa, l.device);
  if (!l.source.commit.empty())
    text += fmt::format(", commit {}{}", l.source.commit.substr(0, 12), changes_of(l.source));
  else if (!l.source.unknown.empty()) text += ", source unknown";
  if (l.log_waits > 0) text += fmt::format(", waited {:.1f} s for the log's disk", l.log_wait_seconds);
  if (!l.end) return text + (running.empty() ? ", without an end mark" : ", " + running);
  return text + fmt::format(", {:.1f} s, exit status {}{}", l.end->wall_seconds, l.end->exit_code,
                            l.end->message.empty() ? "" : ": " + l.end->message);
}

Pairs launches(const RunOverview& run) {
  Pairs pairs;
  for (const RunLaunch& launch : run.launches) {
    const bool is_last = &launch == &run.launches.back();
    pairs.emplace_back(std::to_string(pairs.size()), describe(launch, is_last ? running(run) : ""));
  }
  return pairs;
}

Pairs notes(const RunOverview& run) {
  Pairs pairs;
  for (const RunNote& n : run.notes)
    pairs.emplace_back(local_time(n.time) + (n.author.empty() ? "" : " " + n.author), n.text);
  return pairs;
}

Pairs checkpoints(const RunOverview& run) {
  Pairs pairs;
  for (const RunCheckpoint& c : run.checkpoints) {
    const std::string best = c.best ? fmt::format("  best: {} {:.6g}", run.best_metric, *c.metric) : "";
    pairs.emplace_back(fmt::format("step {}", c.step), c.path.filename().string() + best);
  }
  return pairs;
}

Pairs media(const RunOverview& run, LoggedMedium::Kind kind) {
  Pairs pairs;
  for (const auto& [name, logged] : run.outline.media) {
    if (logged.kind != kind) continue;
    pairs.emplace_back(name, fmt::format("{}, the last at step {}, {} bytes", logged.count, logged.step, logged.bytes));
  }
  return pairs;
}

Pairs artifacts(const RunOverview& run) {
  Pairs pairs;
  for (const RunArtifact& a : run.artifacts) pairs.emplace_back(a.name, fmt::format("{} bytes", a.bytes));
  return pairs;
}

int exit_status(const RunOverview& run) { return run.seal.state == SealState::altered ? 1 : 0; }

// Its lines, each set off from the titles of the parts.
void print_model(const RunOverview& run) {
  put_line("");
  put_line(fmt::format("Model, {}", counted(run.parameter_count, "trained value")));
  std::istringstream lines(run.model_summary);
  for (std::string line; std::getline(lines, line);) put_line("  " + line);
}

void print_labels(const RunOverview& run) {
  if (!run.group.empty()) put_line("  group " + run.group);
  if (!run.tags.empty()) put_line(fmt::format("  tags {}", fmt::join(run.tags, ", ")));
  if (run.archived) put_line("  archived");
  if (!run.description.empty()) put_line("  description " + run.description);
}

void print_text(const RunOverview& run) {
  put_line("run " + run.id);
  put_line(fmt::format("  name {}, program {}, {}", run.name, run.program, name_of(run.status)));
  put_line("  " + run.folder.string());
  put_line(fmt::format("  made {}, {}, numerics {}, seed {}", local_time(run.created), counted(run.steps, "step"),
                       run.numerics, run.seed));
  print_labels(run);
  if (!run.digest().empty()) put_line("  digest " + run.digest());
  if (run.status != RunStatus::running) put_line("  " + run.seal.line());
  print_pairs("Notes", notes(run));
  for (const std::string& line : read_labels(run.folder).unreadable) put_error(line);
  print_pairs("Parameters", parameters(run));
  print_pairs("Hyperparameters of modules", hyperparameters(run));
  print_pairs("Metrics", metrics(run));
  print_pairs("Summaries", summaries(run));
  print_pairs("Derived after the run", derived(run));
  print_pairs("Images", media(run, LoggedMedium::Kind::image));
  print_pairs("Texts", media(run, LoggedMedium::Kind::text));
  print_pairs("Histograms", media(run, LoggedMedium::Kind::histogram));
  print_pairs("Vectors", media(run, LoggedMedium::Kind::vector));
  print_pairs("Artifacts", artifacts(run));
  print_pairs("Data", data(run));
  print_pairs("Launches", launches(run));
  print_pairs("Checkpoints", checkpoints(run));
  if (run.parameter_count > 0) print_model(run);
}

}  // namespace

Verb show() {
  const auto which = std::make_shared<std::string>();
  return {"show",
          "Show a run: its parameters, metrics, launches, data and checkpoints",
          {{{"stet show latest", "the newest run"},
            {"stet show mnist --json", "the newest run of that name, all of it, for a program"}}},
          [which](Arguments& arguments) { arguments.word("RUN", *which, "which run", Takes::run); },
          [which](const Common& common) {
            const RunOverview run = read_overview(Runs(common.runs).folder_of(*which));
            if (common.json) put_json(run_json(run));
            else print_text(run);
            return exit_status(run);
          }};
}

}  // namespace stet::tracking::cli
