// Copying runs from one folder of runs to another, also on another machine.
//
//     auto from = local_store(file_system(), "runs"), to = local_store(file_system(), "/backup/runs");
//     const Exchanged done = exchange(*from, *to, {"20261128-143000-1231a2b"});
//
// A run is built below `.incoming` in the destination, and renamed when all of it is there: whenever that is cut short,
// nobody takes it for a run, and the next call goes on with it. Of a run that is there only notes are added; where it
// has gone on since, what was sealed then is taken over from the one that was there, which goes into the trash when the
// other is whole.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "stet/tracking/exchange/store.h"

namespace stet::tracking {

struct ExchangeOptions {
  bool dry_run = false;
  std::function<void(const std::string& line)> say;  ///< hears of each run when it is done
};

struct Exchanged {
  std::vector<std::string> copied, updated;  ///< names of folders
  int same = 0;                              ///< were there
  int notes = 0;                             ///< that were added to those
  int programs = 0;                          ///< kept files that were copied
  int64_t bytes = 0;                         ///< that were copied
  std::vector<std::string> remarks;          ///< what was left out, and why: a line each
  std::vector<std::string> problems;         ///< which runs were not copied, and why: a line each
};

/// Runs to copy, by the names of their folders.
struct ChosenRuns {
  std::vector<std::string> names;
  std::vector<std::string> remarks;               ///< what of the folder is left alone, and why: a line each
  std::map<std::string, std::string> unreadable;  ///< by name, those that can't be copied, and why
};

/// All runs in a store, by ascending names.
ChosenRuns runs_in(Store& store);

/// Copies runs, by the names of their folders. One that can't be copied keeps no other from it. Throws UsageError where
/// another process copies to there, and IoError where nothing can be copied there.
Exchanged exchange(Store& from, Store& to, const std::vector<std::string>& runs, const ExchangeOptions& options = {});

/// Throws UsageError that begins with `call` where one of two folders is the other, or the second lies in the first.
void require_apart(const std::string& call, const Path& runs, const Path& other);

}  // namespace stet::tracking
