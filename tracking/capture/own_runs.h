// The user's own list of runs, $XDG_STATE_HOME/stet/runs: a run that is in it was begun by this user, by a program that
// this user started, which stands beside it, as does where its record leads programs.
#pragma once

#include <string>

namespace stet::tracking::record {
class RunRecord;
}

namespace stet::tracking {

/// Adds a run, with the program of its last launch (identity_of in program.h) and where its record leads programs, to
/// the list: in one piece, so that programs that start at once don't disturb one another. Throws IoError where it can't
/// be written.
void note_own_run(const record::RunRecord& record);

/// Is the run in the list with that program? Not where there is no list, or it is another user's.
bool is_own_run(const std::string& id, const std::string& program);

/// Does the record lead programs where one in the list with its id did: has it the same places, texts among parameters,
/// and launches? Of a run that only versions noted which wrote programs alone, that is taken for true.
bool is_own_record(const record::RunRecord& record);

}  // namespace stet::tracking
