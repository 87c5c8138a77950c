// The file system of programs that tests kill and starve: faulty where STET_FAULT is set. Linked into a program, it
// takes the place of the library's own.
#include "tracking/fault/faulty_file_system.h"

namespace stet::tracking {

FileSystem& file_system() {
  static const std::unique_ptr<FaultyFileSystem> faulty = FaultyFileSystem::from_environment();
  return faulty ? static_cast<FileSystem&>(*faulty) : real_file_system();
}

}  // namespace stet::tracking
