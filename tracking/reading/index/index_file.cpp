#include "stet/tracking/reading/index/index_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "stet/tensor/hash_cache.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/index/store.h"

namespace stet::tracking {
namespace {

using namespace std::chrono_literals;

constexpr int kBusyPatience = 10'000;  // milliseconds
constexpr int kFolderPatience = 5'000;

// Takes a lock, trying for a while; false where it can't be had.
bool take_lock(int fd, int how, int patience_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (::flock(fd, how | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// The folder of indices, locked: shared by those who open one, alone for who replaces one.
Descriptor locked_folder(const Path& file, int how) {
  Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || !take_lock(folder.get(), how, kFolderPatience)) return Descriptor();
  return folder;
}

// Is it a file of this user's own, that nobody else can write or read?
bool is_own(const Path& file) {
  struct stat status {};
  return ::lstat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & 077) == 0;
}

Path beside(const Path& file, const char* suffix) { return file.string() + suffix; }

void remove_files(const Path& file) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;  // a folder under that name stays, and no index can be kept
    std::filesystem::remove(beside(file, suffix), ignored);
  }
}

void set_up(Database& database) {
  database.wait_for_locks(kBusyPatience);
  database.run("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536");
  database.run("PRAGMA journal_size_limit = 0");  // of the log that stays
}

// Opens what is there. None where it is not the index of this version.
std::optional<Database> open_existing(const Path& file) {
  if (!is_own(file)) return {};
  try {
    Database database = Database::open(file);
    set_up(database);
    if (has_tables(database)) return database;
  } catch (const DatabaseError& e) {
    if (!e.is_damage()) throw;
  }
  return {};
}

Database make_new(const Path& file) {
  remove_files(file);
  const Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (made.get() < 0) raise_io(file, "make it", errno);
  Database database = Database::open(file);
  database.wait_for_locks(kBusyPatience);
  database.run("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
  set_up(database);
  make_tables(database);
  return database;
}

}  // namespace

Path index_path(const Path& runs) {
  const Path cache = cache_folder();
  if (cache.empty() || open_own_folder(cache).get() < 0 || open_own_folder(cache / "index").get() < 0) return {};
  std::error_code error;
  const Path folder = std::filesystem::canonical(cache / "index", error);
  const Path whole = error ? Path() : std::filesystem::weakly_canonical(runs, error);
  if (error) return {};
  const auto [end, at] = std::mismatch(whole.begin(), whole.end(), folder.begin(), folder.end());
  if (end == whole.end()) return {};
  return folder / fmt::format("{}-v{}.sqlite", sha256_hex(whole.string()).substr(0, 24), kSchemaVersion);
}

std::optional<Database> open_index(const Path& file) {
  if (file.empty()) return {};
  try {
    {
      const Descriptor shared = locked_folder(file, LOCK_SH);
      if (shared.get() < 0) return {};
      if (auto database = open_existing(file)) return database;
    }
    const Descriptor alone = locked_folder(file, LOCK_EX);
    if (alone.get() < 0) return {};
    if (auto database = open_existing(file)) return database;  // another process was quicker
    return make_new(file);
  } catch (const DatabaseError&) { return {}; } catch (const IoError&) {
    return {};
  }
}

void discard_index(const Path& file) {
  const Descriptor alone = locked_folder(file, LOCK_EX);
  if (alone.get() >= 0) remove_files(file);
}

UpdateLock::UpdateLock(const Path& file, int patience_ms) {
  if (file.empty()) return;
  lock_ = Descriptor(::open(beside(file, ".lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (lock_.get() >= 0 && !take_lock(lock_.get(), LOCK_EX, patience_ms)) lock_ = Descriptor();
}

}  // namespace stet::tracking
