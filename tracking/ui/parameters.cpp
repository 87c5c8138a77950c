#include "stet/tracking/ui/parameters.h"

#include <charconv>
#include <cmath>

#include "stet/tracking/record/text.h"

namespace stet::tracking::ui {
namespace {

const std::string kNothing;

// A number that is all of the text.
template <class T> T parsed(const std::string& name, const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw Refusal(400, fmt::format("{} '{}' is no number", name, printable(text.substr(0, 40))));
  return value;
}

constexpr size_t kLongestList = size_t{64} << 10;

// The parts that are not empty, no more than so many.
std::vector<std::string> held_to(std::vector<std::string> parts, const std::string& name, size_t most) {
  std::erase(parts, "");
  if (parts.size() > most) throw Refusal(400, fmt::format("{} names more than {}", name, most));
  return parts;
}

}  // namespace

bool Parameters::has(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() && !found->second.empty();
}

const std::string& Parameters::text(const std::string& name, size_t most_bytes) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return kNothing;
  if (found->second.size() > most_bytes)
    throw Refusal(400, fmt::format("{} is longer than {} bytes", name, most_bytes));
  if (!is_utf8(found->second)) throw Refusal(400, fmt::format("{} is no UTF-8", name));
  return found->second;
}

const std::string& Parameters::required(const std::string& name, size_t most_bytes) const {
  const std::string& value = text(name, most_bytes);
  if (value.empty()) throw Refusal(400, fmt::format("the parameter {} is missing", name));
  return value;
}

int64_t Parameters::integer(const std::string& name, int64_t otherwise, int64_t least, int64_t most) const {
  if (!has(name)) return otherwise;
  const auto value = parsed<int64_t>(name, text(name));
  if (value < least || value > most)
    throw Refusal(400, fmt::format("{} {} is not from {} to {}", name, value, least, most));
  return value;
}

double Parameters::number(const std::string& name, double otherwise) const {
  if (!has(name)) return otherwise;
  const auto value = parsed<double>(name, text(name));
  if (!std::isfinite(value)) throw Refusal(400, fmt::format("{} is not finite", name));
  return value;
}

bool Parameters::flag(const std::string& name) const {
  const std::string& value = text(name);
  if (value == "1" || value == "true") return true;
  if (value.empty() || value == "0" || value == "false") return false;
  throw Refusal(400, fmt::format("{} is neither 1 nor 0", name));
}

std::vector<std::string> Parameters::list(const std::string& name, size_t most) const {
  std::vector<std::string> parts(1);
  int depth = 0;
  char quote = 0;
  const std::string& whole = text(name, kLongestList);
  for (size_t i = 0; i < whole.size(); ++i) {
    const char c = whole[i];
    if (c == ',' && depth <= 0 && !quote) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
    if (quote) {
      if (c == '\\' && i + 1 < whole.size()) parts.back() += whole[++i];
      else if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '(') {
      ++depth;
    } else if (c == ']' || c == ')') {
      --depth;
    }
  }
  for (std::string& part : parts) {
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
  }
  return held_to(std::move(parts), name, most);
}

std::vector<std::string> Parameters::names(const std::string& name, size_t most) const {
  std::vector<std::string> parts(1);
  const std::string& whole = text(name, kLongestList);
  for (size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] == ',') parts.emplace_back();
    else parts.back() += whole[i] == '\\' && i + 1 < whole.size() ? whole[++i] : whole[i];
  }
  return held_to(std::move(parts), name, most);
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    for (const char c : name) text += c == ',' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  }
  return text;
}

}  // namespace stet::tracking::ui
