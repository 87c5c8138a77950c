#include "stet/tracking/cli/download.h"

#include <curl/curl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "stet/tensor/error.h"
#include "stet/tensor/version.h"

namespace stet::tracking::cli {
namespace {

constexpr int kAttempts = 3;
constexpr long kSlowestBytes = 64, kSeconds = 30;  // a second, for so long

// A file that is written behind its end.
class Written {
 public:
  Written(const std::filesystem::path& path, int64_t most)
      : path_(path), most_(most), file_(std::fopen(path.c_str(), "ab"), &std::fclose) {
    if (!file_) fail();
    size_ = static_cast<int64_t>(std::filesystem::file_size(path));
  }

  int64_t size() const { return size_; }
  bool too_long() const { return too_long_; }
  int error() const { return error_; }

  // False where the file would be longer than it should, or can't be written.
  bool append(const char* data, size_t n) {
    too_long_ = n > static_cast<uint64_t>(most_ - size_);
    if (too_long_) return false;
    if (std::fwrite(data, 1, n, file_.get()) != n) return error_ = errno, false;
    size_ += static_cast<int64_t>(n);
    return true;
  }
  void clear() {
    std::fflush(file_.get());
    if (::ftruncate(::fileno(file_.get()), 0) != 0) fail();
    size_ = 0;
  }
  void sync() {
    if (error_ == 0 && (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0)) error_ = errno;
    if (error_ != 0) fail(error_);
  }

 private:
  [[noreturn]] void fail(int error = errno) const {
    throw IoError(path_.string() + ": " + std::strerror(error), error);
  }

  std::filesystem::path path_;
  int64_t most_, size_ = 0;
  bool too_long_ = false;
  int error_ = 0;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

size_t write(char* data, size_t, size_t n, void* to) { return static_cast<Written*>(to)->append(data, n) ? n : 0; }

// The share of a file that is there, on one line of a terminal.
struct Progress {
  const Download& download;
  const Written& file;
  int shown = -1;

  void show() {
    const auto percent = static_cast<int>(100 * file.size() / std::max<int64_t>(1, download.bytes));
    if (percent == shown) return;
    shown = percent;
    fmt::print(stderr, "\r{}: {} % of {} bytes ", download.shown, percent, download.bytes);
    std::fflush(stderr);
  }
  void clear() const {
    if (shown >= 0) fmt::print(stderr, "\r\033[K");
  }
};

int show(void* progress, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  static_cast<Progress*>(progress)->show();
  return 0;
}

// Is it worth another try?
bool passes(CURLcode code, long status) {
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR: return status >= 500 || status == 429;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2_STREAM: return true;
    default: return false;
  }
}

class Transfer {
 public:
  explicit Transfer(const Download& download)
      : download_(download), file_(download.to, download.bytes), handle_(curl_easy_init(), &curl_easy_cleanup) {
    if (!handle_) raise<DataError>("libcurl can't begin a transfer");
    set(CURLOPT_URL, download.address.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https,file");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, kSeconds);
    set(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytes);
    set(CURLOPT_LOW_SPEED_TIME, kSeconds);
    set(CURLOPT_USERAGENT, (std::string("stet/") + version).c_str());
    set(CURLOPT_ERRORBUFFER, reason_);
    set(CURLOPT_WRITEFUNCTION, &write);
    set(CURLOPT_WRITEDATA, &file_);
  }

  std::string run() {
    Progress progress{download_, file_};
    if (::isatty(STDERR_FILENO) == 1) {
      set(CURLOPT_NOPROGRESS, 0L);
      set(CURLOPT_XFERINFOFUNCTION, &show);
      set(CURLOPT_XFERINFODATA, &progress);
    }
    std::string wrong;
    for (int attempt = 1; attempt <= kAttempts && file_.size() != download_.bytes; ++attempt) {
      bool again = false;
      wrong = attempt_once(again);
      if (!again) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(200 * attempt));
    }
    progress.clear();
    file_.sync();
    if (wrong.empty() && file_.size() != download_.bytes)
      wrong = fmt::format("ended after {} of {} bytes", file_.size(), download_.bytes);
    return wrong;
  }

 private:
  template <class T> void set(CURLoption option, T value) { curl_easy_setopt(handle_.get(), option, value); }

  std::string attempt_once(bool& again) {
    set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(file_.size()));
    reason_[0] = '\0';
    const CURLcode code = curl_easy_perform(handle_.get());
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) return "";
    if (file_.error() != 0) return "";  // sync() throws
    if (file_.too_long()) return fmt::format("is longer than {} bytes", download_.bytes);
    // What is there, the server can't go on with.
    if (file_.size() > 0 && (code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME || status == 416)) {
      file_.clear();
      again = true;
    } else {
      again = passes(code, status);
    }
    return reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
  }

  const Download& download_;
  Written file_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  char reason_[CURL_ERROR_SIZE] = {};
};

}  // namespace

std::string fetch(const Download& download) { return Transfer(download).run(); }

}  // namespace stet::tracking::cli
