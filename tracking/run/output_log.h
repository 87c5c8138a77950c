// output.log: what the program prints, beside where it prints it.
#pragma once

#include <string>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// While one lives, what this process prints to its standard output and error goes to a file as well. A helper process
/// copies it, so a program that is killed loses nothing that it had handed to the system. The helper also owns the
/// progress bar's line, which it takes away before other text and draws again after.
class OutputLog {
 public:
  /// Appends to `file`. Where that can't be opened or no process can be made, nothing changes.
  explicit OutputLog(const Entry& file);
  OutputLog(const OutputLog&) = delete;
  OutputLog& operator=(const OutputLog&) = delete;
  /// Returns when all has been copied (two seconds at most: a process that this one started may go on printing).
  ~OutputLog();
  /// In a child that was forked: what it prints goes where this process printed before, and the helper's end does not
  /// wait for it.
  void leave_to_parent();

  bool active() const { return bar_ >= 0; }
  /// Shows the bar; empty: leaves its line as it is.
  void bar(const std::string& text);

 private:
  int saved_out_ = -1, saved_error_ = -1, bar_ = -1, done_ = -1;
};

}  // namespace stet::tracking
