// stet ls and stet show.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>

#include "stet/tracking/cli/commands.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {
namespace {

std::string local_time(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

void print_pairs(const char* title, const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return;
  size_t width = 0;
  for (const auto& [name, value] : pairs) width = std::max(width, name.size());
  fmt::print("\n{}\n", title);
  for (const auto& [name, value] : pairs) fmt::print("  {:<{}}  {}\n", name, width, value);
}

std::string describe(const record::Launch& l) {
  std::string text = fmt::format("from step {}, {}, {} threads, {}, {}", l.first_step(), local_time(l.started()),
                                 l.threads(), l.isa(), l.device());
  if (!l.source().commit().empty())
    text += fmt::format(", commit {}{}", l.source().commit().substr(0, 12), l.source().dirty() ? " with changes" : "");
  if (!l.has_end()) return text + ", without an end mark";
  return text + fmt::format(", {:.1f} s, exit status {}{}", l.end().wall_seconds(), l.end().exit_code(),
                            l.end().message().empty() ? "" : ": " + l.end().message());
}

void print_text(const RunView& v) {
  const auto& r = v.record;
  fmt::print("run {}\n  name {}, program {}, {}\n  {}\n  made {}, {} steps, numerics {}, seed {}\n", r.id(), r.name(),
             r.program(), name_of(v.status), v.folder.string(), local_time(r.created()), v.steps(), r.numerics(),
             r.seed());
  if (!v.digest().empty()) fmt::print("  digest {}\n", v.digest());
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& p : r.params())
    pairs.emplace_back(
        p.name(),
        p.value() + (p.source() == record::Param::DEFAULT ? "" : fmt::format("  (default {})", p.default_())));
  for (const auto& p : r.places()) pairs.emplace_back(p.name(), p.value());
  print_pairs("Parameters", pairs);
  pairs.clear();
  for (const auto& [name, m] : v.log.metrics) {
    pairs.emplace_back(name, fmt::format("{:.6g} at step {}  (min {:.6g}, max {:.6g}, {} values)", m.last, m.step,
                                         m.min, m.max, m.count));
  }
  print_pairs("Metrics", pairs);
  pairs.clear();
  for (const auto& d : r.data())
    pairs.emplace_back(d.name(), fmt::format("{} samples, {}{}", d.count(), d.samples_sha256().substr(0, 16),
                                             d.split().empty() ? "" : ", " + d.split()));
  print_pairs("Data", pairs);
  pairs.clear();
  for (int i = 0; i < r.launches_size(); ++i) pairs.emplace_back(std::to_string(i), describe(r.launches(i)));
  print_pairs("Launches", pairs);
  pairs.clear();
  for (const CheckpointFile& c : list_checkpoints(v.folder))
    pairs.emplace_back(fmt::format("step {}", c.step), c.path.filename().string());
  print_pairs("Checkpoints", pairs);
  if (r.parameter_count() > 0) fmt::print("\nModel, {} trained values\n{}", r.parameter_count(), r.model_summary());
}

}  // namespace

int list(const Common& common) {
  std::vector<Path> folders;
  if (std::filesystem::exists(common.runs)) folders = list_runs(common.runs);
  Json array = Json::array();
  if (!common.json && folders.empty()) fmt::print("no runs in {}\n", common.runs.string());
  else if (!common.json) fmt::print("{:<24} {:<20} {:<12} {:>8}  {}\n", "ID", "NAME", "STATUS", "STEPS", "MADE");
  int status = 0;
  for (const Path& folder : folders) {
    try {
      const RunView v(folder);
      if (common.json) array.push_back(v.to_json(false));
      else
        fmt::print("{:<24} {:<20} {:<12} {:>8}  {}\n", v.record.id(), v.record.name(), name_of(v.status), v.steps(),
                   local_time(v.record.created()));
    } catch (const std::exception& e) {
      fmt::print(stderr, "stet: {}\n", e.what());
      status = 2;
    }
  }
  if (common.json) fmt::print("{}\n", array.dump(2));
  return status;
}

int show(const Common& common, const std::string& run) {
  const RunView v(find_run(common.runs, run));
  if (common.json) fmt::print("{}\n", v.to_json(true).dump(2));
  else print_text(v);
  return 0;
}

}  // namespace stet::tracking
