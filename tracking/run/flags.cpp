#include "stet/tracking/run/flags.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<Flag> read_json(const std::string& path, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object())
    raise<DataError>("{}: is no JSON object; write {{\"lr\": 0.001, …}} or lines of name = value", path);
  std::vector<Flag> entries;
  for (const auto& [name, value] : json.items()) {
    if (value.is_structured() || value.is_null())
      raise<DataError>("{}: '{}' must be a number, a text or true or false", path, name);
    entries.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  return entries;
}

std::vector<Flag> read_lines(const std::string& path, std::istream& in) {
  std::vector<Flag> entries;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text = trim(std::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    const size_t equals = text.find('=');
    if (equals == text.npos) raise<DataError>("{}:{}: expected name = value", path, number);
    entries.push_back({std::string(trim(text.substr(0, equals))), std::string(trim(text.substr(equals + 1)))});
  }
  return entries;
}

}  // namespace

std::vector<Flag> scan_flags(int argc, const char* const* argv) {
  std::vector<Flag> flags;
  std::set<std::string> seen;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "-h") {
      flags.push_back({"help", {}});
      continue;
    }
    if (!word.starts_with("--") || word.size() == 2)
      raise("{}: is no flag; flags are written --name value (see --help)", word);
    const size_t equals = word.find('=');
    Flag flag{std::string(word.substr(2, equals == word.npos ? word.npos : equals - 2)), {}};
    if (equals != word.npos) {
      flag.value = word.substr(equals + 1);
    } else if (i + 1 < argc && !std::string_view(argv[i + 1]).starts_with("--")) {
      flag.value = argv[++i];
    }
    if (!seen.insert(flag.name).second) raise("--{}: was given twice", flag.name);
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::vector<Flag> read_config(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) raise<DataError>("--config {}: can't be read", path);
  std::stringstream content;
  content << in.rdbuf();
  if (!in || content.bad()) raise<DataError>("--config {}: can't be read", path);
  const std::string text = content.str();
  if (trim(text).starts_with('{')) return read_json(path, text);
  return read_lines(path, content);
}

}  // namespace stet::tracking
