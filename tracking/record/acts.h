// What people do to a run from outside, also when it has ended, is another's, or runs now: tags, notes, names,
// archiving. Each act is a file of its own in the run's folder `notes`, outside of the seal, so that nobody has to hold
// the run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Act;
class RunRecord;
}  // namespace stet::tracking::record

namespace stet::tracking {

/// An act's file is no longer; a derived metric may have a million values.
inline constexpr int64_t kActLimit = int64_t{64} << 20;

/// Is it the name of an act's file?
bool is_act_name(std::string_view name);

/// An act's text. Throws DataError that begins with `name`.
record::Act parse_act(const std::string& text, const std::string& name);

/// The acts of a run.
struct Acts {
  std::vector<record::Act> acts;        ///< in the order in which they count
  std::vector<std::string> unreadable;  ///< files that could not be read: one line each that names the file
};
/// Reads them. Throws nothing on a damaged file, which is no act; IoError where the folder can't be listed, DataError
/// where all acts name more tags than are read.
Acts read_acts(const Folder& run);

/// Stamps an act with its time, which is later than those that are there, and with who does it; and writes it,
/// atomically. Throws IoError.
void write_act(FileSystem& fs, const Folder& run, record::Act act);

/// The name that a run has now.
std::string present_name(const Folder& run, const record::RunRecord& record);

/// Throws UsageError that begins with `call` unless it can be a tag: UTF-8 in one line, without commas, blanks at its
/// ends, or a sign in front.
void require_tag(std::string_view call, std::string_view tag);

}  // namespace stet::tracking
