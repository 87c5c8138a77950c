#include "stet/tracking/run/resume.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tensor/version.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kPosition = "stet/position", kEpochs = "stet/epochs",
                           kDigestInterval = "stet/digest_interval", kHyperparameters = "stet/hyperparameters/";

// A place of a run that was begun in another working folder.
std::string seen_from_here(const record::RunRecord& record, const std::string& place) {
  const Path path(place);
  if (place.empty() || path.is_absolute() || record.launches_size() == 0) return place;
  const Path cwd = record.launches(0).cwd();
  std::error_code none;
  return cwd == std::filesystem::current_path(none) ? place : (cwd / path).lexically_normal().string();
}

using Hyperparameters = std::map<std::string, std::string>;

Hyperparameters hyperparameters_of(const Checkpoint& checkpoint) {
  Hyperparameters found;
  for (const ScalarEntry& s : checkpoint.scalars) {
    if (!s.path.starts_with(kHyperparameters)) continue;
    found[s.path.substr(kHyperparameters.size())] =
        std::visit([](const auto& v) { return fmt::format("{}", v); }, s.value);
  }
  return found;
}

Hyperparameters hyperparameters_of(const record::RunRecord& record) {
  Hyperparameters found;
  for (const auto& h : record.hyperparameters()) {
    if (!h.execution()) found[h.path()] = h.value();
  }
  return found;
}

Hyperparameters hyperparameters_of(const std::vector<Reported>& reported) {
  Hyperparameters found;
  for (const Reported& r : reported) {
    if (!r.execution) found[r.path] = to_string(r.value);
  }
  return found;
}

// `all`: those of one side alone count too.
std::vector<std::string> differences(const Hyperparameters& before, Hyperparameters here, bool all) {
  std::vector<std::string> differ;
  for (const auto& [path, value] : before) {
    const auto it = here.find(path);
    if (it != here.end() && it->second != value)
      differ.push_back(fmt::format("{} is {} and was {}", path, it->second, value));
    if (it == here.end() && all) differ.push_back(fmt::format("{} is gone (it was {})", path, value));
    here.erase(path);
  }
  for (const auto& [path, value] : here) {
    if (all) differ.push_back(fmt::format("{} is new ({})", path, value));
  }
  return differ;
}

bool same_files(const record::Dataset& before, const DatasetRecord& now) {
  const auto same = [](const record::DataFile& a, const FileFingerprint& b) { return a.sha256() == b.sha256; };
  return std::equal(before.files().begin(), before.files().end(), now.files.begin(), now.files.end(), same);
}

// One that doesn't say what its samples are is known by its files.
template <class T> const T& value_as(const ScalarEntry& scalar) {
  if (const T* value = std::get_if<T>(&scalar.value)) return *value;
  raise<DataError>("{} is not of its type", scalar.path);
}

bool same_data(const record::Dataset& before, const DatasetRecord& now) {
  const bool unsaid = before.samples_sha256().empty() && now.samples_sha256.empty();
  return before.samples_sha256() == now.samples_sha256 && before.split_sha256() == now.digest &&
         (!unsaid || same_files(before, now));
}

// Those that the i-th data set may be.
std::vector<const record::Dataset*> candidates(const record::RunRecord& record, const DatasetRecord& now, int i) {
  std::vector<const record::Dataset*> before;
  for (const auto& data : record.data()) {
    if (data.name() == now.name) before.push_back(&data);
  }
  if (before.empty() && i < record.data_size()) before.push_back(&record.data(i));
  return before;
}

std::vector<std::string> changed_files(const record::Dataset& before, const DatasetRecord& now) {
  std::vector<std::string> changed;
  for (size_t f = 0; f < std::min(static_cast<size_t>(before.files_size()), now.files.size()); ++f) {
    if (now.files[f].sha256 != before.files(static_cast<int>(f)).sha256()) changed.push_back(now.files[f].path);
  }
  return changed;
}

void require_unaltered(const Folder& run, const record::RunRecord& record, const std::string& which) {
  const SealCheck seal = check_seal(run, SealDepth::record_and_log);
  if (seal.state == SealState::altered)
    raise("--resume {}: run {} was {}; restore what was changed", which, record.id(), seal.line());
}

