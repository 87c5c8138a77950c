#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "stet/tracking/record/list_text.h"
#include "stet/tracking/run/config_entries.h"

namespace stet::tracking {
namespace {

// Takes values as they are written, so that they are read as those of the command line are. What is in a map within has
// its name in front, with a dot; a sequence becomes the text of a list. Nothing is kept but the entries: a file costs
// no more than its bytes.
class YamlConfig final : public YAML::EventHandler {
 public:
  explicit YamlConfig(const std::string& path) : path_(path) {}
  ConfigEntries entries;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    raise<DataError>("{}: aliases are not taken; write the value out", at(mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    if (prefixes_.empty()) refuse(mark);
    if (!is_standard(tag)) raise<DataError>("{}: the tag {} is not taken", at(mark), printable(tag));
    if (list_) {
      list_->push_back(quoted_element(value));
      return;
    }
    if (awaits_value_) {
      entries.add(name_, value, at(mark));
    } else {
      if (value.empty()) raise<DataError>("{}: a value has no name", at(mark));
      name_ = prefixes_.back() + value;
    }
    awaits_value_ = !awaits_value_;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    if (!awaits_value_ || list_) refuse(mark);
    list_.emplace();
    list_at_ = at(mark);
  }
  void OnSequenceEnd() override {
    entries.add(name_, list_text(*list_), list_at_, true);
    list_.reset();
    awaits_value_ = false;
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    const bool is_whole = prefixes_.empty();
    if ((!is_whole && !awaits_value_) || list_ || prefixes_.size() > kMostNested) refuse(mark);
    prefixes_.push_back(is_whole ? "" : name_ + ".");
    awaits_value_ = false;
  }
  void OnMapEnd() override {
    prefixes_.pop_back();
    awaits_value_ = false;
  }

 private:
  static bool is_standard(std::string_view tag) {
    constexpr std::string_view standard = "tag:yaml.org,2002:";
    if (!tag.starts_with(standard)) return tag.empty() || tag == "?" || tag == "!";
    tag.remove_prefix(standard.size());
    return tag == "str" || tag == "int" || tag == "float" || tag == "bool";
  }
  std::string at(const YAML::Mark& mark) const { return fmt::format("{}:{}", path_, mark.line + 1); }
  [[noreturn]] void refuse(const YAML::Mark& mark) const {
    if (name_.empty()) raise<DataError>("{}: is no map; write lines of name: value", at(mark));
    raise<DataError>(
        "{}: '{}' must be a number, a text, true or false, a list of such, or a map of such, {} deep at most", at(mark),
        printable(name_), kMostNested);
  }

  const std::string& path_;
  std::vector<std::string> prefixes_;  // of the maps that are open
  std::string name_;                   // of the value that comes
  bool awaits_value_ = false;
  std::optional<std::vector<std::string>> list_;  // the elements of the sequence that is open
  std::string list_at_;                           // where it began
};

}  // namespace

std::vector<Flag> read_yaml(const std::string& path, const std::string& text) {
  YamlConfig config(path);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    if (parser.HandleNextDocument(config)) {
      YamlConfig further(path);
      if (parser.HandleNextDocument(further)) raise<DataError>("{}: holds more than one document", path);
    }
  } catch (const YAML::Exception& e) {
    raise<DataError>("{}:{}: is no YAML: {}", path, e.mark.line + 1, in_one_line(e.msg));
  }
  return config.entries.take();
}

}  // namespace stet::tracking
