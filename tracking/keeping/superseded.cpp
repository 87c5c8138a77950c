#include "stet/tracking/keeping/superseded.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/keeping/trash.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/restart_point.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kFolder = "checkpoints";

// Is it whole, and one that the log knows? Enough for one that is to go.
bool is_sound(const RunView& run, const Folder& folder, const CheckpointFile& file) {
  const auto digested = [&](const auto& state) { return state.second.step == file.step; };
  if (std::none_of(run.log.states.begin(), run.log.states.end(), digested)) return false;
  try {
    check_whole(file.entry);
    return is_as_sealed(folder, file.entry);
  } catch (const Error&) { return false; }  // damaged, or no file at all
}

Superseded find(const Path& path, const CheckpointRule& rule) {
  const RunView run = read_run(path);
  if (run.seal.state == SealState::altered) raise<DataError>("run {}: {}", run.id, run.seal.line());
  const Folder folder(path);
  Superseded found{path, run.id, {}, 0};
  std::set<int64_t> best;
  for (const RunCheckpoint& c : run.checkpoints) {
    if (c.best && rule.keep_best) best.insert(c.step);
  }
  auto files = list_checkpoints(folder);
  int sound = 0;
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const bool is_to_count = sound < rule.keep_last;  // for one from which the run goes on
    const bool counts = is_to_count ? can_restart_from(folder, file->entry) : is_sound(run, folder, *file);
    if (counts && ++sound > rule.keep_last && !best.contains(file->step))
      found.files.push_back({file->entry.name(), look_at(file->entry).size});
    else ++found.kept;
  }
  std::reverse(found.files.begin(), found.files.end());
  return found;
}

std::string path_of(const std::string& name) { return fmt::format("{}/{}", kFolder, name); }

// Names those that no act names yet: a deletion that was cut short has left one.
void write_down(FileSystem& fs, const Folder& run, const std::vector<NamedFile>& files, const CheckpointRule& rule) {
  std::set<std::pair<std::string, std::string>> named;
  const Acts acts = read_acts(run);
  for (const record::Act& act : acts.acts) {
    for (const auto& file : act.removed()) named.emplace(file.path(), file.sha256());
  }
  record::Act act;
  const Folder checkpoints(run / kFolder);
  int64_t bytes = 0;
  for (const NamedFile& file : files) {
    const std::string sha256 = sha256_file(checkpoints / file.name);
    if (named.contains({path_of(file.name), sha256})) continue;
    auto* removed = act.add_removed();
    removed->set_path(path_of(file.name));
    removed->set_size(file.bytes);
    removed->set_sha256(sha256);
    bytes += file.bytes;
  }
  if (act.removed_size() == 0) return;
  act.set_note(fmt::format("gc deleted {} checkpoint{} of {} bytes, {}{}{}; the last {} {}", act.removed_size(),
                           act.removed_size() == 1 ? "" : "s", bytes, files.front().name,
                           act.removed_size() == 1 ? "" : " to ", act.removed_size() == 1 ? "" : files.back().name,
                           rule.keep_last, rule.keep_best ? "and the best stay" : "stay"));
  write_act(fs, run, std::move(act));
}

}  // namespace

Superseded superseded_checkpoints(const Path& run, const CheckpointRule& rule) {
  if (rule.keep_last < 1) raise("gc: at least the last checkpoint stays");
  if (is_held(Folder(run))) raise("run {}: is running; its program chooses", run.filename().string());
  return find(run, rule);
}

std::vector<NamedFile> delete_superseded(FileSystem& fs, const Superseded& superseded, const CheckpointRule& rule) {
  const Folder run(superseded.run);
  const auto held = hold(fs, run);
  const Superseded now = find(superseded.run, rule);
  std::vector<NamedFile> files;
  for (const NamedFile& file : now.files) {
    const auto same = [&](const NamedFile& other) { return other.name == file.name; };
    if (std::ranges::any_of(superseded.files, same)) files.push_back(file);
  }
  if (files.empty()) return files;
  write_down(fs, run, files, rule);
  const Folder checkpoints(run / kFolder);
  for (const NamedFile& file : files) fs.remove(checkpoints / file.name);
  fs.sync_directory(checkpoints);
  return files;
}

}  // namespace stet::tracking
