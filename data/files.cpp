#include "stet/data/files.h"

#include <fcntl.h>
#include <sys/stat.h>

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
  try {
    NewFile file(path);
    file.write(bytes);
    file.commit();
  } catch (const IoError& error) { write_failed(path, error.code); }
}

}  // namespace stet::data
