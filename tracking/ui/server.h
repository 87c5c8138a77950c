// `stet ui`.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace stet::tracking::ui {

struct ServerOptions {
  std::filesystem::path runs;
  std::string host = "127.0.0.1";
  int port = 0;  ///< 0: 6006 or the next that is free
  bool read_only = false;
  std::filesystem::path page;  ///< a folder to serve the page's files from; empty: those in the program
};

/// Serves until SIGINT or SIGTERM. `ready` gets the address to open, as soon as it is answered. Throws UsageError and
/// IoError where it can't listen.
void serve(const ServerOptions& options, const std::function<void(const std::string& address)>& ready);

}  // namespace stet::tracking::ui
