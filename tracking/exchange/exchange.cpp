#include "stet/tracking/exchange/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/exchange/run_manifest.h"
#include "stet/tracking/keeping/arriving.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {
namespace {

using Kind = EntryStatus::Kind;

constexpr unsigned kFileMode = 0644, kProgramMode = 0555;

std::string below(const std::string& folder, const std::string& path) { return folder + "/" + path; }
std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

std::string sha256_of(Store& store, const std::string& path) {
  Sha256 hash;
  store.read(path, [&](Bytes bytes) { hash.update(bytes.data(), bytes.size()); });
  return hash.hex();
}

class Exchange {
 public:
  Exchange(Store& from, Store& to, const ExchangeOptions& options) : from_(from), to_(to), options_(options) {}

  Exchanged run(const std::vector<std::string>& names) {
    std::unique_ptr<StoreHold> hold;
    if (!options_.dry_run) hold = begin();
    for (const std::string& name : names) {
      try {
        copy(name);
      } catch (const Error& e) { done_.problems.emplace_back(e.what()); }
    }
    return std::move(done_);
  }

 private:
  std::unique_ptr<StoreHold> begin() {
    to_.make_folder(std::string(kIncomingFolder));
    try {
      return to_.hold(std::string(kIncomingFolder));
    } catch (const UsageError&) {
      raise("{}: another process copies runs to there; wait until it has ended", to_.describe(""));
    }
  }

  void copy(const std::string& name) {
    if (from_.is_held(name)) raise("run {}: is running; copy it when it has ended", name);
    const RunManifest run = read_manifest(from_, name);
    const EntryStatus there = to_.look_at(name);
    if (there.kind == Kind::none) {
      bring(run, nullptr);
      return say(name, "copied", done_.copied);
    }
    if (there.kind != Kind::folder) raise("run {}: {} is no folder", name, to_.describe(name));
    const RunManifest old = read_manifest(to_, name);
    switch (relation(run, old)) {
      case Relation::same: return refresh(run, old);
      case Relation::later: bring(run, &old); return say(name, "went on since, and was copied again", done_.updated);
      case Relation::earlier:
        ++done_.same;
        done_.remarks.push_back(
            fmt::format("run {}: went on in {}, and is left as it is there", name, to_.describe("")));
        return;
      case Relation::parted:
        raise("run {}: another of its id lies in {}, and neither goes on from the other", name, to_.describe(""));
    }
  }

  // Of a run that is there, what it should have and has not.
  void refresh(const RunManifest& run, const RunManifest& old) {
    const size_t lost = lost_files(run, old);
    if (lost == 0) {
      add_notes(run, old);
      if (!options_.dry_run) bring_programs(run);
      return;
    }
    bring(run, &old);
    done_.remarks.push_back(
        fmt::format("run {}: had lost {} file{} in {}", run.name, lost, lost == 1 ? "" : "s", to_.describe("")));
    say(run.name, "had lost files, and was copied again", done_.updated);
  }

  // How many are not there as they are here. A checkpoint that was deleted there on purpose is not lost.
  size_t lost_files(const RunManifest& run, const RunManifest& old) {
    std::map<std::string, int64_t> there;
    for (const ManifestFile& file : old.files) there[file.path] = file.size;
    std::optional<std::set<std::string>> removed;  // read where a checkpoint is gone
    return static_cast<size_t>(std::ranges::count_if(run.files, [&](const ManifestFile& file) {
      const auto found = there.find(file.path);
      if (found != there.end()) return found->second != file.size && file.path != "output.log";
      if (!file.path.starts_with("checkpoints/")) return true;
      if (!removed) removed = removed_on_purpose(old);
      return !removed->contains(file.path);
    }));
  }

  // By the acts among a run's notes.
  std::set<std::string> removed_on_purpose(const RunManifest& run) {
    std::set<std::string> removed;
    for (const ManifestFile& note : run.notes) {
      if (!is_act_name(note.path.substr(note.path.find('/') + 1))) continue;
      const std::string path = below(run.name, note.path);
      try {
        const record::Act act = parse_act(read_text(to_, path, kActLimit), to_.describe(path));
        for (const auto& file : act.removed()) removed.insert(file.path());
      } catch (const DataError&) {  // one that can't be read says nothing
      }
    }
    return removed;
  }

