#include "stet/tracking/record/run_folder.h"

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "stet/tensor/error.h"
#include "stet/tensor/version.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/json_bounds.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kRecordName = "run.json";
constexpr int kMostLaunches = 20'000, kMostNames = 100'000;

bool is_run(const Path& folder) {
  try {
    return is_file(Folder(folder) / kRecordName);
  } catch (const IoError&) { return false; }  // no folder, or one that this process may not read
}

// Everything of a new run, in a folder that no reader takes for a run yet.
RunLock build(FileSystem& fs, const Folder& folder, const record::RunRecord& record) {
  fs.make_directory(folder / "checkpoints");
  RunLock lock(fs, folder);
  write_file(fs, folder / kRecordName, as_bytes(to_json(record)));
  fs.sync_directory(folder);
  return lock;
}

google::protobuf::util::Status parse_json(const std::string& text, record::RunRecord& record,
                                          bool ignore_unknown_fields) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = ignore_unknown_fields;
  const google::protobuf::LogSilencer mute;
  return google::protobuf::util::JsonStringToMessage(text, &record, options);
}

// Of "1.10.2".
std::vector<int> numbers_of(const std::string& version_text) {
  std::vector<int> numbers;
  std::istringstream in(version_text);
  for (int n = 0; in >> n; in.ignore(1)) numbers.push_back(n);
  return numbers;
}

bool is_newer(const std::string& other) { return numbers_of(other) > numbers_of(version); }

std::optional<Path> find_newest_named(const std::vector<Path>& folders, const std::string& name) {
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    try {
      const Folder run(*folder);
      if (present_name(run, read_record(run)) == name) return *folder;
    } catch (const DataError&) {  // another run's broken record is no reason to refuse this one
    }
  }
  return {};
}

// Of the form that new_run_id() gives.
bool is_run_id(std::string_view name) {
  constexpr std::string_view kForm = "00000000-000000-000xxxx";
  return name.size() == kForm.size() && std::equal(name.begin(), name.end(), kForm.begin(), [](char c, char form) {
           const bool digit = c >= '0' && c <= '9';
           return form == '-' ? c == '-' : digit || (form == 'x' && c >= 'a' && c <= 'f');
         });
}

// The newest few.
std::string list_ids(const std::vector<Path>& folders) {
  constexpr size_t most = 5;
  std::string text = folders.size() > most ? "the newest are " : "";
  for (size_t i = folders.size() > most ? folders.size() - most : 0; i < folders.size(); ++i)
    text += folders[i].filename().string() + (i + 1 < folders.size() ? ", " : "");
  return text;
}

}  // namespace

std::string new_run_id() {
  // A machine whose clock stands before 1970 is taken to be there.
  const auto now = std::max(std::chrono::system_clock::now().time_since_epoch(), {});
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{:03}{:04x}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds % 1000, std::random_device()() & 0xFFFFu);
}

HeldRun create_run(FileSystem& fs, const Path& runs_path, record::RunRecord& record) {
  std::optional<Entry> ours;  // what another process made under the same id is not
  try {
    const Folder runs = make_directories(fs, runs_path);
    remove_dead_beginnings(fs, runs);
    record.set_id(new_run_id());
    record.set_created(unix_time());
    const Entry aside = runs / (".new-" + record.id()), run = runs / record.id();
    if (!fs.make_directory(aside)) raise_io(aside.path(), "make the folder", EEXIST);
    ours = aside;
    const Folder folder(aside);
    RunLock lock = build(fs, folder, record);
    fs.rename(aside, run);
    ours = run;
    fs.sync_directory(runs);
    return {folder.known_as(run.path()), std::move(lock)};
  } catch (const IoError& error) {
    if (ours) discard(*ours);
    throw IoError(fmt::format("runs folder {}: can't be written: {}; name another with --runs", runs_path.string(),
                              std::strerror(error.code)),
                  error.code);
  }
}

HeldRun open_run(FileSystem& fs, const Folder& folder) {
  HeldRun run{folder, RunLock(fs, folder)};
  remove_leftovers(fs, folder);
  if (const auto checkpoints = find_folder(folder / "checkpoints")) remove_leftovers(fs, *checkpoints);
  return run;
}

void remove_leftovers(FileSystem& fs, const Folder& folder) {
  for (const std::string& name : folder.names()) {
    if (name.starts_with(".new-")) remove_all(fs, folder / name);
  }
}

std::vector<Path> list_runs(const Path& runs) {
  std::vector<Path> folders;
  if (!std::filesystem::exists(runs)) return folders;
  for (const std::string& name : Folder(runs).names()) {
    if (!name.starts_with('.') && is_run(runs / name)) folders.push_back(runs / name);
  }
  return folders;
}

