#include "stet/tracking/reading/index/refresh.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "stet/tracking/reading/index/index_file.h"
#include "stet/tracking/reading/index/stamp.h"
#include "stet/tracking/reading/index/store.h"
#include "stet/tracking/reading/index/threads.h"
#include "stet/tracking/reading/passing_error.h"
#include "stet/tracking/reading/run_folders.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr int kUpdatePatience = 60'000;              // milliseconds
constexpr size_t kBatch = 256;                       // runs that are read before they are written, at most,
constexpr int64_t kBatchBytes = int64_t{256} << 20;  // and bytes of their logs

// A name below the folder of runs, and what is to be done with it.
struct Candidate {
  std::string name;
  const Reading* before = nullptr;  // what the index has of it
  Freshness freshness = Freshness::changed;
  bool is_run = true;
  std::string status;     // of an open one: what it is now
  int64_t log_bytes = 0;  // where it is to be read
};

// A run that was read again.
struct Update {
  Reading reading;
  std::optional<RunFacts> facts;
};

class Refresh {
 public:
  Refresh(Database& database, const Path& runs, const Path& file, const std::string& only)
      : database_(database), store_(database), folder_(runs), file_(file), only_(only) {}

  void run() {
    const int64_t before = version();
    std::vector<Candidate> all = work();
    if (all.empty()) return;
    const UpdateLock lock(file_, kUpdatePatience);
    if (version() != before) all = work();  // less, as another process did some of it
    std::vector<Candidate> batch;
    int64_t bytes = 0;
    for (Candidate& c : all) {
      bytes += c.log_bytes;
      batch.push_back(std::move(c));
      if (batch.size() < kBatch && bytes < kBatchBytes && &c != &all.back()) continue;
      update(std::exchange(batch, {}));
      bytes = 0;
    }
  }

 private:
  // Another one where another process has written.
  int64_t version() const {
    Statement statement = database_.prepare("PRAGMA data_version");
    return statement.step() ? statement.integer(0) : 0;
  }

  // What has to be done.
  std::vector<Candidate> work() {
    readings_ = store_.readings(only_);
    std::vector<Candidate> all;
    for (std::string& name : names()) {
      const auto before = readings_.find(name);
      all.push_back(
          {std::move(name), before == readings_.end() ? nullptr : &before->second, Freshness::changed, true, {}, 0});
    }
    for_all(all.size(), 512, [&](size_t i) { look_at_one(all[i]); });
    std::vector<Candidate> wanted;
    std::set<const Reading*> gone;
    for (const auto& [name, reading] : readings_) gone.insert(&reading);
    for (Candidate& c : all) {
      gone.erase(c.before);
      if (!c.is_run && !c.before) continue;
      if (c.freshness != Freshness::same || !c.status.empty() || !c.is_run) wanted.push_back(std::move(c));
    }
    for (const Reading* reading : gone) wanted.push_back({reading->folder, reading, Freshness::changed, false, {}, 0});
    return wanted;
  }

  std::vector<std::string> names() const {
    if (!only_.empty()) return {only_};
    std::vector<std::string> names;
    for (std::string& name : folder_.names()) {
      if (!name.starts_with('.')) names.push_back(std::move(name));
    }
    return names;
  }

  void look_at_one(Candidate& c) const {
    if (!c.before) return look_at_files(c);
    c.freshness = compare(folder_.descriptor(), c.name, c.before->stamp);
    if (c.freshness == Freshness::same && !c.before->settled) c.freshness = Freshness::grown;
    if (c.freshness != Freshness::same) look_at_files(c);
    else if (!c.before->open.empty()) c.status = status_of_open(c.name);
    if (c.status == c.before->open) c.status.clear();
  }

  void look_at_files(Candidate& c) const {
    try {
      c.is_run = open_among(folder_, c.name).has_value();
    } catch (const Error&) { c.is_run = true; }  // whoever reads it hears why it can't be read
    if (c.is_run) c.log_bytes = log_bytes(stamp_of(folder_.descriptor(), c.name));
  }

  std::string status_of_open(const std::string& name) const {
    try {
      return std::string(name_of(is_held(folder_.path() / name) ? RunStatus::running : RunStatus::dead));
    } catch (const Error&) { return std::string(name_of(RunStatus::dead)); }  // it is gone meanwhile
  }

  void update(const std::vector<Candidate>& batch) {
    std::vector<LogFacts> logs(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].before && batch[i].freshness == Freshness::grown) logs[i] = store_.log(batch[i].before->key);
    }
    std::vector<std::optional<Update>> updates(batch.size());
    for_all(batch.size(), 4, [&](size_t i) {
      const Candidate& c = batch[i];
      if (c.is_run && c.status.empty()) updates[i] = read(c, std::move(logs[i]));
    });
    Transaction transaction(database_);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (updates[i]) store_.put(updates[i]->reading, updates[i]->facts ? &*updates[i]->facts : nullptr);
      else if (!batch[i].is_run) store_.remove(batch[i].name);
      else store_.set_status(batch[i].before->key, batch[i].status);
    }
    transaction.commit();
  }

  // The stamp is taken before the run is read: what changes while it is read is read again.
  std::optional<Update> read(const Candidate& c, LogFacts log) const {
    Update update;
    Reading& reading = update.reading;
    reading.folder = c.name;
    reading.read_at = now_ns();
    reading.stamp = stamp_of(folder_.descriptor(), c.name);
    reading.settled = is_settled(reading.stamp);
    try {
      const auto run = open_among(folder_, c.name);
      update.facts = read_facts(run ? *run : Folder(folder_ / c.name), std::move(log));
      if (update.facts->open) reading.open = *update.facts->field("status").get_if<std::string>();
      reading.problem = named(c.name, update.facts->problem);
      reading.settled = reading.settled && !update.facts->passing;
    } catch (const std::exception& e) {
      reading.problem = named(c.name, e.what());
      reading.settled = reading.settled && !is_passing(e);
    }
    return update;
  }

  // Some errors, as of memory, don't say of what they are.
  static std::string named(const std::string& run, const std::string& problem) {
    return problem.empty() || problem.find(run) != problem.npos ? problem : run + ": " + problem;
  }

  Database& database_;
  IndexStore store_;
  Folder folder_;
  Path file_;
  std::string only_;  // run that is looked at; empty: all
  std::map<std::string, Reading> readings_;
};

}  // namespace

void refresh(Database& database, const Path& runs, const Path& file, const std::string& only) {
  if (std::filesystem::exists(runs)) Refresh(database, runs, file, only).run();
  else if (!IndexStore(database).readings().empty()) {
    Transaction transaction(database);
    IndexStore store(database);
    for (const auto& [name, reading] : store.readings()) store.remove(name);
    transaction.commit();
  }
}

}  // namespace stet::tracking
