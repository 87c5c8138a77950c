#include "stet/tracking/record/seal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kSealedFolders[] = {"artifacts", "checkpoints", "source"};
constexpr std::string_view kCheckpoints = "checkpoints/";
constexpr size_t kDigits = 64;

using Entries = std::map<std::string, Entry>;  // by their paths below the run's folder

void add_below(Entries& entries, const Folder& folder, const std::string& path) {
  for (const std::string& name : folder.names()) {
    const Entry entry = folder / name;
    if (look_at(entry).kind == EntryStatus::Kind::folder) add_below(entries, Folder(entry), path + name + "/");
    else entries.emplace(path + name, entry);
  }
}

Entries sealed_entries(const Folder& run, SealDepth depth) {
  Entries entries;
  for (const std::string& name : run.names()) {
    if (is_segment_name(name)) entries.emplace(name, run / name);
  }
  if (depth == SealDepth::record_and_log) return entries;
  for (const std::string_view name : kSealedFolders) {
    const Entry entry = run / name;
    switch (look_at(entry).kind) {
      case EntryStatus::Kind::none: break;
      case EntryStatus::Kind::folder: add_below(entries, Folder(entry), std::string(name) + "/"); break;
      default: entries.emplace(name, entry);  // a link where a folder was
    }
  }
  return entries;
}

const record::Seal* seal_of(const record::RunRecord& record) {
  if (record.launches_size() == 0) return nullptr;
  const auto& end = record.launches(record.launches_size() - 1).end();
  return end.has_seal() ? &end.seal() : nullptr;
}

// The newest of launches before the last one.
const record::Seal* earlier_seal_of(const record::RunRecord& record) {
  for (int i = record.launches_size() - 2; i >= 0; --i) {
    if (record.launches(i).end().has_seal()) return &record.launches(i).end().seal();
  }
  return nullptr;
}

// No launch changes what was there of these before it; checkpoints it writes and deletes.
bool outlasts_launches(const record::SealedFile& file) { return !file.path().starts_with(kCheckpoints); }

bool is_open(const record::RunRecord& record) {
  return record.launches_size() == 0 || !record.launches(record.launches_size() - 1).has_end();
}

// Is the stated SHA-256 that of run.json with these digits as zeros? They stand there once: nothing else has that
// value.
bool is_of(std::string text, const std::string& stated) {
  const size_t at = stated.size() == kDigits ? text.rfind(stated) : std::string::npos;
  return at != std::string::npos && sha256_hex(text.replace(at, kDigits, kDigits, '0')) == stated;
}

// Empty, or how the file differs.
std::string difference(const record::SealedFile& sealed, const Entry& entry) {
  const EntryStatus status = look_at(entry);
  if (status.kind != EntryStatus::Kind::file) return "is not a file";
  if (status.size != sealed.size()) return fmt::format("has {} bytes and had {}", status.size, sealed.size());
  return sha256_file(entry) == sealed.sha256() ? "" : "has other bytes";
}

// Those that acts say were deleted, each as it was.
std::map<std::string, std::string> removals(const Folder& run) {
  std::map<std::string, std::string> removed;
  const Acts acts = read_acts(run);
  for (const record::Act& act : acts.acts) {
    for (const auto& file : act.removed()) {
      if (file.path().starts_with(kCheckpoints)) removed[file.path()] = file.sha256();
    }
  }
  return removed;
}

// Adds to the check how the files that are there differ from those that the seal lists.
void hold_against(SealCheck& check, const record::Seal& seal, const Folder& run, SealDepth depth) {
  Entries entries = sealed_entries(run, depth);
  std::optional<std::map<std::string, std::string>> removed;  // read where something is gone
  for (const auto& sealed : seal.files()) {
    if (depth == SealDepth::record_and_log && !is_segment_name(sealed.path())) continue;
    const auto entry = entries.find(sealed.path());
    if (entry == entries.end()) {
      if (!removed) removed = removals(run);
      const auto on_purpose = removed->find(sealed.path());
      if (on_purpose != removed->end() && on_purpose->second == sealed.sha256()) check.removed.push_back(sealed.path());
      else check.altered.push_back(sealed.path() + " is gone");
      continue;
    }
    const std::string how = difference(sealed, entry->second);
    if (!how.empty()) check.altered.push_back(sealed.path() + " " + how);
    entries.erase(entry);
  }
  for (const auto& [path, entry] : entries) check.altered.push_back(path + " was not there");
}

// Adds how what the last launch began with differs from what the one before it left.
void hold_against_earlier(SealCheck& check, const record::Seal& earlier, const Folder& run, SealDepth depth) {
  const Entries entries = sealed_entries(run, depth);
  for (const auto& sealed : earlier.files()) {
    if (!outlasts_launches(sealed) || (depth == SealDepth::record_and_log && !is_segment_name(sealed.path()))) continue;
    const auto entry = entries.find(sealed.path());
    const std::string how = entry == entries.end() ? "is gone" : difference(sealed, entry->second);
    if (!how.empty()) check.altered.push_back(sealed.path() + " " + how);
  }
}

