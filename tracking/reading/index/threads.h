// Many runs read at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "stet/tensor/threads.h"

namespace stet::tracking {

/// Calls `work` for 0 … count - 1, on a thread more for each `worth_a_thread` of them.
template <class F> void for_all(size_t count, size_t worth_a_thread, const F& work) {
  const size_t most = std::min<size_t>(std::max(1u, std::thread::hardware_concurrency()), 8);
  const size_t threads = std::clamp<size_t>(count / worth_a_thread, 1, most);
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;  // the first
  const auto loop = [&] {
    try {
      for (size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard guard(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  add_threads(others, threads - 1, loop);
  loop();
  for (std::thread& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace stet::tracking
