// Keeping the program: what is needed to run it again, once a version, under runs/programs/<sha256>.
#pragma once

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Program;
}

namespace stet::tracking {

/// Keeps this process's executable and the shared objects that it has loaded, and lists them in `program`. The C
/// library and the NVIDIA driver belong to the machine: they are listed and not kept. Hashes of files that have not
/// changed since (device, inode, size, times) come from runs/programs/known.json, a cache that may be deleted. Throws
/// IoError.
void keep_program(FileSystem& fs, const Path& runs, record::Program& program);

/// A program laid out to be run again.
struct RunnableProgram {
  Path executable;
  Path library_folder;  ///< for LD_LIBRARY_PATH
};

/// Copies a kept program to the folder `scratch`, which is made: its executable under its own name, its shared objects
/// in lib/. Throws DataError naming the kept file that is gone or whose SHA-256 does not hold, and a recorded name that
/// leads out of its folder.
RunnableProgram lay_out_program(FileSystem& fs, const Folder& runs, const record::Program& program,
                                const Path& scratch);

}  // namespace stet::tracking
