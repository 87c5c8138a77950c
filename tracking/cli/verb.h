// A verb of `stet`: one file defines it, and main.cpp's table has a row for it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace stet::tracking::cli {

/// What the verbs have in common.
struct Common {
  std::string runs = "./runs";  ///< folder of runs
  bool json = false;            ///< print JSON
};

struct Verb {
  const char* name;
  const char* help;                                ///< one line
  std::function<void(CLI::App& command)> options;  ///< adds what it takes besides --runs and --json
  std::function<int(const Common& common)> run;    ///< returns the program's exit status: 0 done or the same, 1 differs
                                                   ///< or not verified, 2 wrong use or unreadable
};

}  // namespace stet::tracking::cli
