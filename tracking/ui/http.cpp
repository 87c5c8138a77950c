#include "stet/tracking/ui/http.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>

namespace stet::tracking::ui {
namespace {

constexpr size_t kWorthCompressing = 1400;  // bytes: what fits into a packet costs one anyway

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kSigns.find(c) != kSigns.npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127; });
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Calls `use` with each part between separators.
template <class F> void for_each_part(std::string_view text, char separator, const F& use) {
  for (;;) {
    const size_t end = text.find(separator);
    use(text.substr(0, end));
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

bool takes_gzip(std::string_view accepted) {
  bool takes = false;
  for_each_part(accepted, ',', [&](std::string_view part) {
    const std::string_view name = trimmed(part.substr(0, part.find(';')));
    const std::string_view weight = part.substr(std::min(part.find(';'), part.size()));
    if (name == "gzip") takes = weight.find("q=0") == weight.npos || weight.find("q=0.") != weight.npos;
  });
  return takes;
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/javascript") || type.starts_with("image/svg");
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [n, value] : headers) {
    if (n == name) return value;
  }
  return {};
}

size_t Request::count(std::string_view name) const {
  return static_cast<size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; }));
}

std::string_view Request::cookie(std::string_view name) const {
  std::string_view found;
  for (const auto& [header_name, value] : headers) {
    if (header_name != "cookie") continue;
    for_each_part(value, ';', [&](std::string_view part) {
      part = trimmed(part);
      if (part.substr(0, part.find('=')) == name && part.size() > name.size()) found = part.substr(name.size() + 1);
    });
  }
  return found;
}

void RequestReader::refuse(int status) {
  state_ = State::refused;
  status_ = status;
  buffer_.clear();
}

void RequestReader::add(std::string_view bytes) {
  if (state_ == State::whole || state_ == State::refused) return;
  buffer_ += bytes;
  if (state_ == State::head) {
    while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);  // that some clients send behind a body
    const size_t end = buffer_.find("\r\n\r\n", looked_ < 3 ? 0 : looked_ - 3);
    looked_ = buffer_.size();
    if (std::min(end, buffer_.size()) > kMostHeadBytes) {
      refuse(431);
      return;
    }
    if (end == buffer_.npos) return;
    read_head(end);
  }
  if (state_ == State::body && buffer_.size() >= body_bytes_) {
    request_.body = buffer_.substr(0, body_bytes_);
    buffer_.erase(0, body_bytes_);
    state_ = State::whole;
  }
}

void RequestReader::read_head(size_t end) {
  const std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  looked_ = 0;
  const size_t line_end = std::min(head.find("\r\n"), head.size());
  if (!read_line(std::string_view(head).substr(0, line_end))) return;
  std::string_view rest = std::string_view(head).substr(std::min(line_end + 2, head.size()));
  while (!rest.empty()) {
    const size_t next = std::min(rest.find("\r\n"), rest.size());
    if (!read_header(rest.substr(0, next))) return;
    rest.remove_prefix(std::min(next + 2, rest.size()));
  }
  if (request_.count("host") != 1) return refuse(400);
  const std::string connection = lower(request_.header("connection"));
  if (connection.find("close") != connection.npos) request_.keeps_open = false;
  if (request_.count("transfer-encoding") > 0) return refuse(501);  // a body's length is to be known
  if (request_.count("content-length") > 1) return refuse(400);
  const std::string_view length = request_.header("content-length");
  if (request_.method == "POST" && request_.count("content-length") == 0) return refuse(411);
  if (request_.count("content-length") == 1) {
    const auto [stop, error] = std::from_chars(length.data(), length.data() + length.size(), body_bytes_);
    if (length.empty() || stop != length.data() + length.size()) return refuse(400);
    if (error != std::errc() || body_bytes_ > kMostBodyBytes) return refuse(413);
  }
  state_ = State::body;
}

bool RequestReader::read_line(std::string_view line) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  const auto fail = [&](int status) {
    refuse(status);
    return false;
  };
  if (first == line.npos || last == first) return fail(400);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return fail(version.starts_with("HTTP/") ? 505 : 400);
  request_.keeps_open = version == "HTTP/1.1";
  request_.method = line.substr(0, first);
  if (!is_token(request_.method)) return fail(400);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!target.starts_with('/') || target.find(' ') != target.npos || has_control(target)) return fail(400);
  const size_t mark = std::min(target.find('?'), target.size());
  const auto path = decoded(target.substr(0, mark), false);
  if (!path || has_control(*path)) return fail(400);
  request_.path = *path;
  request_.query = target.substr(std::min(mark + 1, target.size()));
  return true;
}

bool RequestReader::read_header(std::string_view line) {
  const size_t colon = line.find(':');
  const bool fits = colon != line.npos && is_token(line.substr(0, colon)) && !has_control(line);
  if (!fits || request_.headers.size() == kMostHeaders) {
    refuse(fits ? 431 : 400);
    return false;
  }
  request_.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return true;
}

Request RequestReader::take() {
  Request request = std::move(request_);
  std::string rest = std::move(buffer_);
  *this = RequestReader();
  add(rest);
  return request;
}

std::string serialized(const Response& response, bool keeps_open, bool with_body) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (response.status != 304) {
    if (!response.type.empty()) text += fmt::format("Content-Type: {}\r\n", response.type);
    text += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  text += keeps_open ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (with_body && response.status != 304) text += response.body;
  return text;
}

void compress(Response& response, const Request& request) {
  if (!is_text(response.type)) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (response.body.size() < kWorthCompressing || !takes_gzip(request.header("accept-encoding"))) return;
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (::deflateInit2(&stream, 1, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) return;
  std::string small(::deflateBound(&stream, static_cast<uLong>(response.body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(response.body.data());
  stream.avail_in = static_cast<uInt>(response.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(small.data());
  stream.avail_out = static_cast<uInt>(small.size());
  const bool done = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  small.resize(small.size() - stream.avail_out);
  ::deflateEnd(&stream);
  if (!done || small.size() >= response.body.size()) return;
  response.body = std::move(small);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

std::optional<std::string> decoded(std::string_view text, bool plus) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return {};
      const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus) {
      c = ' ';
    }
    if (c == '\0') return {};
    out += c;
  }
  return out;
}

std::optional<std::map<std::string, std::string>> parameters_of(std::string_view query) {
  std::map<std::string, std::string> parameters;
  bool good = true;
  if (query.empty()) return parameters;
  for_each_part(query, '&', [&](std::string_view part) {
    if (part.empty()) return;
    const size_t equals = std::min(part.find('='), part.size());
    const auto name = decoded(part.substr(0, equals), true);
    const auto value = decoded(part.substr(std::min(equals + 1, part.size())), true);
    if (name && value) parameters[*name] = *value;
    else good = false;
  });
  if (!good) return {};
  return parameters;
}

}  // namespace stet::tracking::ui
