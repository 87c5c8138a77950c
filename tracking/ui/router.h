// Who may ask, and who answers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/http.h"

namespace stet::tracking::ui {

struct RouterOptions {
  std::string token;           ///< what a request must have
  std::string cookie_name;     ///< in which it comes after the first
  bool loopback = true;        ///< the server is this machine's alone: no other name may lead to it
  std::filesystem::path page;  ///< a folder to serve the page's files from, in the place of those in the program
};

/// Answers a request, or refuses it. Any thread may call it.
class Router {
 public:
  Router(Desk& desk, RouterOptions options) : desk_(desk), options_(std::move(options)) {}
  Response answer(const Request& request) const;
  /// What a request is refused by, as far as its line and headers say; none: all of it is to be answered.
  std::optional<Response> refusal(const Request& head) const;

 private:
  std::optional<Response> refused(const Request& head) const;
  Response allowed(const Request& request) const;
  Response admit(const Request& request) const;
  Response api(const Request& request, const std::string& name) const;
  Response file(const Request& request) const;
  bool has_token(const Request& request) const;

  Desk& desk_;
  const RouterOptions options_;
};

/// Is it a name by which this machine is reached from itself, with whatever port? `any_number`: a numeric address does
/// as well, which no other site's name can be turned into.
bool is_own_host(std::string_view host, bool any_number);

}  // namespace stet::tracking::ui
