// What `stet` does with signals that end a program, while it runs another one.
#pragma once

#include <sys/types.h>

namespace stet::tracking::cli {

/// While one lives, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are noted instead of ending this process, but
/// for those that it was started to ignore (nohup). A second one of a kind ends it where none is passed on. One object
/// at a time.
class NotedSignals {
 public:
  NotedSignals();
  ~NotedSignals();
  NotedSignals(const NotedSignals&) = delete;
  NotedSignals& operator=(const NotedSignals&) = delete;

  /// The last that came, or 0.
  int last() const;
  /// Passes on to a program what came and what comes, by sigqueue; but not what a terminal sends to both.
  void pass_on_to(pid_t program);
};

/// Ends this process as `signal` would have.
[[noreturn]] void end_by(int signal);

}  // namespace stet::tracking::cli
