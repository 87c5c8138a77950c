// The git state that a launch's program came from.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Launch;
}

namespace stet::tracking {

struct SourcePlaces {
  Path folder;  ///< where the program was started; empty where that is gone
  Path runs;    ///< what lies in it is no source
};

/// The git repository that holds the program's folder, else the one that holds the executable, read beside whatever the
/// caller does meanwhile: libgit2's own start, which reads the machine's certificates, takes longer than the rest of a
/// run's start together.
class SourceCapture {
 public:
  /// Begins to read, on a thread of its own that takes no signals.
  explicit SourceCapture(SourcePlaces places);
  SourceCapture(SourceCapture&&) noexcept;
  SourceCapture& operator=(SourceCapture&&) noexcept;
  ~SourceCapture();  ///< waits
  /// Nobody waits any more: in a child that was forked, where its thread is not. Allocates nothing.
  void forget();

  /// Waits for it, once, and fills launch.source: commit, branch, remote (user and token stripped). What is
  /// uncommitted, untracked sources included, is written as one patch, `<run folder>/source/launch-<number>.patch`,
  /// which `git apply` takes on top of the commit; what it doesn't hold is named in left_out. Ignored files are
  /// neither. A repository that can't be read, or that libgit2 can't read (a split or sparse index, a partial clone,
  /// SHA-256), is `unknown` and a note in the launch, never clean; only a failing write throws (IoError).
  void write(FileSystem& fs, const Folder& run, int number, record::Launch& launch);

 private:
  struct Captured;
  std::unique_ptr<std::future<std::shared_ptr<Captured>>> captured_;
};

/// A remote's URL without user, password and query.
std::string strip_credentials(std::string url);

}  // namespace stet::tracking
