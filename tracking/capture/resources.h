// What a process and its machine use: processor, memory, disk, and GPUs by NVIDIA's management library where there is
// one.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// Readings by name, as in {"system/cpu", 99.5}: percent (of one processor for this process, of all for the host),
/// bytes, degrees Celsius, watts.
using Readings = std::vector<std::pair<std::string, double>>;

class Nvml;

/// Takes readings; shares and rates are those since the one before. What can't be read is left out.
class Resources {
 public:
  /// `folder`: whose disk counts.
  explicit Resources(Folder folder);
  ~Resources();
  Resources(const Resources&) = delete;
  Resources& operator=(const Resources&) = delete;
  Readings read();

 private:
  struct Before;
  Folder folder_;
  std::unique_ptr<Before> before_;
  std::unique_ptr<Nvml> gpus_;
};

}  // namespace stet::tracking