Path find_run(const Path& runs, const std::string& which, const NewestNamed& newest_named) {
  if (which.empty())
    raise("runs folder {}: a run is named by an id, a unique prefix, a name, or `latest`", runs.string());
  if (which.find('/') != std::string::npos || which == "." || which == "..") {
    if (is_run(which)) return std::filesystem::canonical(which);  // its programs lie beside where it really is
    std::error_code none;
    // A name may be longer than a path can be.
    if (std::filesystem::exists(which, none)) raise("run '{}': there is no run.json in it", which);
    if (const auto named = newest_named ? newest_named(which) : find_newest_named(list_runs(runs), which))
      return *named;
    raise("run '{}': no such folder, and no run of that name; `stet ls` lists them", which);
  }
  auto folders = list_runs(runs);
  if (which == "latest") {
    if (folders.empty()) raise("runs folder {}: holds no run yet", runs.string());
    // A folder of another name may be a copy of an older run.
    const auto newest = std::find_if(folders.rbegin(), folders.rend(),
                                     [](const Path& folder) { return is_run_id(folder.filename().string()); });
    return newest == folders.rend() ? folders.back() : *newest;
  }
  std::vector<Path> matches;
  for (const Path& folder : folders) {
    if (folder.filename() == which) return folder;
    if (folder.filename().string().starts_with(which)) matches.push_back(folder);
  }
  if (matches.size() == 1) return matches.front();
  if (const auto named = newest_named ? newest_named(which) : find_newest_named(folders, which)) return *named;
  if (matches.empty()) raise("runs folder {}: no run '{}'; `stet ls` lists them", runs.string(), which);
  raise("run '{}': fits {} runs ({}); give more of the id", which, matches.size(), list_ids(matches));
}

std::string read_record_text(const Folder& folder) { return read_file(folder / kRecordName, kRecordLimit); }

record::RunRecord parse_record(const std::string& text, const Folder& folder) {
  return parse_record(text, (folder / kRecordName).path().string());
}

record::RunRecord parse_record(const std::string& text, const std::string& name) {
  if (!is_within_bounds(text)) raise<DataError>("{}: no run record: it holds more than a run's record does", name);
  record::RunRecord record;
  const bool parsed = parse_json(text, record, /*ignore_unknown_fields=*/true).ok();  // a newer version's has some
  const int names = record.params_size() + record.places_size() + record.tags_size();
  if (parsed && (record.launches_size() > kMostLaunches || names > kMostNames))
    raise<DataError>("{}: no run record: it has more launches, parameters or tags than a run has", name);
  if (parsed) return record;
  raise<DataError>("{}: no run record: {}", name,
                   nlohmann::json::accept(text) ? "a field is not of its type, or nested too deep"
                                                : "it is no JSON; restore the file");
}

bool is_of_newer_version(const record::RunRecord& record) { return is_newer(record.stet_version()); }

bool holds_foreign_fields(const std::string& text, const record::RunRecord& record) {
  record::RunRecord again;
  return !is_newer(record.stet_version()) && !parse_json(text, again, /*ignore_unknown_fields=*/false).ok();
}

record::RunRecord read_record(const Folder& folder) { return parse_record(read_record_text(folder), folder); }

void write_record(FileSystem& fs, const Folder& folder, const record::RunRecord& record) {
  replace_file(fs, folder / kRecordName, as_bytes(to_sealed_json(record)));
}

std::string to_json(const record::RunRecord& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  auto status = google::protobuf::util::MessageToJsonString(record, &text, options);
  if (!status.ok()) raise<Error>("run record {}: can't be written as JSON: {}", record.id(), status.ToString());
  return text;
}

std::string_view name_of(RunStatus status) {
  switch (status) {
    case RunStatus::running: return "running";
    case RunStatus::finished: return "finished";
    case RunStatus::failed: return "failed";
    case RunStatus::interrupted: return "interrupted";
    case RunStatus::dead: return "dead";
  }
  return "?";
}

RunStatus status_of(const Folder& folder, const record::RunRecord& record) {
  if (record.launches_size() > 0) {
    switch (record.launches(record.launches_size() - 1).end().status()) {
      case record::End::FINISHED: return RunStatus::finished;
      case record::End::FAILED: return RunStatus::failed;
      case record::End::INTERRUPTED: return RunStatus::interrupted;
      default: break;
    }
  }
  return is_held(folder) ? RunStatus::running : RunStatus::dead;
}

}  // namespace stet::tracking
