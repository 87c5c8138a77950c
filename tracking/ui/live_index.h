// The index of a folder of runs while pages look at it: brought up to date in the background as long as somebody asks,
// and what changed from one moment to the next.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "stet/tracking/reading/run_index.h"

namespace stet::tracking::ui {

/// How many runs there are.
struct RunCounts {
  int64_t total = 0, running = 0, failed = 0, stalled = 0;
};

/// What is known of a run that runs.
struct RunLife {
  bool is_stalled = false;     ///< silent for ten of its usual intervals
  std::optional<double> left;  ///< seconds, as the program said last
  bool operator==(const RunLife&) const = default;
};

/// What changed since a cursor.
struct Changes {
  std::string cursor;
  bool all = false;                           ///< too much to say
  std::vector<std::string> changed, removed;  ///< ids
};

class LiveIndex {
 public:
  /// Throws IoError where the folder is there and can't be listed.
  explicit LiveIndex(std::filesystem::path runs);
  ~LiveIndex();
  LiveIndex(const LiveIndex&) = delete;
  LiveIndex& operator=(const LiveIndex&) = delete;

  /// An index of this generation that no other thread uses meanwhile.
  class Lease {
   public:
    ~Lease();
    Lease(Lease&&) noexcept = default;
    RunIndex& operator*() const { return *index_; }
    RunIndex* operator->() const { return index_.get(); }
    uint64_t generation() const { return generation_; }

   private:
    friend class LiveIndex;
    Lease(LiveIndex& owner, std::unique_ptr<RunIndex> index, uint64_t generation)
        : owner_(&owner), index_(std::move(index)), generation_(generation) {}
    LiveIndex* owner_;
    std::unique_ptr<RunIndex> index_;
    uint64_t generation_;
  };
  Lease lease();

  /// Somebody looks: the index is kept up to date for a while. While it is read for the first time, what has come by
  /// now is shown.
  void touch();
  /// Reads what changed now, and returns when that is done: after an act.
  void refresh_now();

  const std::filesystem::path& runs() const { return runs_; }
  uint64_t generation() const { return generation_; }
  /// Tells this process's generations from those of another.
  const std::string& instance() const { return instance_; }
  bool is_reading() const { return reading_first_; }  ///< for the first time
  std::string cursor() const;
  Changes since(const std::string& cursor) const;
  RunCounts counts() const;
  std::map<std::string, RunLife> live() const;  ///< by id

 private:
  struct Step {
    uint64_t generation;
    std::vector<std::string> changed, removed;
  };
  // How far a run that runs had come, and when that was seen to change.
  struct Heard {
    int64_t progress = -1;
    double at = 0;
  };

  void work();
  double refresh();
  void note_changes(RunIndex& index);
  RunLife life_of(RunIndex& index, const IndexedRun& run);
  std::map<std::string, RunLife> live_runs(RunIndex& index, const std::map<std::string, RunVersion>& versions);
  void give_back(std::unique_ptr<RunIndex> index, uint64_t generation);

  const std::filesystem::path runs_;
  const bool in_memory_;
  const std::string instance_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<bool> reading_first_{true};

  std::mutex refreshing_;               // held by who does
  std::mutex noting_;                   // held by who notes what changed
  std::map<std::string, Heard> heard_;  // by id; of who notes

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_, returned_;
  std::vector<std::unique_ptr<RunIndex>> idle_;  // of this generation
  std::unique_ptr<RunIndex> only_;               // where the index is in memory
  std::map<std::string, RunVersion> versions_;   // by folder
  std::map<std::string, RunLife> live_;
  std::deque<Step> history_;
  double touched_ = -1e9;  // seconds of a steady clock
  double noted_ = -1e9;    // when changes were noted last
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace stet::tracking::ui
