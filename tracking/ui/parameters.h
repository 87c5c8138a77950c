// What a request asks for: its parameters, each held to its bounds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"

namespace stet::tracking::ui {

/// A request that can't be answered, and HTTP's status for that.
class Refusal : public UsageError {
 public:
  Refusal(int status, const std::string& why) : UsageError(why), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

/// All throw Refusal where a parameter is not what it must be.
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  bool has(const std::string& name) const;  ///< and not empty
  /// Empty where it is not there.
  const std::string& text(const std::string& name, size_t most_bytes = 4096) const;
  /// The same of one that must be there.
  const std::string& required(const std::string& name, size_t most_bytes = 4096) const;
  int64_t integer(const std::string& name, int64_t otherwise, int64_t least, int64_t most) const;
  double number(const std::string& name, double otherwise) const;
  bool flag(const std::string& name) const;  ///< 1, or 0 or nothing
  /// Parts between commas; commas in brackets and quotes are of a part.
  std::vector<std::string> list(const std::string& name, size_t most) const;
  /// Names between commas, which may hold anything: a comma or backslash of a name stands behind a backslash.
  std::vector<std::string> names(const std::string& name, size_t most) const;

 private:
  std::map<std::string, std::string> values_;
};

/// The text that Parameters::names takes apart, as the page writes it.
std::string names_text(const std::vector<std::string>& names);

}  // namespace stet::tracking::ui