void require_resumable(const Path& folder, const record::RunRecord& record, const std::string& which,
                       const std::string& program) {
  if (record.program() != program)
    raise("--resume {}: run {} was made by the program '{}', not by '{}'", which, record.id(), record.program(),
          program);
  if (!is_held(folder)) return;
  const auto holder = read_holder(folder);
  raise("--resume {}: run {} is running{}", which, record.id(),
        holder ? fmt::format(", as process {} on {}", holder->pid, holder->host) : "");
}

}  // namespace

RecordedRun open_recorded(FileSystem& fs, const Path& runs, const std::string& which, const std::string& program) {
  const Path folder = find_run(runs, which);
  record::RunRecord record = read_record(folder);
  require_resumable(folder, record, which, program);
  if (status_of(folder, record) == RunStatus::finished) {
    require_unaltered(Folder(folder), record, which);
    return {std::move(record), {}};
  }
  if (record.numerics() != numerics_version) {
    raise("--resume {}: run {} was made under version {} of the numerics contract; this program keeps version {}",
          which, record.id(), record.numerics(), numerics_version);
  }
  HeldRun held = open_run(fs, folder);
  require_unaltered(held.folder, record, which);
  record = read_record(folder);
  // By a process that held it a moment ago.
  if (status_of(folder, record) == RunStatus::finished) return {std::move(record), {}};
  return {std::move(record), std::move(held)};
}

std::map<std::string, Recorded> recorded_parameters(const record::RunRecord& record) {
  std::map<std::string, Recorded> values{{"seed", {std::to_string(record.seed()), false}}};
  for (const auto& p : record.params())
    values[p.name()] = {p.value(), false, p.masked(), p.source() == record::Param::DEFAULT};
  for (const auto& p : record.places())
    values[p.name()] = {seen_from_here(record, p.value()), true, p.masked(), p.source() == record::Param::DEFAULT};
  if (record.allow_nan()) values["allow-nan"] = {"true", true};
  return values;
}

std::vector<ScalarEntry> to_scalars(const RunScalars& run, const std::vector<Reported>& reported) {
  std::vector<ScalarEntry> scalars{{std::string(kPosition), run.position},
                                   {std::string(kEpochs), run.epochs},
                                   {std::string(kDigestInterval), run.digest_interval}};
  for (const Reported& r : reported) {
    if (r.execution) continue;
    const auto store = [&](const auto& value) { scalars.push_back({std::string(kHyperparameters) + r.path, value}); };
    std::visit(store, r.value);
  }
  return scalars;
}

RunScalars run_scalars_of(const Checkpoint& checkpoint) {
  RunScalars run;
  for (const ScalarEntry& s : checkpoint.scalars) {
    if (s.path == kPosition) run.position = value_as<std::string>(s);
    if (s.path == kEpochs) run.epochs = value_as<int64_t>(s);
    if (s.path == kDigestInterval) run.digest_interval = value_as<int64_t>(s);
  }
  return run;
}

void require_same_hyperparameters(const record::RunRecord& record, const Checkpoint* checkpoint,
                                  const std::vector<Reported>& now) {
  const Hyperparameters before = checkpoint ? hyperparameters_of(*checkpoint) : hyperparameters_of(record);
  const auto differ = differences(before, hyperparameters_of(now), checkpoint != nullptr);
  if (differ.empty()) return;
  constexpr size_t most = 5;
  std::vector<std::string> first = differ;
  first.resize(std::min(differ.size(), most));
  raise("resume: hyperparameters are not those of run {}: {}{}; start a new run to change them", record.id(),
        fmt::join(first, ", "), differ.size() > most ? fmt::format(" and {} more", differ.size() - most) : "");
}

void require_same_data(const record::RunRecord& record, const std::vector<DatasetRecord>& now) {
  for (size_t i = 0; i < now.size(); ++i) {
    const auto before = candidates(record, now[i], static_cast<int>(i));
    const auto same = [&](const auto* data) { return same_data(*data, now[i]); };
    if (before.empty() || std::any_of(before.begin(), before.end(), same)) continue;
    const auto files = changed_files(*before.front(), now[i]);
    raise("resume: the data set {} is not what run {} was begun with{}{}", before.front()->name(), record.id(),
          files.empty() ? "" : "; changed: ", fmt::join(files, ", "));
  }
}

}  // namespace stet::tracking
