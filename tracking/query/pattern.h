// What `=~` holds a text against.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace stet::tracking::query {

class Pattern {
 public:
  /// A shell pattern, which the whole text must match: * stands for any characters, ? for one, [a-c] and [!a-c] for one
  /// of a set; a backslash takes the next character as it is. Throws UsageError that says what is wrong.
  static std::shared_ptr<const Pattern> shell(std::string_view text);
  /// A regular expression in RE2's syntax, which some part of the text must match. Throws UsageError.
  static std::shared_ptr<const Pattern> regular(std::string_view text, bool ignores_case);
  ~Pattern();

  bool matches(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace stet::tracking::query
