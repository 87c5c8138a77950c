// How long the work of a queue takes.
#pragma once

#include <memory>

#include "stet/cuda/queue.h"

namespace stet::cuda {

/// Two marks among a queue's work, timed by the GPU itself; emulated, by the host's clock.
class Timer {
 public:
  explicit Timer(Queue& queue);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void start();
  void stop();
  /// From start to stop. Waits for the work between them.
  double milliseconds();

 private:
  struct Marks;
  std::unique_ptr<Marks> marks_;
};

}  // namespace stet::cuda
