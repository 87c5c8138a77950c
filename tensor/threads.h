// Threads that the system may refuse, as where a user's or a container's processes are limited.
#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"

namespace stet {

/// A thread that runs `body`. Throws UsageError that names what needs it where the system gives none.
template <class F> std::thread start_thread(std::string_view what, F&& body) {
  try {
    return std::thread(std::forward<F>(body));
  } catch (const std::system_error& e) {
    raise("{}: the system gives no thread: {}; let this user, or container, have more processes", what,
          e.code().message());
  }
}

/// Adds threads that run copies of `body` until there are `count`; fewer where the system gives no more.
template <class F> void add_threads(std::vector<std::thread>& threads, size_t count, const F& body) {
  try {
    while (threads.size() < count) threads.emplace_back(body);
  } catch (const std::system_error&) {}
}

}  // namespace stet
