#include "stet/data/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stet/tensor/error.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void read_failed(const std::string& name, int code) {
  raise<DataError>("data: {}: {}", name, std::strerror(code));
}

[[noreturn]] void write_failed(const fs::path& path, int code) {
  throw IoError(fmt::format("data: can't write {}: {}", path.string(), std::strerror(code)), code);
}

std::string absolute_path(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::canonical(path, error);
  return (error ? path : result).string();
}

}  // namespace

FileBytes read_file(const fs::path& path) {
  FileBytes file;
  file.name = path.string();
  const Descriptor fd(retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) read_failed(file.name, errno);
  if (S_ISDIR(status.st_mode)) read_failed(file.name, EISDIR);
  try {
    file.version = {absolute_path(path), identity_of(fd, path)};
    file.bytes = read_all(fd, path);
  } catch (const IoError& error) { read_failed(file.name, error.code); }
  return file;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  static std::atomic<int> counter{0};
  const fs::path aside = path.string() + fmt::format(".new-{}-{}", ::getpid(), counter++);
  try {
    Descriptor fd(
        retry_interrupted([&] { return ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); }));
    if (fd.get() < 0) raise_io(aside, "open", errno);
    write_all(fd, std::as_bytes(std::span(bytes)), aside);
    sync_file(fd, aside);
    if (fd.close() != 0 || ::rename(aside.c_str(), path.c_str()) != 0) raise_io(aside, "rename", errno);
  } catch (const IoError& error) {
    ::unlink(aside.c_str());
    write_failed(path, error.code);
  }
}

}  // namespace stet::data
