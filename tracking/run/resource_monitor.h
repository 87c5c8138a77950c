// Takes a machine's readings every few seconds while a run runs, on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "stet/tracking/capture/resources.h"

namespace stet::tracking {

class ResourceMonitor {
 public:
  using Use = std::function<void(const Readings&)>;
  /// `use` gets readings every so often, on the monitor's thread, first when as much time has gone by; what it throws
  /// ends that. Nothing may wait for the readings, and where the system gives no thread there are none.
  ResourceMonitor(Folder folder, std::chrono::duration<double> every, Use use);
  ResourceMonitor(const ResourceMonitor&) = delete;
  ResourceMonitor& operator=(const ResourceMonitor&) = delete;
  /// Returns when no more come.
  ~ResourceMonitor();

  /// Were readings taken since this was asked last?
  bool take_due() { return due_.load(std::memory_order_relaxed) && due_.exchange(false); }

 private:
  void work(Folder folder);

  const std::chrono::duration<double> every_;
  const Use use_;
  std::atomic<bool> due_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace stet::tracking