  void say(const std::string& name, const char* what, std::vector<std::string>& list) {
    list.push_back(name);
    if (options_.say) options_.say(fmt::format("run {}: {}{}", name, options_.dry_run ? "would be " : "", what));
  }

  // A run that is there by now, beside what is being built of it.
  void bring(const RunManifest& run, const RunManifest* old) {
    done_.remarks.insert(done_.remarks.end(), run.left_out.begin(), run.left_out.end());
    require_unaltered(from_, run.name);
    if (options_.dry_run) return;
    const std::string staging = below(std::string(kIncomingFolder), run.name + "." + run.version);
    staging_ = staging, published_ = run.name;
    stage(run, old, staging);
    bring_programs(run);
    require_unchanged(run);
    require_unaltered(to_, staging);
    publish(run, old, staging);
  }

  // Held against its seal where it lies here; a copy is, before it is a run, where it was read from elsewhere.
  static void require_unaltered(Store& store, const std::string& run) {
    if (!store.is_here()) return;
    const SealCheck seal = check_seal(Folder(Path(store.describe(run))), SealDepth::everything);
    if (seal.state == SealState::altered) raise<DataError>("run {}: {}", store.describe(run), seal.line());
  }

  // One that runs on another machine shows itself by that alone.
  void require_unchanged(const RunManifest& run) {
    if (from_.is_held(run.name) || read_manifest(from_, run.name).version != run.version)
      raise("run {}: changed while it was copied; copy it when it has ended", run.name);
  }

  void stage(const RunManifest& run, const RunManifest* old, const std::string& staging) {
    if (to_.look_at(staging).kind != Kind::none) touch(staging);
    to_.make_folder(staging);
    for (const std::string& folder : run.folders) to_.make_folder(below(staging, folder));
    if (!run.notes.empty() || (old && !old->notes.empty())) to_.make_folder(below(staging, "notes"));
    remove_others(run, old, staging);
    for (const ManifestFile& file : run.files) stage_file(from_, run.name, file, staging, old);
    for (const ManifestFile& note : run.notes) stage_file(from_, run.name, note, staging, nullptr);
    if (old) {
      for (const ManifestFile& note : old->notes) stage_file(to_, old->name, note, staging, nullptr);
    }
    if (to_.look_at(below(staging, "run.json")).kind == Kind::none)
      write_text(below(staging, "run.json"), run.record_text);
    for (const std::string& folder : run.folders) to_.sync(below(staging, folder));
    to_.sync(staging);
  }

  // What was begun long ago is no longer left over, as gc would have it.
  void touch(const std::string& staging) {
    const std::string mark = aside_of(below(staging, "mark"));
    to_.create(mark, kFileMode)->finish();
    forget(mark);
  }

  // What a copy that was cut short has left half written there, and what may have come in some other way.
  void remove_others(const RunManifest& run, const RunManifest* old, const std::string& staging) {
    std::set<std::string> wanted{"run.json", "notes"};
    const auto add = [&](const std::vector<ManifestFile>& files) {
      for (const ManifestFile& file : files) wanted.insert(file.path);
    };
    wanted.insert(run.folders.begin(), run.folders.end());
    add(run.files);
    add(run.notes);
    if (old) add(old->notes);
    std::vector<std::string> folders{""};
    folders.insert(folders.end(), run.folders.begin(), run.folders.end());
    folders.emplace_back("notes");
    for (const std::string& folder : folders) {
      for (const StoreItem& item : to_.list(folder.empty() ? staging : below(staging, folder))) {
        const std::string path = folder.empty() ? item.name : below(folder, item.name);
        if (!wanted.contains(path)) to_.remove(below(staging, path));
      }
    }
  }

