// Keeping the program: what is needed to run it again, once a version, under runs/programs/<sha256>.
#pragma once

#include <map>
#include <set>
#include <string>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Program;
class RunRecord;
}  // namespace stet::tracking::record

namespace stet::tracking {

/// Where this process's executable lies, or lay: a kept program that is run again knows the place by the environment
/// variable STET_PROGRAM_PATH.
Path own_executable();

/// Keeps this process's executable and the shared objects that it has loaded, and lists them in `program`. The C
/// library and the NVIDIA driver belong to the machine: they are listed and not kept. Hashes of files that have not
/// changed since come from the user's cache (tensor/hash_cache.h). Throws IoError.
void keep_program(FileSystem& fs, const Path& runs, record::Program& program);

/// What tells a program with the libraries that were kept with it from any other: 64 hexadecimal digits.
std::string identity_of(const record::Program& program);

/// The folder below that of the runs in which programs are kept.
inline constexpr std::string_view kProgramsFolder = "programs";

/// Can a kept file have that name, 64 hexadecimal digits?
bool is_kept_name(std::string_view name);

/// The names of the files that were kept for a run: its launches' executables and their shared objects.
std::set<std::string> kept_files(const record::RunRecord& record);

/// A program laid out to be run again.
struct RunnableProgram {
  Path executable;
  /// For its environment: the libraries that were laid out with it, no others before them, and where it lay.
  std::map<std::string, std::string> environment;
};

/// Copies a kept program to the folder `scratch`, which is made and nobody else may enter: its executable under its own
/// name, its shared objects in lib/. The copies are what is hashed, and what the caller runs. Throws DataError naming
/// the kept file that is gone or whose SHA-256 does not hold, and a recorded name that leads out of its folder.
RunnableProgram lay_out_program(FileSystem& fs, const Folder& runs, const record::Program& program,
                                const Path& scratch);

}  // namespace stet::tracking
