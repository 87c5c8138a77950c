// NVIDIA's management library, loaded when it is there.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace stet::tracking {

class Nvml {
 public:
  /// Of the shared library of that name; where there is none it has no GPUs.
  explicit Nvml(const char* library = "libnvidia-ml.so.1");
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// Appends each GPU's use: "system/gpu/0/busy" (percent), memory (bytes), temperature (degrees Celsius), power
  /// (watts).
  void read(std::vector<std::pair<std::string, double>>& found) const;

 private:
  struct Functions;
  void* library_ = nullptr;
  Functions* functions_ = nullptr;
  std::vector<void*> devices_;
};

}  // namespace stet::tracking
