#include "stet/tracking/ui/router.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "stet/tensor/sha256.h"
#include "stet/tracking/query/lexer.h"
#include "stet/tracking/record/host.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/page_files.h"
#include "stet/tracking/ui/secrets.h"

namespace stet::tracking::ui {
namespace {

// A part of the API that changes nothing. `kept`: what it says follows from the index alone, so that an answer to the
// same question in the same generation need not be sent again.
struct Get {
  const char* name;
  Json (*answer)(Desk& desk, const Parameters& p);
  bool kept;
};
constexpr Get kGets[] = {
    {"hello", hello, false},  {"changes", changes, false}, {"table", table, true},
    {"ids", ids, true},       {"columns", columns, true},  {"groups", groups, true},
    {"fields", fields, true}, {"hint", hint, false},       {"series", series, true},
    {"run", run, true},       {"log", log, false},         {"tensors", tensors, true},
    {"patch", patch, true},   {"compare", compare, true},  {"digests", digests, true},
    {"media", media, true},   {"text", text, true},        {"histogram", histogram, true},
    {"vector", vector, true}, {"marks", marks, true},      {"views", views, false},
};

struct GetBytes {
  const char* name;
  Response (*answer)(Desk& desk, const Parameters& p);
};
constexpr GetBytes kGetsOfBytes[] = {{"image", image}, {"artifact", artifact}};

struct Post {
  const char* name;
  Json (*act)(Desk& desk, const Json& body);
};
constexpr Post kPosts[] = {{"tag", post_tag},         {"note", post_note},  {"rename", post_rename},
                           {"archive", post_archive}, {"views", post_view}, {"views/delete", post_delete_view}};

template <class Row, size_t N> const Row* find(const Row (&table)[N], const std::string& name) {
  const auto* row = std::find_if(std::begin(table), std::end(table), [&](const Row& r) { return name == r.name; });
  return row == std::end(table) ? nullptr : row;
}

constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kApi = "/api/";

Response plain(int status, const std::string& text) { return {status, "text/plain; charset=utf-8", text + "\n"}; }

Response json_response(const Json& json, int status = 200) {
  return {status, "application/json", printable_json(json.dump(-1, ' ', false, Json::error_handler_t::replace))};
}

Response error(int status, const std::string& why) { return json_response({{"error", in_one_line(why)}}, status); }

void protect(Response& response) {
  const auto add = [&](const char* name, const char* value) { response.headers.emplace_back(name, value); };
  const bool cached = std::any_of(response.headers.begin(), response.headers.end(),
                                  [](const auto& header) { return header.first == "Cache-Control"; });
  if (!cached) add("Cache-Control", "no-store");
  add("Content-Security-Policy", kPolicy);
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("X-Frame-Options", "DENY");
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
}

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

// The query of a request without its token.
std::string without_token(std::string_view query) {
  std::string rest;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    if (!part.empty() && part.substr(0, part.find('=')) != "token")
      rest += (rest.empty() ? "" : "&") + std::string(part);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return rest;
}

// A response, and one to what `make` throws.
template <class Make> std::optional<Response> guarded(const Make& make) {
  std::optional<Response> response;
  try {
    response = make();
  } catch (const Refusal& e) { response = error(e.status(), e.what()); } catch (const std::bad_alloc&) {
    response = error(500, "out of memory");
  } catch (const UsageError& e) { response = error(400, e.what()); } catch (const std::exception& e) {
    response = error(500, e.what());
  }
  if (response) protect(*response);
  return response;
}

}  // namespace

bool is_own_host(std::string_view host, bool any_number) {
  std::string name(host);
  if (name.starts_with('[')) {
    const size_t end = name.find(']');
    if (end == name.npos || (end + 1 < name.size() && name[end + 1] != ':')) return false;
    name = name.substr(1, end - 1);
  } else if (const size_t colon = name.rfind(':'); colon != name.npos) {
    name.resize(colon);
  }
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost") || name == "::1") return true;
  if (name.starts_with("127.") && is_address(name)) return true;
  return any_number && (is_address(name) || name == host_name());
}

Response Router::answer(const Request& request) const {
  return *guarded([&] {
    auto response = refused(request);
    return response ? response : allowed(request);
  });
}

std::optional<Response> Router::refusal(const Request& head) const {
  return guarded([&] { return refused(head); });
}

bool Router::has_token(const Request& request) const {
  if (equal_secrets(request.cookie(options_.cookie_name), options_.token)) return true;
  const std::string_view given = request.header("authorization");
  return given.starts_with("Bearer ") && equal_secrets(given.substr(7), options_.token);
}

// The checks, in the order in which they cost more.
std::optional<Response> Router::refused(const Request& request) const {
  if (!is_own_host(request.header("host"), !options_.loopback))
    return plain(403, "stet ui: it is asked by a name that is not this machine's own");
  if (request.count("origin") > 0) {
    const std::string host(request.header("host"));
    const std::string_view origin = request.header("origin");
    if (origin != "http://" + host && origin != "https://" + host) return plain(403, "stet ui: another site asks");
  }
  const bool posts = request.method == "POST";
  if (request.method != "GET" && request.method != "HEAD" && !posts) return plain(405, "stet ui: GET and POST alone");
  const auto parameters = parameters_of(request.query);
  if (!parameters) return plain(400, "stet ui: the address can't be read");
  if (!posts && parameters->contains("token")) {
    if (equal_secrets(parameters->at("token"), options_.token)) return std::nullopt;
    return plain(401, "stet ui: this token is not the present one; open the address that stet ui printed");
  }
  if (!has_token(request)) return plain(401, "stet ui: open the address that stet ui printed");
  if (!posts) return std::nullopt;
  if (request.header("x-stet") != "1") return error(403, "this POST is not the page's");
  if (desk_.read_only) return error(403, "stet ui was started with --read-only");
  if (!request.path.starts_with(kApi)) return plain(405, "stet ui: nothing is posted here");
  if (!find(kPosts, request.path.substr(kApi.size()))) return error(404, "there is no such act");
  return std::nullopt;
}

Response Router::allowed(const Request& request) const {
  if (request.method != "POST" && parameters_of(request.query)->contains("token")) return admit(request);
  if (request.path.starts_with(kApi)) return api(request, request.path.substr(kApi.size()));
  return file(request);
}

// Turns the token into a cookie, and leads to the same address without it.
Response Router::admit(const Request& request) const {
  const std::string rest = without_token(request.query);
  // Relative, as a proxy may have put the page below another path.
  const std::string here = request.path.substr(request.path.rfind('/') + 1);
  Response response = plain(303, "");
  response.headers.emplace_back("Location", "./" + (is_page_file(here) ? here : "") + (rest.empty() ? "" : "?" + rest));
  response.headers.emplace_back("Set-Cookie", fmt::format("{}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
                                                          options_.cookie_name, options_.token));
  return response;
}

Response Router::api(const Request& request, const std::string& name) const {
  desk_.index.touch();
  if (request.method == "POST") {
    const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    if (body.is_discarded()) return error(400, "what was posted is no JSON");
    return json_response(find(kPosts, name)->act(desk_, body));
  }
  const Parameters parameters(*parameters_of(request.query));
  if (const GetBytes* bytes = find(kGetsOfBytes, name)) return bytes->answer(desk_, parameters);
  const Get* get = find(kGets, name);
  if (!get) return error(404, "there is no such question");
  std::string tag;
  if (get->kept) {
    tag = fmt::format("\"{}-{}-{}\"", desk_.index.instance(), desk_.index.generation(),
                      sha256_hex(name + "?" + request.query).substr(0, 16));
  } else if (name == "changes") {
    tag = "\"" + desk_.index.cursor() + "\"";
  }
  const auto with_tag = [&](Response response) {
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    if (!tag.empty()) response.headers.emplace_back("ETag", tag);
    return response;
  };
  const bool same = request.header("if-none-match") == tag ||
                    (name == "changes" && parameters.text("cursor") == desk_.index.cursor());
  if (!tag.empty() && same) return with_tag({304, "", ""});
  try {
    return with_tag(json_response(get->answer(desk_, parameters)));
  } catch (const query::QueryError& e) {
    Json json = error_json(e, parameters.text("query", kMostQueryBytes));
    json["error"] = json["message"];
    return json_response(json, 400);
  }
}

Response Router::file(const Request& request) const {
  const std::string name = request.path == "/" ? "page.html" : request.path.substr(1);
  const auto found = page_file(name, options_.page);
  if (!found) return plain(404, "stet ui: there is no such page");
  if (found->bytes.empty())
    return plain(404, "stet ui: this build has no page: esbuild was not there when it was built");
  Response response{200, found->type, found->bytes};
  const std::string tag = "\"" + sha256_hex(response.body).substr(0, 16) + "\"";
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("ETag", tag);
  if (request.header("if-none-match") == tag) response.status = 304;
  return response;
}

}  // namespace stet::tracking::ui
