// How a process ends: by a signal that a run notes, or by an exception that nobody caught.
#pragma once

#include <string>

namespace stet::tracking {

/// Is told of the end with the exception's message, and whether it is training's fault; it may end the process itself.
using EndHandler = void (*)(const std::string& message, bool in_training) noexcept;

/// Installs the terminate handler: it calls `handler`, then ends the process with one line, which `program` begins, and
/// exit status 1 or 2.
void install_terminate_handler(const std::string& program, EndHandler handler);

/// From here on SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 are noted, but for those that the program handles itself
/// or that it was started to ignore (nohup). A second one of a kind ends the process. One that a parent passes on by
/// sigqueue, as `stet resume` does, is no second one: a signal to a group of processes comes both ways.
void watch_signals();
/// From here on a file that grows past the limit (ulimit -f) is an error of writing, which names it, and ends nothing.
void ignore_file_size_signal();
/// In a child that was forked: they end it again.
void forget_signals();
/// The signal that came, or 0.
int noted_signal();
/// How a run's end names it: "interrupted", "terminated", "hung up", "stopped by SIGUSR1".
std::string name_of_signal(int signal);

/// What the program printed, to the system.
void flush_all();

}  // namespace stet::tracking
