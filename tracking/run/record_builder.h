// run.json of a run that lives: what it is made from, when it changes, and how it is saved.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tensor/recorder.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/capture/source.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/run/checkpoint_policy.h"
#include "stet/tracking/run/parameters.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/run/run_flags.h"
#include "stet/tracking/run/state.h"
#include "stet/tracking/run/summaries.h"

namespace stet::tracking {

/// Throws UsageError on what is not UTF-8, and on what can be no tag.
void check(const RunDescription& description);

CheckpointPolicy policy_of(const record::RunRecord& record);

class RecordBuilder {
 public:
  /// Of a run that is resumed: its parameters stay as they are.
  void take_over(record::RunRecord recorded);
  bool taken_over() const { return taken_over_; }
  const record::RunRecord& record() const { return record_; }
  const std::string& id() const { return record_.id(); }
  /// What could not be captured of this launch, and why.
  std::vector<std::string> notes() const;

  void describe_program(const std::string& program, const RunFlags& flags, const Parameters& parameters,
                        const CheckpointPolicy& policy);
  /// What is empty stays as it was; tags are added.
  void describe(const RunDescription& description);
  /// What is tracked, and what it reports of itself; the data sets.
  void describe_state(const State& state, const Parameters& parameters);
  /// The next launch, which begins here.
  void add_launch(Instant first, Device device, const std::vector<std::string>& argv);
  /// Makes the run's folder, with the record as it is. Throws IoError.
  HeldRun make_folder(FileSystem& fs, const Path& runs);
  /// Begins to read the program's source.
  void read_source(const Path& runs);
  /// Waits for it, and keeps it for the launch; true the first time. Throws IoError.
  bool keep_source(FileSystem& fs, const Folder& run_folder);
  /// Keeps the program for the launch. Throws IoError.
  void keep_program(FileSystem& fs, const Path& runs);

  /// Of the launch's program, when it is kept.

  /// A data set was opened; the same one once more is nothing new. What earlier launches opened stays in the record.
  void add_dataset(DatasetRecord dataset);
  const std::vector<DatasetRecord>& datasets() const { return datasets_; }

  void set_summaries(const Summaries& summaries) { summaries.describe(record_); }
  /// Of this launch.
  void set_log_waits(int64_t count, double seconds);
  void set_digest_interval(int64_t steps) { record_.set_digest_interval(steps); }
  void end(record::End::Status status, int exit_code, const std::string& message, int64_t steps,
           const std::string& digest);
  /// After the end, when the last file is written. Where one can't be read, the run stays unsealed.
  void seal(const Folder& run_folder);

  /// In a child that was forked: the record is the parent's.
  void leave_to_parent();

  /// Has something been described since it was saved?
  bool changed() const { return changed_; }
  void save(FileSystem& fs, const Folder& run_folder);

 private:
  void describe_parameters(const Parameters& parameters);
  void move_places(const Parameters& parameters);
  void describe_hyperparameters(const State& state, const Parameters& parameters);
  void describe_tracked(const State& state);
  void describe_data();
  static Path working_folder();
  record::Launch& launch() { return *record_.mutable_launches(record_.launches_size() - 1); }

  record::RunRecord record_;
  std::vector<DatasetRecord> datasets_;            // of this launch
  std::vector<record::Dataset> earlier_datasets_;  // of the launches before
  bool taken_over_ = false, changed_ = false;
  std::optional<SourceCapture> source_;
  const Path start_folder_ = working_folder();  // the program may go to another
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace stet::tracking
