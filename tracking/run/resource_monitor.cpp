#include "stet/tracking/run/resource_monitor.h"

#include <exception>
#include <utility>

#include "stet/tensor/threads.h"
#include "stet/tracking/record/no_signals.h"

namespace stet::tracking {

ResourceMonitor::ResourceMonitor(Folder folder, std::chrono::duration<double> every, Use use)
    : every_(every), use_(std::move(use)) {
  const NoSignals inherited;
  try {
    thread_ = start_thread("resources", [this, folder = std::move(folder)] { work(folder); });
  } catch (const UsageError&) {}  // then there are no readings
}

ResourceMonitor::~ResourceMonitor() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// No reading is worth a run: what goes wrong ends the readings.
void ResourceMonitor::work(Folder folder) try {
  Resources resources(std::move(folder));
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every_, [this] { return ending_; })) {
    lock.unlock();
    use_(resources.read());
    due_ = true;
    lock.lock();
  }
} catch (const std::exception&) {}

}  // namespace stet::tracking
