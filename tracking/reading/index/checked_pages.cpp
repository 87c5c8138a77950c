#include "stet/tracking/reading/index/checked_pages.h"

#include <sqlite3.h>

#include <cstring>
#include <span>
#include <vector>

#include "stet/tracking/reading/index/database.h"
#include "stet/tracking/record/crc32c.h"

namespace stet::tracking {
namespace {

constexpr char kName[] = "stet-checked";

// SQLite allocates szOsFile bytes for each file: this, and behind it the real file.
struct CheckedFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<CheckedFile*>(file)->real(); }

sqlite3_vfs* real_vfs() { return sqlite3_vfs_find(nullptr); }

// A whole page, and not the header's hundred bytes or a few of them.
bool is_page(int amount, sqlite3_int64 offset) {
  return amount >= 512 && (amount & (amount - 1)) == 0 && offset % amount == 0;
}

uint32_t checksum(const void* page, int amount) {
  const auto* bytes = static_cast<const std::byte*>(page);
  return mask_crc(crc32c(std::span(bytes, static_cast<size_t>(amount - kReservedBytes))));
}

int read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  const int result = real(file)->pMethods->xRead(real(file), out, amount, offset);
  if (result != SQLITE_OK || !is_page(amount, offset)) return result;
  uint32_t kept = 0;
  std::memcpy(&kept, static_cast<const char*>(out) + amount - kReservedBytes, sizeof kept);
  return kept == checksum(out, amount) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int write(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset) {
  if (!is_page(amount, offset)) return real(file)->pMethods->xWrite(real(file), bytes, amount, offset);
  thread_local std::vector<char> page;
  page.assign(static_cast<const char*>(bytes), static_cast<const char*>(bytes) + amount);
  const uint32_t sum = checksum(bytes, amount);
  std::memcpy(page.data() + amount - kReservedBytes, &sum, sizeof sum);
  return real(file)->pMethods->xWrite(real(file), page.data(), amount, offset);
}

// Everything else is the real file's.
template <auto kMethod> struct Forward;
template <class... Args, int (*sqlite3_io_methods::*kMethod)(sqlite3_file*, Args...)> struct Forward<kMethod> {
  static int call(sqlite3_file* file, Args... args) { return (real(file)->pMethods->*kMethod)(real(file), args...); }
};

void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }

using Methods = sqlite3_io_methods;
constexpr Methods kMethods = {.iVersion = 2,  // without mapping into memory, which would pass the checks by
                              .xClose = Forward<&Methods::xClose>::call,
                              .xRead = read,
                              .xWrite = write,
                              .xTruncate = Forward<&Methods::xTruncate>::call,
                              .xSync = Forward<&Methods::xSync>::call,
                              .xFileSize = Forward<&Methods::xFileSize>::call,
                              .xLock = Forward<&Methods::xLock>::call,
                              .xUnlock = Forward<&Methods::xUnlock>::call,
                              .xCheckReservedLock = Forward<&Methods::xCheckReservedLock>::call,
                              .xFileControl = Forward<&Methods::xFileControl>::call,
                              .xSectorSize = Forward<&Methods::xSectorSize>::call,
                              .xDeviceCharacteristics = Forward<&Methods::xDeviceCharacteristics>::call,
                              .xShmMap = Forward<&Methods::xShmMap>::call,
                              .xShmLock = Forward<&Methods::xShmLock>::call,
                              .xShmBarrier = barrier,
                              .xShmUnmap = Forward<&Methods::xShmUnmap>::call,
                              .xFetch = nullptr,
                              .xUnfetch = nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return real_vfs()->xOpen(real_vfs(), name, file, flags, out_flags);
  file->pMethods = nullptr;
  real(file)->pMethods = nullptr;
  const int result = real_vfs()->xOpen(real_vfs(), name, real(file), flags, out_flags);
  if (real(file)->pMethods != nullptr) file->pMethods = &kMethods;
  return result;
}

int register_vfs() {
  static sqlite3_vfs vfs = *real_vfs();  // of which all but opening is used as it is
  vfs.pNext = nullptr;
  vfs.zName = kName;
  vfs.szOsFile += static_cast<int>(sizeof(CheckedFile));
  vfs.xOpen = open;
  return sqlite3_vfs_register(&vfs, 0);
}

}  // namespace

const char* checked_pages() {
  static const int result = register_vfs();
  if (result != SQLITE_OK) throw DatabaseError("the index: SQLite takes no file system", result);
  return kName;
}

}  // namespace stet::tracking
