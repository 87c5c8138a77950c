#include "stet/tracking/run/flags.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "stet/tensor/error.h"
#include "stet/tracking/record/list_text.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/config_entries.h"

namespace stet::tracking {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

constexpr size_t kLargestConfig = size_t{1} << 20;  // bytes

// Takes numbers as they are written, so that they are read as those of the command line are. What is in an object
// within has its name in front, with a dot; an array becomes the text of a list.
class JsonConfig final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonConfig(const std::string& path) : path_(path) {}
  ConfigEntries entries;
  std::optional<size_t> error_at;  ///< bytes that were read when it was no JSON any more

  bool start_object(size_t) override {
    if (!begun_) return begun_ = true;
    if (list_) return refuse();
    if (prefixes_.size() == kMostNested) return refuse();
    prefixes_.push_back(name_ + ".");
    return true;
  }
  bool end_object() override {
    if (!prefixes_.empty()) prefixes_.pop_back();
    return true;
  }
  bool key(string_t& name) override {
    if (name.empty()) raise<DataError>("{}: a value has no name", path_);
    name_ = (prefixes_.empty() ? "" : prefixes_.back()) + name;
    return true;
  }
  bool string(string_t& value) override { return put(list_ ? quoted_element(value) : value); }
  bool boolean(bool value) override { return put(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return put(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& written) override { return put(written); }
  bool null() override { return refuse(); }
  bool binary(binary_t&) override { return refuse(); }
  bool start_array(size_t) override {
    if (!begun_ || list_) return refuse();
    list_.emplace();
    return true;
  }
  bool end_array() override {
    entries.add(name_, list_text(*list_), path_, true);
    list_.reset();
    return true;
  }
  bool parse_error(size_t at, const std::string&, const nlohmann::detail::exception&) override {
    error_at = at;
    return false;
  }

 private:
  bool put(std::string value) {
    if (!begun_) return false;
    if (list_) list_->push_back(std::move(value));
    else entries.add(name_, std::move(value), path_);
    return true;
  }
  bool refuse() const {
    if (name_.empty()) return false;
    raise<DataError>(
        "{}: '{}' must be a number, a text, true or false, a list of such, or an object of such, {} deep at most",
        path_, printable(name_), kMostNested);
  }

  const std::string& path_;
  std::vector<std::string> prefixes_;
  std::string name_;                              // of the value that comes
  std::optional<std::vector<std::string>> list_;  // the elements of the array that is open
  bool begun_ = false;
};

std::vector<Flag> read_json(const std::string& path, const std::string& text) {
  JsonConfig config(path);
  if (nlohmann::json::sax_parse(text, &config)) return config.entries.take();
  const auto line =
      1 + std::count(text.begin(),
                     text.begin() + static_cast<std::ptrdiff_t>(std::min(config.error_at.value_or(0), text.size())),
                     '\n');
  raise<DataError>(
      "{}:{}: is no JSON object; write {{\"lr\": 0.001, …}}, a comma between two values and none behind "
      "the last, or lines of name = value",
      path, line);
}

std::vector<Flag> read_lines(const std::string& path, std::istringstream in) {
  ConfigEntries entries;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text = trim(std::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    const size_t equals = text.find('=');
    if (equals == text.npos) raise<DataError>("{}:{}: expected name = value", path, number);
    entries.add(std::string(trim(text.substr(0, equals))), std::string(trim(text.substr(equals + 1))),
                fmt::format("{}:{}", path, number));
  }
  return entries.take();
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
  std::string content(kLargestConfig + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad() || (in.fail() && !in.eof())) raise<DataError>("--config {}: can't be read", path);
  content.resize(static_cast<size_t>(in.gcount()));
  if (content.size() > kLargestConfig) raise<DataError>("--config {}: is larger than {} bytes", path, kLargestConfig);
  return parse_config(path, std::move(content));
}

std::vector<Flag> parse_config(const std::string& path, std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a mark that some editors put before UTF-8
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return read_yaml(path, text);
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') return read_json(path, text);
  return read_lines(path, std::istringstream(text));
}

}  // namespace stet::tracking
