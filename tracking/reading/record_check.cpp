#include "stet/tracking/reading/record_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/event_check.h"
#include "stet/tracking/reading/rerun.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/checkpoint_digest.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// Is all that `part` says said by `whole`, in the same words?
bool is_contained(const nlohmann::json& part, const nlohmann::json& whole) {
  if (part.is_array()) {
    return whole.is_array() && part.size() == whole.size() &&
           std::equal(part.begin(), part.end(), whole.begin(), is_contained);
  }
  if (!part.is_object()) return part == whole;
  for (const auto& [name, value] : part.items()) {
    if (!whole.contains(name) || !is_contained(value, whole[name])) return false;
  }
  return true;
}

std::string record_path(const RunView& run) { return (run.folder / "run.json").string(); }

const std::optional<RunEnd>& last_end(const RunView& run) { return run.launches.back().end; }

// run.json's end mark and the log's are made one after the other, of the same.
std::string other_end(const RunView& run) {
  const auto& end = last_end(run);
  if (!end) return "";
  const auto& stop = run.log.stop;
  if (!stop) return fmt::format("{}: the run ended, and the log doesn't", record_path(run));
  if (stop->message != end->message)
    return fmt::format("{}: the run ended with '{}', and the log with '{}'", record_path(run), end->message,
                       stop->message);
  if (run.status == RunStatus::finished && !end->message.empty())
    return fmt::format("{}: the run finished, and ended with '{}'", record_path(run), end->message);
  if (run.status == RunStatus::interrupted && end->message.empty())
    return fmt::format("{}: the run was interrupted, and nothing says by what", record_path(run));
  if (run.recorded_steps != end->last_step)
    return fmt::format("{}: the run has {}, and ended after {}", record_path(run), counted(run.recorded_steps, "step"),
                       end->last_step);
  const bool in_step =
      run.status == RunStatus::failed && stop->step == end->last_step + 1;  // it counts the one at hand
  if (stop->step != end->last_step && !in_step)
    return fmt::format("{}: the run ended after {}, and the log at step {}", record_path(run),
                       counted(end->last_step, "step"), stop->step);
  return "";
}

std::string other_final_digest(const RunView& run) {
  const bool digested = !run.log.states.empty();
  const std::string logged = digested ? run.log.states.rbegin()->second.root : "";
  if (run.final_digest == logged && run.status == RunStatus::finished) return "";
  if (run.final_digest.empty() && run.status != RunStatus::finished) return "";
  if (run.status != RunStatus::finished)
    return fmt::format("{}: a final digest of a run that has not finished", record_path(run));
  return fmt::format("{}: the final digest is {}, and the log's is {}", record_path(run),
                     run.final_digest.empty() ? "missing" : run.final_digest, digested ? logged : "missing");
}

// Each launch that the log comes from goes on from a boundary that it knows; the first begins at none.
std::string other_launches(const RunView& run) {
  const auto stretches = stretches_of(run);
  if (stretches.empty() || run.launches[stretches.front().launch].first_tick != 0)
    return fmt::format("{}: no launch begins at the first step", record_path(run));
  for (const Stretch& stretch : stretches) {
    const RunLaunch& launch = run.launches[stretch.launch];
    const auto state = run.log.states.find(launch.first_tick);
    const bool known = launch.first_tick == 0
                           ? launch.first_step == 0
                           : state != run.log.states.end() && state->second.step == launch.first_step;
    if (!known)
      return fmt::format("{}: launch {} begins at step {}, of which the log holds no digest", record_path(run),
                         stretch.launch, launch.first_step);
  }
  return "";
}

std::string undigested(const RunView& run) {
  if (run.log.ambiguous) return fmt::format("the log holds two digests of step {}", *run.log.ambiguous);
  if (run.log.states.empty()) return "";
  if (run.log.states.begin()->first != 0) return "the log holds no digest of the state before the first step";
  for (const auto& [tick, mark] : run.log.checkpoints) {
    const auto state = run.log.states.find(tick);
    if (state == run.log.states.end() || state->second.step != mark.step)
      return fmt::format("the log holds no digest of the checkpoint of step {}", mark.step);
  }
  return "";
}

