// The user's own list of runs, $XDG_STATE_HOME/stet/runs: a run that is in it was begun by this user, by a program that
// this user started.
#pragma once

#include <string>

namespace stet::tracking {

/// Adds a run to the list, a line in one piece, so that programs that start at once don't disturb one another. Throws
/// IoError where it can't be written.
void note_own_run(const std::string& id);

/// Is the run in the list? Not where there is none, or it is another user's.
bool is_own_run(const std::string& id);

}  // namespace stet::tracking
