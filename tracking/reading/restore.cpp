#include "stet/tracking/reading/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/restore.h"

namespace stet::tracking {
namespace {

Path checkpoint_file(const std::string& which, const RestoreOptions& options) {
  std::error_code none;
  if (std::filesystem::is_regular_file(which, none)) return which;
  const RunView run = Runs(options.runs).open(which);
  const auto& all = run.checkpoints;
  if (all.empty()) raise("restore: run {} has no checkpoint", run.id);
  if (!options.step && !options.best) return all.back().path;
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const RunCheckpoint& c) { return options.best ? c.best : c.step == *options.step; });
  if (at != all.end()) return at->path;
  if (options.best) raise("restore: run {} keeps no best checkpoint, it names no metric for that", run.id);
  std::vector<int64_t> steps;
  for (const RunCheckpoint& c : all) steps.push_back(c.step);
  raise("restore: run {} has no checkpoint of step {}; it has {}", run.id, *options.step, fmt::join(steps, ", "));
}

// The names of what a run tracked.
std::set<std::string> tracked(const Checkpoint& checkpoint) {
  std::set<std::string> names;
  for (const auto& t : checkpoint.tensors) names.insert(t.path.substr(0, t.path.find('/')));
  for (const auto& s : checkpoint.scalars) names.insert(s.path.substr(0, s.path.find('/')));
  names.erase("stet");
  return names;
}

}  // namespace

int64_t restore(Stateful& net, const std::string& which, const RestoreOptions& options) {
  const Path path = checkpoint_file(which, options);
  const std::string bytes = InputFile(path).read();
  Checkpoint checkpoint = decode(as_bytes(bytes), path.string());
  if (const auto names = tracked(checkpoint); !names.contains(options.name))
    raise("restore: {} holds no '{}'; it holds {}", path.string(), options.name, fmt::join(names, ", "));
  const std::string below = options.name + "/";
  const auto is_other = [&](const auto& entry) { return !entry.path.starts_with(below); };
  std::erase_if(checkpoint.tensors, is_other);
  std::erase_if(checkpoint.scalars, is_other);
  Restore check(checkpoint, false, cpu);
  check(options.name, net);
  if (const std::string differences = check.differences(); !differences.empty())
    raise("restore: the net does not fit {}, nothing was set: {}", path.string(), differences);
  Restore(checkpoint, true, cpu)(options.name, net);
  return checkpoint.step;
}

}  // namespace stet::tracking
