#include "stet/tracking/exchange/run_manifest.h"

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

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

constexpr std::string_view kFolders[] = {"artifacts", "checkpoints", "source"};
constexpr int kDeepest = 16;
constexpr size_t kMostItems = 500'000, kMostPathBytes = size_t{64} << 20, kLongestName = 255;

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
    for (const StoreItem& item : list("")) {
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

  // What a store says of a folder. It may be another machine's, which has no bounds of its own.
  std::vector<StoreItem> list(const std::string& folder) {
    std::vector<StoreItem> items = store_.list(folder.empty() ? manifest_.name : below(folder));
    items_ += items.size();
    for (const StoreItem& item : items) {
      path_bytes_ += folder.size() + item.name.size();
      if (item.name.size() > kLongestName) refuse(folder, "has a longer name in it than files have");
    }
    if (items_ > kMostItems || path_bytes_ > kMostPathBytes) refuse(folder, "is more than a run holds");
    return items;
  }

  [[noreturn]] void refuse(const std::string& folder, const char* why) const {
    raise<DataError>("{}: {}", store_.describe(folder.empty() ? manifest_.name : below(folder)), why);
  }

  ManifestFile file(const std::string& path, int64_t size) const {
    const auto sealed = sealed_.find(path);
    return {path, size, sealed == sealed_.end() ? "" : sealed->second};
  }

  void add_below(const std::string& folder, int depth) {
    if (depth > kDeepest) refuse(folder, "is deeper than a run is");
    manifest_.folders.push_back(folder);
    for (const StoreItem& item : list(folder)) {
      const std::string path = folder + "/" + item.name;
      if (item.name.starts_with(".new-")) continue;
      if (item.status.kind == Kind::folder) add_below(path, depth + 1);
      else if (item.status.kind == Kind::file) manifest_.files.push_back(file(path, item.status.size));
      else leave_out(path, item.status.kind);
    }
  }

  void add_notes() {
    for (const StoreItem& item : list("notes")) {
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
  size_t items_ = 0, path_bytes_ = 0;
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

using google::protobuf::util::MessageDifferencer;

// Did both run on from one beginning? Nothing of it changes when a run goes on.
bool have_one_beginning(const record::RunRecord& a, const record::RunRecord& b) {
  const auto same = [](const auto& x, const auto& y) { return MessageDifferencer::Equals(x, y); };
  return a.id() == b.id() && a.program() == b.program() && a.created() == b.created() && a.seed() == b.seed() &&
         a.numerics() == b.numerics() &&
         std::equal(a.params().begin(), a.params().end(), b.params().begin(), b.params().end(), same);
}

// The last launch of a run may have gone on in the other.
bool is_same_launch(const record::Launch& a, const record::Launch& b, bool may_have_gone_on) {
  if (may_have_gone_on) return a.started() == b.started() && a.first_tick() == b.first_tick();
  return MessageDifferencer::Equals(a, b);
}

bool goes_on_no_more(const record::RunRecord& record) {
  return record.launches_size() > 0 &&
         record.launches(record.launches_size() - 1).end().status() == record::End::FINISHED;
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
  if (!have_one_beginning(*run.record, *other.record)) return Relation::parted;
  const int launches = run.record->launches_size(), others = other.record->launches_size();
  const record::RunRecord& shorter = launches < others ? *run.record : *other.record;
  const int common = std::min(launches, others);
  for (int i = 0; i < common; ++i) {
    const bool is_last = i + 1 == common;
    if (!is_same_launch(run.record->launches(i), other.record->launches(i),
                        is_last && (launches == others || !shorter.launches(i).has_end())))
      return Relation::parted;
  }
  if (launches != others && goes_on_no_more(shorter)) return Relation::parted;
  if (launches != others) return launches > others ? Relation::later : Relation::earlier;
  if (launches == 0) return by_log(run, other);
  const record::Launch &a = run.record->launches(launches - 1), &b = other.record->launches(launches - 1);
  if (a.has_end() != b.has_end()) return a.has_end() ? Relation::later : Relation::earlier;
  if (!a.has_end()) return by_log(run, other);
  return run.record_text == other.record_text ? Relation::same : Relation::parted;
}

}  // namespace stet::tracking