// A segment stays as a launch left it, so that all seals that list it say the same of it.
void hold_against_one_another(SealCheck& check, const record::RunRecord& record) {
  std::map<std::string, std::string> segments;
  for (int i = record.launches_size(); i-- > 0;) {
    for (const auto& file : record.launches(i).end().seal().files()) {
      if (!is_segment_name(file.path())) continue;
      const auto [later, is_new] = segments.emplace(file.path(), file.sha256());
      if (!is_new && later->second != file.sha256())
        check.altered.push_back(fmt::format("{} is not the one that launch {} left", file.path(), i));
    }
  }
}

bool ends_with_stop(const Folder& run) {
  bool stopped = false;
  try {
    EventReader reader(run);
    for (record::Event event; reader.next(event);) stopped = event.session_log().status() == record::SessionLog::STOP;
  } catch (const DataError&) { return false; }  // who reads the log names its damage
  return stopped;
}

}  // namespace

std::string_view name_of(SealState state) {
  switch (state) {
    case SealState::open: return "open";
    case SealState::unsealed: return "unsealed";
    case SealState::sealed: return "sealed";
    case SealState::altered: return "altered";
  }
  return "?";
}

std::string SealCheck::line() const {
  if (state == SealState::altered) return fmt::format("altered since it ended: {}", fmt::join(altered, ", "));
  if (stopped_log) return "unsealed: the log holds the run's end and run.json does not, as after a power cut";
  if (state != SealState::sealed) return "unsealed";
  if (removed.empty()) return "sealed";
  return fmt::format("sealed, without {} that {} deleted since, as its notes say",
                     removed.size() == 1 ? "a checkpoint" : fmt::format("{} checkpoints", removed.size()),
                     removed.size() == 1 ? "was" : "were");
}

void seal_files(record::RunRecord& record, const Folder& run) {
  auto* seal = record.mutable_launches(record.launches_size() - 1)->mutable_end()->mutable_seal();
  seal->clear_files();
  std::map<std::string, record::SealedFile> files;
  // What was changed between two launches is not sealed as if it had been so.
  if (const record::Seal* earlier = earlier_seal_of(record)) {
    for (const auto& file : earlier->files()) {
      if (outlasts_launches(file)) files[file.path()] = file;
    }
  }
  for (const auto& [path, entry] : sealed_entries(run, SealDepth::everything)) {
    if (files.contains(path)) continue;
    if (look_at(entry).kind != EntryStatus::Kind::file) continue;  // a link, which Stet never makes
    record::SealedFile& file = files[path];
    file.set_path(path);
    file.set_size(look_at(entry).size);
    file.set_sha256(sha256_file(entry));
  }
  for (auto& [path, file] : files) *seal->add_files() = std::move(file);
}

std::string to_sealed_json(record::RunRecord record) {
  if (seal_of(record) == nullptr) return to_json(record);
  auto* seal = record.mutable_launches(record.launches_size() - 1)->mutable_end()->mutable_seal();
  const std::string zeros(kDigits, '0'), field = R"("record_sha256": ")";  // no text holds it: quotes are escaped there
  seal->set_record_sha256(zeros);
  std::string text = to_json(record);
  const size_t at = text.rfind(field + zeros) + field.size();
  return text.replace(at, kDigits, sha256_hex(text));
}

bool is_as_sealed(const Folder& run, const Entry& file) {
  const record::RunRecord record = read_record(run);
  const record::Seal* seal = seal_of(record);
  if (seal == nullptr) return true;
  const std::string path = file.path().lexically_relative(run.path()).string();
  for (const auto& sealed : seal->files()) {
    if (sealed.path() == path) return difference(sealed, file).empty();
  }
  return false;
}

SealCheck check_seal(const Folder& run, SealDepth depth, std::optional<bool> stopped) {
  const std::string text = read_record_text(run);
  const record::RunRecord record = parse_record(text, run);
  SealCheck check;
  if (const record::Seal* seal = seal_of(record)) {
    if (!is_of(text, seal->record_sha256())) check.altered.push_back("run.json has other bytes");
    hold_against(check, *seal, run, depth);
    hold_against_one_another(check, record);
    check.state = check.altered.empty() ? SealState::sealed : SealState::altered;
    return check;
  }
  check.state = is_open(record) ? SealState::open : SealState::unsealed;
  if (holds_foreign_fields(text, record))
    check.altered.push_back("run.json holds a field that its version does not write");
  if (const record::Seal* earlier = earlier_seal_of(record)) hold_against_earlier(check, *earlier, run, depth);
  hold_against_one_another(check, record);
  if (!check.altered.empty()) check.state = SealState::altered;
  check.stopped_log = check.state == SealState::open && (stopped ? *stopped : ends_with_stop(run));
  return check;
}

}  // namespace stet::tracking
