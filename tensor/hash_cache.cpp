#include "stet/tensor/hash_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFormat = "stet-fingerprint 2";
constexpr int64_t kEntryLimit = 1 << 20;  // bytes; a line a file

bool wants_fresh() {
  const char* value = std::getenv("STET_FRESH_FINGERPRINTS");
  return value != nullptr && std::string_view(value) == "1";
}

bool may_be_remembered(const FileVersion& file) {
  return is_settled(std::max(file.identity.mtime_ns, file.identity.ctime_ns));
}

// Everything that the value depends on; the cached file begins with it.
std::string cache_key(std::string_view what, const std::vector<FileVersion>& files) {
  std::string key = fmt::format("{}\n{}\n", kFormat, what);
  for (const FileVersion& f : files)
    key += fmt::format("{} {} {} {} {} {}\n", f.identity.device, f.identity.inode, f.identity.size, f.identity.mtime_ns,
                       f.identity.ctime_ns, f.path);
  return key;
}

// A newer version of the files replaces the older one's entry.
std::string entry_name(std::string_view what, const std::vector<FileVersion>& files) {
  Sha256 name;
  name.update(what);
  for (const FileVersion& f : files) name.update("\n").update(f.path);
  return name.hex();
}

// An entry is its key, the value, and the hash of both.
std::string entry_of(const std::string& key, const std::string& value) {
  const std::string text = key + value + "\n";
  return text + sha256_hex(text) + "\n";
}

// A folder by its name in an open one, if it is this user's and nobody else may write to it.
Descriptor open_own(int at, const char* name) {
  Descriptor none;
  if (::mkdirat(at, name, 0700) < 0 && errno != EEXIST) return none;
  Descriptor fd(retry_interrupted([&] { return ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) < 0 || status.st_uid != ::geteuid()) return none;
  if ((status.st_mode & 022) != 0 && ::fchmod(fd.get(), 0700) < 0) return none;
  return fd;
}

Descriptor open_fingerprints() {
  const fs::path cache = cache_folder();
  if (cache.empty()) return Descriptor();
  const Descriptor folder = open_own_folder(cache);
  return folder.get() < 0 ? Descriptor() : open_own(folder.get(), "fingerprints");
}

std::optional<std::string> look_up(const Descriptor& folder, const std::string& name, const std::string& key) {
  const Descriptor fd(retry_interrupted(
      [&] { return ::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) < 0) return std::nullopt;
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || status.st_size > kEntryLimit) return std::nullopt;
  const std::string entry = read_all(fd, name);
  constexpr size_t hash_size = 64;
  if (!entry.starts_with(key) || entry.size() < key.size() + hash_size + 2) return std::nullopt;
  std::string value = entry.substr(key.size(), entry.size() - key.size() - hash_size - 2);
  if (entry != entry_of(key, value)) return std::nullopt;
  return value;
}

void keep(const Descriptor& folder, const std::string& name, const std::string& entry) {
  static std::atomic<int> counter{0};
  const std::string aside = fmt::format(".new-{}-{}", ::getpid(), counter++);
  Descriptor fd(retry_interrupted([&] {
    return ::openat(folder.get(), aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  }));
  if (fd.get() < 0) return;
  try {
    write_all(fd, std::as_bytes(std::span(entry)), aside);
    if (::renameat(folder.get(), aside.c_str(), folder.get(), name.c_str()) == 0) return;
  } catch (const IoError&) {}
  ::unlinkat(folder.get(), aside.c_str(), 0);
}

}  // namespace

fs::path user_folder(const char* xdg, std::string_view below_home) {
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const fs::path base = variable(xdg); base.is_absolute()) return base / "stet";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / below_home / "stet";
  return {};
}

fs::path cache_folder() { return user_folder("XDG_CACHE_HOME", ".cache"); }

Descriptor open_own_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  const Descriptor parent(
      retry_interrupted([&] { return ::open(folder.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  return parent.get() < 0 ? Descriptor() : open_own(parent.get(), folder.filename().c_str());
}

std::string remembered(std::string_view what, const std::vector<FileVersion>& files,
                       const std::function<std::string()>& compute) {
  const Descriptor folder = open_fingerprints();
  if (folder.get() < 0) return compute();
  const std::string name = entry_name(what, files), key = cache_key(what, files);
  if (!wants_fresh()) {
    try {
      if (const auto value = look_up(folder, name, key)) return *value;
    } catch (const IoError&) {  // it can't be read: computed
    }
  }
  std::string value = compute();
  if (std::all_of(files.begin(), files.end(), may_be_remembered)) keep(folder, name, entry_of(key, value));
  return value;
}

}  // namespace stet
