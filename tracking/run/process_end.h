// How a process ends: by a signal that a run notes, or by an exception that nobody caught.
#pragma once

#include <string>

namespace stet::tracking {

/// Is told of the end with the exception's message, and whether it is training's fault; it may end the process itself.
using EndHandler = void (*)(const std::string& message, bool in_training) noexcept;

/// Installs the terminate handler: it calls `handler`, then ends the process with one line, which `program` begins, and
/// exit status 1 or 2.
void install_terminate_handler(const std::string& program, EndHandler handler);

/// From here on SIGINT and SIGTERM are noted; a second one ends the process.
void watch_signals();
/// The signal that came, or 0.
int noted_signal();

/// What the program printed, to the system.
void flush_all();

/// An exception's text may hold line ends.
std::string in_one_line(std::string text);

/// Of this process so far, in user and system mode.
double cpu_seconds();

}  // namespace stet::tracking
