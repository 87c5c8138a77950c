// The user's own list of runs, $XDG_STATE_HOME/stet/runs: a run that is in it was begun by this user, by a program that
// this user started, which stands beside it.
#pragma once

#include <string>

namespace stet::tracking {

/// Adds a run, with the program that makes it (identity_of in program.h), to the list: a line in one piece, so that
/// programs that start at once don't disturb one another. Throws IoError where it can't be written.
void note_own_run(const std::string& id, const std::string& program);

/// Is the run in the list with that program? Not where there is no list, or it is another user's.
bool is_own_run(const std::string& id, const std::string& program);

}  // namespace stet::tracking
