#include "stet/tracking/capture/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace stet::tracking {
namespace {

constexpr int kSuccess = 0, kCoreTemperature = 0;

template <class F> bool find(void* library, const char* name, F*& function) {
  function = reinterpret_cast<F*>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

struct Nvml::Functions {
  // As nvml.h declares them.
  struct Utilization {
    unsigned gpu = 0, memory = 0;
  };
  struct Memory {
    unsigned long long total = 0, free = 0, used = 0;
  };

  int (*init)();
  int (*shutdown)();
  int (*count)(unsigned*);
  int (*handle)(unsigned, void**);
  int (*utilization)(void*, Utilization*);
  int (*memory)(void*, Memory*);
  int (*temperature)(void*, int, unsigned*);
  int (*power)(void*, unsigned*);

  bool load(void* library) {
    return find(library, "nvmlInit_v2", init) && find(library, "nvmlShutdown", shutdown) &&
           find(library, "nvmlDeviceGetCount_v2", count) && find(library, "nvmlDeviceGetHandleByIndex_v2", handle) &&
           find(library, "nvmlDeviceGetUtilizationRates", utilization) &&
           find(library, "nvmlDeviceGetMemoryInfo", memory) && find(library, "nvmlDeviceGetTemperature", temperature) &&
           find(library, "nvmlDeviceGetPowerUsage", power);
  }
};

Nvml::Nvml(const char* library) : library_(::dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
  if (!library_) return;
  auto* functions = new Functions;
  if (!functions->load(library_) || functions->init() != kSuccess) {
    delete functions;
    return;
  }
  functions_ = functions;
  unsigned count = 0;
  if (functions_->count(&count) != kSuccess) return;
  for (unsigned i = 0; i < count; ++i) {
    void* device = nullptr;
    if (functions_->handle(i, &device) == kSuccess) devices_.push_back(device);
  }
}

Nvml::~Nvml() {
  if (functions_) functions_->shutdown();
  delete functions_;
  if (library_) ::dlclose(library_);
}

void Nvml::read(std::vector<std::pair<std::string, double>>& found) const {
  for (size_t i = 0; i < devices_.size(); ++i) {
    const auto add = [&](const char* what, double value) {
      found.emplace_back(fmt::format("system/gpu/{}/{}", i, what), value);
    };
    Functions::Utilization use;
    Functions::Memory memory;
    unsigned degrees = 0, milliwatts = 0;
    if (functions_->utilization(devices_[i], &use) == kSuccess) add("busy", use.gpu);
    if (functions_->memory(devices_[i], &memory) == kSuccess) add("memory", static_cast<double>(memory.used));
    if (functions_->temperature(devices_[i], kCoreTemperature, &degrees) == kSuccess) add("temperature", degrees);
    if (functions_->power(devices_[i], &milliwatts) == kSuccess) add("power", 1e-3 * milliwatts);
  }
}

}  // namespace stet::tracking
