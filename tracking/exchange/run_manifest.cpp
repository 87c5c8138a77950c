#include "stet/tracking/exchange/run_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr int64_t kRecordLimit = int64_t{64} << 20;
constexpr std::string_view kFolders[] = {"artifacts", "checkpoints", "source"};
constexpr int kDeepest = 16;

using Kind = EntryStatus::Kind;
using Sealed = std::map<std::string, std::string>;

Sealed sealed_files(const record::RunRecord& record) {
  Sealed sealed;
  if (record.launches_size() == 0) return sealed;
  for (const auto& file : record.launches(record.launches_size() - 1).end().seal().files())
    sealed[file.path()] = file.sha256();
  return sealed;
}

class ManifestReader {
 public:
  ManifestReader(Store& store, RunManifest& manifest) : store_(store), manifest_(manifest) {}

  void read() {
    sealed_ = sealed_files(*manifest_.record);
    std::vector<ManifestFile> log;
    for (const StoreItem& item : store_.list(manifest_.name)) {
      const bool is_file = item.status.kind == Kind::file;
      if (is_passed_over(item.name)) continue;
      if (item.name == "notes" && item.status.kind == Kind::folder) add_notes();
      else if (item.status.kind == Kind::folder && std::ranges::find(kFolders, item.name) != std::end(kFolders))
        add_below(item.name, 1);
      else if (is_file && is_segment_name(item.name)) log.push_back(file(item.name, item.status.size));
      else if (is_file && item.name == "output.log") manifest_.files.push_back(file(item.name, item.status.size));
      else leave_out(item.name, item.status.kind);
    }
    manifest_.files.insert(manifest_.files.end(), log.begin(), log.end());
  }

 private:
  // The record, which is there already, the lock, and what was being written.
  static bool is_passed_over(const std::string& name) {
    return name == "run.json" || name == ".lock" || name.starts_with(".new-");
  }

  ManifestFile file(const std::string& path, int64_t size) const {
    const auto sealed = sealed_.find(path);
    return {path, size, sealed == sealed_.end() ? "" : sealed->second};
  }

  void add_below(const std::string& folder, int depth) {
    if (depth > kDeepest) raise<DataError>("{}: is deeper than a run is", store_.describe(below(folder)));
    manifest_.folders.push_back(folder);
    for (const StoreItem& item : store_.list(below(folder))) {
      const std::string path = folder + "/" + item.name;
      if (item.name.starts_with(".new-")) continue;
      if (item.status.kind == Kind::folder) add_below(path, depth + 1);
      else if (item.status.kind == Kind::file) manifest_.files.push_back(file(path, item.status.size));
      else leave_out(path, item.status.kind);
    }
  }

  void add_notes() {
    for (const StoreItem& item : store_.list(below("notes"))) {
      const std::string path = "notes/" + item.name;
      if (item.name.starts_with(".new-")) continue;
      if (item.status.kind == Kind::file) manifest_.notes.push_back({path, item.status.size, ""});
      else leave_out(path, item.status.kind);
    }
  }

  void leave_out(const std::string& path, Kind kind) {
    const char* what = kind == Kind::other    ? "a link or no file"
                       : kind == Kind::folder ? "a folder that no run has"
                                              : "a file that no run has";
    manifest_.left_out.push_back(fmt::format("{}: {}, left out", store_.describe(below(path)), what));
  }

  std::string below(const std::string& path) const { return manifest_.name + "/" + path; }

  Store& store_;
  RunManifest& manifest_;
  Sealed sealed_;
};

std::string version_of(const RunManifest& manifest) {
  Sha256 hash;
  hash.update(manifest.record_text);
  for (const ManifestFile& file : manifest.files) hash.update(fmt::format("\n{} {}", file.size, file.path));
  return hash.hex().substr(0, 16);
}

Relation by_log(const RunManifest& run, const RunManifest& other) {
  const int64_t a = run.log_bytes(), b = other.log_bytes();
  return a == b ? Relation::same : a > b ? Relation::later : Relation::earlier;
}

}  // namespace

int64_t RunManifest::log_bytes() const {
  int64_t bytes = 0;
  for (const ManifestFile& file : files) {
    if (is_segment_name(file.path)) bytes += file.size;
  }
  return bytes;
}

bool RunManifest::holds(const ManifestFile& file) const {
  return !file.sha256.empty() && std::ranges::any_of(files, [&](const ManifestFile& other) {
    return other.path == file.path && other.size == file.size && other.sha256 == file.sha256;
  });
}

RunManifest read_manifest(Store& store, const std::string& run) {
  RunManifest manifest;
  manifest.name = run;
  manifest.record_text = read_text(store, run + "/run.json", kRecordLimit);
  manifest.record =
      std::make_shared<record::RunRecord>(parse_record(manifest.record_text, store.describe(run + "/run.json")));
  manifest.programs = kept_files(*manifest.record);
  ManifestReader(store, manifest).read();
  manifest.version = version_of(manifest);
  return manifest;
}

Relation relation(const RunManifest& run, const RunManifest& other) {
  if (run.record->id() != other.record->id()) return Relation::parted;
  const int launches = run.record->launches_size(), others = other.record->launches_size();
  for (int i = 0; i < std::min(launches, others); ++i) {
    const record::Launch &a = run.record->launches(i), &b = other.record->launches(i);
    if (a.started() != b.started() || a.first_tick() != b.first_tick()) return Relation::parted;
  }
  if (launches != others) return launches > others ? Relation::later : Relation::earlier;
  if (launches == 0) return by_log(run, other);
  const record::Launch &a = run.record->launches(launches - 1), &b = other.record->launches(launches - 1);
  if (a.has_end() != b.has_end()) return a.has_end() ? Relation::later : Relation::earlier;
  if (!a.has_end()) return by_log(run, other);
  return run.record_text == other.record_text ? Relation::same : Relation::parted;
}

}  // namespace stet::tracking
