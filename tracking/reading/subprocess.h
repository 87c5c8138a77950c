// Running another program.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

struct Command {
  Path program;  ///< one without a slash is looked for in PATH
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  ///< added to this process's; empty values are taken away
  Path cwd;
  Path output;               ///< a file that gets what it prints; empty: where this process prints
  int stream = -1;           ///< a descriptor that is its standard input and output; -1: none, those are as above
  int end_signal = SIGKILL;  ///< it gets this one when this process ends before it
};

/// A program that runs; it is killed when the object goes.
class Subprocess {
 public:
  /// Throws IoError that names what could not be started, entered or opened.
  explicit Subprocess(const Command& command);
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  ~Subprocess();

  /// Its exit status if it has ended: 128 + signal where one ended it.
  std::optional<int> ended();
  int wait();
  void kill();
  pid_t id() const { return pid_; }

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace stet::tracking
