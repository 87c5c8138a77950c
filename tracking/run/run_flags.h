// The flags that every program has.
#pragma once

#include <cstdint>
#include <string>

#include "stet/tensor/device.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/run/description.h"
#include "stet/tracking/run/parameters.h"

namespace stet::tracking {

/// Read in two parts, as --resume says whose record the later ones must agree with. --help lists them in this order.
struct RunFlags {
  bool quiet = false;
  Path runs;  // from /
  std::string resume;

  uint64_t seed = 1;
  int threads = 0;
  Device device = cpu;
  int64_t checkpoint_every = 0;
  int64_t max_steps = 0;
  bool allow_nan = false;
  RunDescription description;

  /// Down to --resume.
  void read_place(Parameters& parameters);
  /// From --name on. Throws UsageError as Parameters does.
  void read_rest(Parameters& parameters);
  /// Those that describe the run, after the program's own parameters, which may have these names.
  void read_description(Parameters& parameters);
};

}  // namespace stet::tracking
