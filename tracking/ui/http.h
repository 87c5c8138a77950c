// HTTP/1.1, as far as a page on one's own machine takes it: requests read under limits, responses written. No sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stet::tracking::ui {

inline constexpr size_t kMostHeadBytes = size_t{80} << 10;  ///< of a request's line and headers
inline constexpr size_t kMostHeaders = 100;
inline constexpr size_t kMostBodyBytes = size_t{1} << 20;

struct Request {
  std::string method;
  std::string path;                                          ///< decoded, begins with a slash
  std::string query;                                         ///< as it was sent
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  bool keeps_open = true;  ///< the connection, for a next request

  /// The value of a header; empty where there is none.
  std::string_view header(std::string_view name) const;
  /// How often it was sent.
  size_t count(std::string_view name) const;
  /// The value of a cookie; empty where there is none.
  std::string_view cookie(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Takes a request's bytes as they come.
class RequestReader {
 public:
  enum class State : uint8_t { head, body, whole, refused };

  /// Adds bytes; a request that is whole, or refused, takes no more of them.
  void add(std::string_view bytes);
  State state() const { return state_; }
  /// Has anything of a request come?
  bool has_begun() const { return state_ != State::head || !buffer_.empty(); }
  /// The request without its body, once its head was read.
  const Request& head() const { return request_; }
  /// Why it was refused: a status of HTTP.
  int status() const { return status_; }
  /// Gives the whole request away; what came behind it is the next one's beginning.
  Request take();

 private:
  void read_head(size_t end);
  bool read_line(std::string_view line);
  bool read_header(std::string_view line);
  void refuse(int status);

  State state_ = State::head;
  int status_ = 0;
  std::string buffer_;
  size_t looked_ = 0;  // at so many bytes, for the head's end
  size_t body_bytes_ = 0;
  Request request_;
};

/// A response as it is sent. `with_body`: not for HEAD.
std::string serialized(const Response& response, bool keeps_open, bool with_body);

/// Compressed, where the request takes that and it pays.
void compress(Response& response, const Request& request);

/// %xx and, with `plus`, + as a blank. None where it is no such text, or holds a zero byte.
std::optional<std::string> decoded(std::string_view text, bool plus);
/// A query's parameters; of equal names the last. None where they are no such text.
std::optional<std::map<std::string, std::string>> parameters_of(std::string_view query);

}  // namespace stet::tracking::ui
