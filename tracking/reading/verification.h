// Running a run again from its record alone, and holding what comes against what was recorded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// How a run is run again. Whatever is chosen, its digests must come out the same.
struct VerifyOptions {
  int threads = 0;          ///< 0: all cores
  std::string isa = {};     ///< instruction set; empty: the machine's best
  std::string device = {};  ///< empty: the one that each launch had
  bool resumes = false;     ///< start every stretch from its checkpoint as well
  bool trust = false;       ///< run what is not this user's own (trust.h)
  /// By name: where places lie now, where it is elsewhere, and secrets that the record does not hold.
  std::map<std::string, std::string> places = {};
};

/// Where two runs part.
struct Parting {
  int64_t step = 0;                  ///< at which it shows
  int64_t same_until = 0;            ///< the last step before it whose digests are equal
  std::vector<std::string> tensors;  ///< that differ, in walk order; empty: only the loss, or the loops
  std::string what;                  ///< the whole of it, in one line
};

/// What running a run again came to.
struct Replayed {
  int64_t steps = 0;                        ///< that were run
  size_t digests_equal = 0, digests = 0;    ///< of states and of losses: equal, and recorded
  std::optional<Parting> first_difference;  ///< the program was stopped there
};

/// What a verification came to.
struct Verdict {
  enum class Outcome : uint8_t {
    verified,      ///< every digest came out the same
    not_verified,  ///< one did not, or the record doesn't agree with itself
    impossible,    ///< the run can't be run again: `reason`
  };
  Outcome outcome = Outcome::impossible;
  int64_t steps = 0;              ///< of the record
  std::string reason;             ///< why nothing was run; empty where the run was run again
  std::optional<Replayed> whole;  ///< launch by launch
  std::optional<Replayed>
      resumed;     ///< stretch by stretch from checkpoints, where that was asked for and `whole` agrees
  SealCheck seal;  ///< of everything
  std::vector<std::string> differences;  ///< of the record that the replay wrote, where digests agree: a line each
  std::vector<std::string> foreign;      ///< files in its folder that the record knows nothing of
  std::vector<std::string> lost_data;    ///< data sets opened in a part of the run that a kill lost
  bool cut_short = false;                ///< the run was killed: what came behind its last digest is not compared
  std::vector<std::string> varying;      ///< metrics declared to differ each time
  std::vector<std::string> secrets;      ///< parameters and places that the record does not hold
  std::vector<std::string> depends_on_surroundings;  ///< what two replays don't agree on
  std::string line;                                  ///< all of it in one line

  /// What it does not vouch for, in words.
  std::vector<std::string> not_vouched_for() const;
  bool verified() const { return outcome == Outcome::verified; }
};

/// Is told the step that was reached, and how many the record has; several times a second.
using VerifyProgress = std::function<void(int64_t step, int64_t steps)>;

/// Runs the run's kept programs again in a scratch folder (below TMPDIR) and compares digests as they come. Programs
/// print into that folder. A run that can't be run again is a verdict, too; what is thrown is what went wrong
/// otherwise.
Verdict verify(const RunView& run, const VerifyOptions& options = {}, const VerifyProgress& progress = {});

/// The same of a run folder: one that was altered since the run ended is not read any further, and not verified.
Verdict verify(const std::filesystem::path& run, const VerifyOptions& options = {},
               const VerifyProgress& progress = {});

/// The verdict as JSON, indented: what `stet verify --json` prints.
std::string to_json(const Verdict& verdict);

/// Leaves the verdict with the run, as a file in its notes/; a run that is running gets none. Throws IoError.
void leave_report(const std::filesystem::path& run, const VerifyOptions& options, const Verdict& verdict);

}  // namespace stet::tracking
