// A file system that fails at a chosen operation. Programs that are linked with `stet_faults` work on it where
// STET_FAULT is set; otherwise they are those that users have.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

/// What goes wrong, and at which operation. Operations are counted from 1: open, write, sync, clear, rename, remove,
/// make_directory, sync_directory and copy each count as one.
struct Fault {
  enum class Kind {
    none,    ///< only counts
    kill,    ///< the process ends just before the operation
    torn,    ///< the process ends in the middle of a write, which leaves its first half; else as kill
    power,   ///< as kill, and bytes that were never synced are lost: files are cut to their last synced length
    enospc,  ///< this one and every later one that takes space fails: the disk is full and stays so
    eio,     ///< this one fails, later ones work again
  };
  Kind kind = Kind::none;
  uint64_t at = 0;            ///< the operation that it strikes; 0: none
  bool refuse_locks = false;  ///< try_lock answers `unsupported`, as some network file systems do
  Path report;                ///< where the number of operations is written when the process ends; empty: nowhere

  /// Reads "kill@137", "torn@137", "power@137", "enospc@12", "eio@40", "count:FILE", "nolock", or several with commas
  /// between them. Throws UsageError.
  static Fault parse(const std::string& text);
};

/// A FileSystem over another that counts its operations and lets one of them go wrong. A process ended by a fault has
/// the exit status 137 (as after SIGKILL), with nothing flushed and no handler run.
class FaultyFileSystem : public FileSystem {
 public:
  FaultyFileSystem(FileSystem& base, Fault fault) : base_(base), fault_(std::move(fault)) {}
  ~FaultyFileSystem() override;

  /// The file system that STET_FAULT asks for; null when it is not set.
  static std::unique_ptr<FaultyFileSystem> from_environment();

  /// Operations so far.
  uint64_t operations() const { return count_; }

  std::unique_ptr<File> open(const Entry& entry, OpenMode how, unsigned mode) override;
  void rename(const Entry& from, const Entry& to) override;
  void remove(const Entry& entry) override;
  bool make_directory(const Entry& entry) override;
  void sync_directory(const Folder& folder) override;
  void copy(const InputFile& from, const Entry& to, unsigned mode) override;
  LockResult try_lock(File& file) override;

 private:
  friend class FaultyFile;
  // Counts one operation, and strikes when its number has come. `half` is what a torn or failing one still does.
  void begin(
      const Path& path, bool takes_space, const std::function<void()>& half = [] {});
  [[noreturn]] void lose_power();

  FileSystem& base_;
  Fault fault_;
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;
  std::map<Path, uint64_t> synced_;  // length on the device of each file that was written
};

}  // namespace stet::tracking