// One that the log doesn't mark was left behind: a resume passed it over, or a kill came before its mark.
bool is_marked(const RunView& run, int64_t step) {
  const auto marks = [&](const auto& mark) { return mark.second.step == step; };
  return std::any_of(run.log.checkpoints.begin(), run.log.checkpoints.end(), marks);
}

std::string other_checkpoint(const RunView& run, const CheckpointFile& file) {
  const std::string path = file.entry.path().string();
  try {
    const Checkpoint checkpoint = read_checkpoint(file.entry);
    const auto state = run.log.states.find(checkpoint.tick);
    if (checkpoint.step != file.step) return fmt::format("{}: holds step {}", path, checkpoint.step);
    if (state == run.log.states.end() || state->second.step != checkpoint.step)
      return fmt::format("{}: the log holds no digest of step {}", path, checkpoint.step);
    if (state->second.root != state_digest(checkpoint).hex())
      return fmt::format("{}: its state is not the one that was logged at step {}", path, checkpoint.step);
    if (!state->second.run.empty() && state->second.run != run_digest(checkpoint.scalars).hex())
      return fmt::format("{}: its position or hyperparameters are not those of step {}", path, checkpoint.step);
  } catch (const Error& e) { return e.what(); }
  return "";
}

// A run that has finished keeps its last state.
std::string missing_checkpoint(const RunView& run) {
  if (run.status != RunStatus::finished || run.log.states.empty()) return "";
  for (const RunCheckpoint& checkpoint : run.checkpoints) {
    if (checkpoint.step == run.recorded_steps && is_marked(run, checkpoint.step)) return "";
  }
  return fmt::format("{} is gone", checkpoint_path(run.folder, run.recorded_steps).string());
}

std::string other_checkpoints(const RunView& run) {
  for (const CheckpointFile& file : list_checkpoints(Folder(run.folder))) {
    if (!is_marked(run, file.step)) continue;
    if (std::string what = other_checkpoint(run, file); !what.empty()) return what;
  }
  return missing_checkpoint(run);
}

// A record without a seal may be of a version that wrote events otherwise.
std::string odd_event(const RunView& run) {
  return run.seal.state == SealState::sealed ? find_odd_event(Folder(run.folder)) : "";
}

// As other programs read run.json: without fields that Stet passes over, or given twice.
std::string other_words(const RunView& run) {
  const Folder folder(run.folder);
  const std::string text = read_record_text(folder);
  const auto record = parse_record(text, folder);
  if (run.seal.state != SealState::sealed || is_of_newer_version(record)) return "";
  try {
    if (is_contained(nlohmann::json::parse(text), nlohmann::json::parse(to_json(record)))) return "";
  } catch (const nlohmann::json::exception&) {  // Protobuf takes more for JSON than others do
  }
  return fmt::format("{}: holds what its version does not write", record_path(run));
}

}  // namespace

std::vector<std::string> foreign_files(const RunView& run) {
  constexpr std::string_view own[] = {".lock", "artifacts", "checkpoints", "notes", "output.log", "run.json", "source"};
  const Folder folder(run.folder);
  std::vector<std::string> names;
  for (const std::string& name : folder.names()) {
    if (std::ranges::find(own, name) == std::end(own) && !is_segment_name(name)) names.push_back(name);
  }
  std::set<std::string> marked;
  for (const RunCheckpoint& checkpoint : run.checkpoints) {
    if (is_marked(run, checkpoint.step)) marked.insert(checkpoint.path.filename().string());
  }
  if (const auto checkpoints = find_folder(folder / "checkpoints")) {
    for (const std::string& name : checkpoints->names()) {
      if (!marked.contains(name)) names.push_back("checkpoints/" + name);
    }
  }
  return names;
}

std::string contradiction(const RunView& run) {
  for (const auto& check :
       {other_words, other_launches, other_end, other_final_digest, undigested, odd_event, other_checkpoints}) {
    if (std::string what = check(run); !what.empty()) return what;
  }
  return "";
}

}  // namespace stet::tracking
