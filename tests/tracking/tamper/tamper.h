// Editing a run's record as an attacker would, and what its readers say of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "stet/tracking/reading/verification.h"
#include "tracking/run_harness.h"

namespace stet::tracking::tamper {

/// Runs a copy of the program `tampered` that lies in `cwd`, in no git tree.
Ended run_tampered(const Path& cwd, const Arguments& arguments);

/// Does an edit's number belong to this pass? All do where STET_EVERY_CASE is set; else one in ten does.
bool is_chosen(size_t edit);

/// What the readers of a run say of it, all in this process.
struct Readings {
  std::vector<std::string> messages;  ///< of what was thrown
  bool show_sees = false;             ///< show fails, or says that the run was altered
  bool verify_sees = false;           ///< as it stands, without running anything
  bool resume_sees = false;           ///< resume refuses, or passes a checkpoint over
  bool check_sees = false;            ///< ls --check fails, or says that it was altered
};

/// Lists, shows, compares with `original`, checks, and takes up the run. Fails the test on an exception that is none of
/// Stet's, and on a message that names no file of the run or has others' words.
Readings read_all(const Path& run, const RunView& original);

/// Is it as its seal says, by run.json and the log? False where they can't be read.
bool looks_sealed(const Path& run);

/// Did verification end in anything but `verified`? Runs the program again only where nothing speaks against it before.
bool is_refused(const Path& run);

/// The files that a seal covers, and run.json.
std::vector<Path> covered_files(const Path& run);

/// A file as it was, put back when the object goes.
class Restored {
 public:
  explicit Restored(Path file);
  ~Restored();
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  const std::string& bytes() const { return bytes_; }

 private:
  Path file_;
  std::string bytes_;
};

/// Of edits: how many were tried, seen, and harmless, printed as a row at the end.
class Tally {
 public:
  explicit Tally(std::string what) : what_(std::move(what)) {}
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  size_t tried = 0, detected = 0, harmless = 0;

 private:
  std::string what_;
};

}  // namespace stet::tracking::tamper
