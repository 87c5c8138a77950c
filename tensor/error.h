// The errors that Stet throws: one small family, each message one line with the culprit and the remedy.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace stet {

/// Base of all of Stet's errors.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong call, flag, shape or name. Before training begins a program ends with status 2 on it.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Unreadable, truncated or damaged input, or a folder that can't be written.
class DataError : public Error {
 public:
  using Error::Error;
};

/// An operation of the file system failed; `code` is its errno.
class IoError : public Error {
 public:
  IoError(const std::string& message, int error_code) : Error(message), code(error_code) {}
  int code;
};

/// Training itself went wrong: a NaN loss, say. A program ends with status 1 on it.
class TrainingError : public Error {
 public:
  using Error::Error;
};

/// A device has no memory left for what was asked.
class MemoryError : public Error {
 public:
  using Error::Error;
};

/// Throws E with a message formatted by fmt.
template <class E = UsageError, class... Args>
[[noreturn]] void raise(fmt::format_string<Args...> format, Args&&... args) {
  throw E(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace stet