  void stage_file(Store& from, const std::string& run, const ManifestFile& file, const std::string& staging,
                  const RunManifest* old) {
    const std::string target = below(staging, file.path);
    const EntryStatus there = to_.look_at(target);
    if (there.kind == Kind::file && there.size == file.size && is_same(from, below(run, file.path), file, target))
      return;
    if (there.kind != Kind::none) to_.remove(target);
    if (old && old->holds(file) && take_over(below(old->name, file.path), file, target)) return;
    copy_file(from, below(run, file.path), target, kFileMode, file.size, file.sha256);
  }

  // What was sealed in the run that is there is not sent again. False where it can't be had, or is not what it was.
  bool take_over(const std::string& path, const ManifestFile& file, const std::string& target) {
    const std::string aside = aside_of(target);
    try {
      const bool is_it = to_.duplicate(path, aside) && to_.look_at(aside).size == file.size &&
                         (!to_.is_here() || sha256_of(to_, aside) == file.sha256);
      if (is_it) to_.rename(aside, target);
      else forget(aside);
      return is_it;
    } catch (const Error&) {
      forget(aside);
      throw;
    }
  }

  // What lies elsewhere under its name was complete when it got that name.
  bool is_same(Store& from, const std::string& path, const ManifestFile& file, const std::string& target) {
    if (!to_.is_here()) return true;
    if (file.sha256.empty() && !from.is_here()) return true;
    return sha256_of(to_, target) == (file.sha256.empty() ? sha256_of(from, path) : file.sha256);
  }

  void bring_programs(const RunManifest& run) {
    if (run.programs.empty()) return;
    const std::string folder(kProgramsFolder);
    bool made = false;
    for (const std::string& program : run.programs) {
      if (brought_.contains(program)) continue;  // many runs have one program
      const std::string path = below(folder, program);
      const EntryStatus here = from_.look_at(folder).kind == Kind::folder ? from_.look_at(path) : EntryStatus{};
      if (here.kind != Kind::file) {
        done_.remarks.push_back(fmt::format("run {}: a kept program is gone, {}", run.name, from_.describe(path)));
        continue;
      }
      if (!made) to_.make_folder(folder);
      made = true;
      const EntryStatus there = to_.look_at(path);
      if (there.kind != Kind::file || there.size != here.size) {
        copy_file(from_, path, path, kProgramMode, here.size, program);
        ++done_.programs;
      }
      brought_.insert(program);
    }
    if (made) to_.sync(folder);
  }

  // Under another name until all of it is there, and what it is to be. No more is written than there was to be read.
  void copy_file(Store& from, const std::string& path, const std::string& target, unsigned mode, int64_t size,
                 const std::string& sha256) {
    const std::string aside = aside_of(target);
    try {
      Sha256 hash;
      int64_t have = 0;
      const auto file = to_.create(aside, mode);
      from.read(path, [&](Bytes bytes) {
        have += static_cast<int64_t>(bytes.size());
        if (have > size) raise<DataError>("{}: grew while it was copied, from {} bytes", from.describe(path), size);
        hash.update(bytes.data(), bytes.size());
        file->write(bytes);
        done_.bytes += static_cast<int64_t>(bytes.size());
      });
      if (have < size) raise<DataError>("{}: ended after {} of its {} bytes", from.describe(path), have, size);
      file->finish();
      const std::string read = hash.hex();
      if (!sha256.empty() && read != sha256)
        raise<DataError>("{}: is not what it was: its SHA-256 is {}, and was {}", from.describe(path), read, sha256);
      if (to_.is_here() && sha256_of(to_, aside) != read)
        raise<DataError>("{}: other bytes lie there than were written", to_.describe(aside));
      to_.rename(aside, target);
    } catch (const Error&) {
      forget(aside);
      throw;
    }
  }

  void write_text(const std::string& target, const std::string& text) {
    const std::string aside = aside_of(target);
    try {
      const auto file = to_.create(aside, kFileMode);
      file->write(as_bytes(text));
      file->finish();
      to_.rename(aside, target);
    } catch (const Error&) {
      forget(aside);
      throw;
    }
    done_.bytes += static_cast<int64_t>(text.size());
  }

