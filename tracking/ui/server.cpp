#include "stet/tracking/ui/server.h"

#include <fmt/format.h>
#include <signal.h>

#include <memory>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/ui/listener.h"
#include "stet/tracking/ui/router.h"
#include "stet/tracking/ui/secrets.h"

namespace stet::tracking::ui {
namespace {

constexpr int kFirstPort = 6006, kPorts = 20;

Listener* serving = nullptr;

void stop_serving(int) {
  if (serving) serving->stop();
}

// Stops at SIGINT and SIGTERM while it lives.
class Stopping {
 public:
  explicit Stopping(Listener& listener) {
    serving = &listener;
    struct sigaction action {};
    action.sa_handler = stop_serving;
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGTERM, &action, &terminate_);
  }
  ~Stopping() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
    serving = nullptr;
  }

 private:
  struct sigaction interrupt_ {
  }, terminate_{};
};

bool is_loopback(const std::string& address) {
  return is_own_host(address.find(':') != address.npos ? "[" + address + "]" : address, false);
}

// The port that was asked for, or the first of ours that is free.
std::unique_ptr<Listener> listen(const ServerOptions& options, const Router& router) {
  const auto refusal = [r = &router](const Request& head) { return r->refusal(head); };
  const auto answer = [r = &router](const Request& request) { return r->answer(request); };
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  if (options.port > 0) return std::make_unique<Listener>(host, options.port, refusal, answer);
  for (int port = kFirstPort; port < kFirstPort + kPorts; ++port) {
    try {
      return std::make_unique<Listener>(host, port, refusal, answer);
    } catch (const IoError& e) {
      if (e.code != EADDRINUSE) throw;
    }
  }
  return std::make_unique<Listener>(host, 0, refusal, answer);
}

std::string address_of(const ServerOptions& options, int port, const std::string& token) {
  std::string host = options.host;
  if (host == "0.0.0.0" || host == "::") host = "localhost";
  if (host.find(':') != host.npos) host = "[" + host + "]";
  return fmt::format("http://{}:{}/?token={}", host, port, token);
}

}  // namespace

void serve(const ServerOptions& options, const std::function<void(const std::string&)>& ready) {
  Desk desk(options.runs, options.read_only);
  const std::string token = token_of(options.runs);
  const Router router(desk, {token, cookie_name_of(options.runs),
                             is_loopback(options.host == "localhost" ? "127.0.0.1" : options.host), options.page});
  const auto listener = listen(options, router);
  const Stopping stopping(*listener);
  ready(address_of(options, listener->port(), token));
  listener->run();
}

}  // namespace stet::tracking::ui
