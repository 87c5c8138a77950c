// Connections: one thread reads and writes all of them, so that a slow client holds nothing but its own buffer, and a
// few threads answer whole requests. All that a client can take is bounded: connections, bytes, time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "stet/tracking/ui/http.h"

namespace stet::tracking::ui {

struct ListenerLimits {
  size_t connections = 256;                    ///< at a time; who does nothing for longest makes room for a new one
  std::chrono::milliseconds request{15'000};   ///< from a request's first byte to its last
  std::chrono::milliseconds idle{75'000};      ///< between requests
  std::chrono::milliseconds response{60'000};  ///< for a response to be taken, and a millisecond more for 16 bytes
  std::chrono::milliseconds stalled{1'000};    ///< without taking any of a response; then it may have to make room, too
  std::chrono::milliseconds refused{2'000};    ///< in which what still comes behind a refused head is thrown away
  size_t waiting_bytes = size_t{256} << 20;  ///< of responses that are not sent yet; no more requests are answered then
  size_t threads = 3;                        ///< that answer
};

class Listener {
 public:
  /// From several threads.
  using Answer = std::function<Response(const Request& request)>;
  /// What a request is refused by, of which only the head has come. Called while all others wait.
  using Refusal = std::function<std::optional<Response>(const Request& head)>;

  /// Listens at an address of this machine: a numeric one, IPv4 or IPv6. Port 0 takes one that is free. Throws
  /// UsageError where it is no address, IoError where it can't be had.
  Listener(const std::string& address, int port, Refusal refusal, Answer answer, ListenerLimits limits = {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const;
  /// Serves until `stop` was called, by a signal's handler too.
  void run();
  void stop() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stet::tracking::ui
