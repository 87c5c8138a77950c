// Runs the scenario program, with faults and kills, and compares what runs left.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

/// How a program ended.
struct Ended {
  int status = 0;  ///< exit status; 128 + signal where one ended it
  std::string out, err;
};

/// Runs a program in `cwd` until it ends. `kill_after_us` > 0: it gets SIGKILL after so many microseconds.
Ended run_program(const std::string& program, const Path& cwd, const Arguments& arguments,
                  const Environment& environment = {}, int kill_after_us = 0);

/// The scenario program, quiet, with its runs in `cwd`/runs.
Ended run_scenario(const Path& cwd, const Arguments& arguments, const Environment& environment = {},
                   int kill_after_us = 0);

/// The only run in `cwd`/runs; empty when there is none.
Path only_run(const Path& cwd);

/// What a run came to, times and resources apart: every metric, each loss's bits, each state digest, and the last
/// checkpoint from byte 512 on.
struct Outcome {
  std::vector<std::string> metrics;                 ///< one line each, in order
  std::map<uint64_t, std::string> losses, digests;  ///< by tick
  std::string checkpoint;
};
Outcome outcome_of(const Path& run);

/// Empty, or how `other` differs from `undisturbed`. It may hold digests at other boundaries; at common ones they must
/// be equal.
std::string difference(const Outcome& undisturbed, const Outcome& other);

/// Resumes what is in `cwd` to its end, or begins it when nothing is, and says what is not as in the undisturbed run.
std::string resumed_difference(const Path& cwd, const Arguments& arguments, const Outcome& undisturbed);

/// Makes `cwd` share the kept programs of another folder, so that they are not copied for each of many runs.
void share_programs(const Path& cwd, const Path& with);

}  // namespace stet::tracking
