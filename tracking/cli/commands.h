// The verbs of `stet`. Each returns the program's exit status: 0 done or the same, 1 differs or not verified, 2 wrong
// use or unreadable.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

/// What the verbs have in common.
struct Common {
  Path runs = "./runs";
  bool json = false;
};

struct VerifyOptions {
  int threads = 0;  ///< 0: all
  std::string isa, device;
  bool resumes = false, run_program = false;
};

int list(const Common& common);
int show(const Common& common, const std::string& run);
int diff(const Common& common, const std::string& first, const std::string& second);
int verify(const Common& common, const std::string& run, const VerifyOptions& options);
int resume(const Common& common, const std::string& run, const std::vector<std::string>& flags);

}  // namespace stet::tracking