  std::string aside_of(const std::string& target) {
    return below(folder_of(target), fmt::format(".new-{:08x}{:08x}", random_(), random_()));
  }

  // Another process, where there are no locks, may have made a run of the folder that it lies in.
  void forget(const std::string& path) noexcept {
    remove_if_possible(path);
    if (!staging_.empty() && path.starts_with(staging_ + "/"))
      remove_if_possible(published_ + path.substr(staging_.size()));
  }

  void remove_if_possible(const std::string& path) noexcept {
    try {
      to_.remove(path);
    } catch (const Error&) {  // the next copy removes it
    }
  }

  void publish(const RunManifest& run, const RunManifest* old, const std::string& staging) {
    std::unique_ptr<StoreHold> hold;
    if (old) {
      hold = to_.hold(run.name);
      const std::string batch = below(".trash", new_run_id());
      to_.make_folder(".trash");
      to_.make_folder(batch);
      to_.rename(run.name, below(batch, run.name));
      to_.sync(batch);
    }
    to_.rename(staging, run.name);
    to_.sync("");
    to_.sync(std::string(kIncomingFolder));
  }

  void add_notes(const RunManifest& run, const RunManifest& old) {
    ++done_.same;
    std::map<std::string, int64_t> there;
    for (const ManifestFile& note : old.notes) there[note.path] = note.size;
    for (const ManifestFile& note : run.notes) {
      const auto found = there.find(note.path);
      if (found == there.end()) add_note(run.name, note);
      else if (found->second != note.size)
        done_.remarks.push_back(fmt::format("{}: another note of its name lies in {}, and stays",
                                            from_.describe(below(run.name, note.path)), to_.describe("")));
    }
  }

  void add_note(const std::string& run, const ManifestFile& note) {
    ++done_.notes;
    if (options_.dry_run) return;
    to_.make_folder(below(run, "notes"));
    copy_file(from_, below(run, note.path), below(run, note.path), kFileMode, note.size, "");
    to_.sync(below(run, "notes"));
  }

  Store &from_, &to_;
  const ExchangeOptions& options_;
  std::string staging_, published_;  // what is being built, and the run that it becomes
  std::set<std::string> brought_;    // kept programs that are there
  std::random_device random_;
  Exchanged done_;
};

// Throws where a run is meant and has no record that could be read, as open_among does (reading/run_folders.h).
bool is_run(Store& store, const std::string& name) {
  if (store.look_at(below(name, "run.json")).kind == Kind::file) return true;
  const std::vector<StoreItem> items = store.list(name);
  if (std::ranges::any_of(items, [](const StoreItem& item) { return is_segment_name(item.name); }))
    raise<DataError>("{}: holds a log and no run.json that is a file: no record of a run", store.describe(name));
  return false;
}

}  // namespace

ChosenRuns runs_in(Store& store) {
  ChosenRuns all;
  for (const StoreItem& item : store.list("")) {
    if (item.name.starts_with('.') || item.name == kProgramsFolder) continue;
    if (item.status.kind == Kind::other)
      all.remarks.push_back(fmt::format("{}: is a link, and left alone", store.describe(item.name)));
    if (item.status.kind != Kind::folder) continue;
    try {
      if (is_run(store, item.name)) all.names.push_back(item.name);
    } catch (const Error& e) {
      if (!std::string_view(e.what()).starts_with(store.describe(item.name))) throw;  // of the connection
      all.unreadable[item.name] = e.what();
    }
  }
  return all;
}

Exchanged exchange(Store& from, Store& to, const std::vector<std::string>& runs, const ExchangeOptions& options) {
  return Exchange(from, to, options).run(runs);
}

void require_apart(const std::string& call, const Path& runs, const Path& other) {
  const Path a = std::filesystem::weakly_canonical(runs), b = std::filesystem::weakly_canonical(other);
  std::error_code none;
  if (a == b || std::filesystem::equivalent(a, b, none))
    raise("{}: {} is the folder of runs itself", call, other.string());
  const auto [rest, inside] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (rest == a.end()) raise("{}: {} lies in the folder of runs", call, other.string());
}

}  // namespace stet::tracking
