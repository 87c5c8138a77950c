#include "stet/nn/weights/safetensors_header.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tensor/shape.h"

namespace stet::nn {
namespace {

using Json = nlohmann::json;

// No model's tensor has more axes, or a longer name; patterns are tried on names, which takes stack for each character.
constexpr size_t kMostAxes = 64, kLongestTensorName = 1024;

constexpr std::array<std::pair<std::string_view, int>, 20> kTypes{
    {{"BOOL", 8},    {"U8", 8},      {"I8", 8},      {"I16", 16}, {"U16", 16},    {"F16", 16},   {"BF16", 16},
     {"I32", 32},    {"U32", 32},    {"F32", 32},    {"I64", 64}, {"U64", 64},    {"F64", 64},   {"C64", 64},
     {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}}};

// JSON's events, of which a reader takes those that its format has: no tree is built, so that a file's nesting and its
// lists cost no memory.
class Events : public Json::json_sax_t {
 public:
  explicit Events(std::string file) : file_(std::move(file)) {}

  void parse(std::string_view json) { Json::sax_parse(json.begin(), json.end(), this); }

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_integer(number_integer_t v) override { unexpected(std::to_string(v)); }
  bool number_unsigned(number_unsigned_t v) override { unexpected(std::to_string(v)); }
  bool number_float(number_float_t, const string_t& text) override { unexpected(text); }
  bool string(string_t& text) override { unexpected("\"" + text + "\""); }
  bool binary(binary_t&) override { unexpected("binary"); }
  bool start_array(size_t) override { unexpected("a list"); }
  bool end_array() override { return true; }
  bool parse_error(size_t at, const std::string&, const nlohmann::detail::exception&) override {
    raise<DataError>("{}: damaged: what should be JSON is not, at byte {}", file_, at);
  }

 protected:
  [[noreturn]] void unexpected(const std::string& what) const {
    raise<DataError>("{}: damaged: {} holds {} where the format has something else", file_, place(), shown(what));
  }
  [[noreturn]] void twice(std::string_view what, const std::string& name) const {
    raise<DataError>("{}: damaged: it has two {} '{}'", file_, what, shown(name));
  }
  virtual std::string place() const = 0;

  const std::string file_;
};

class HeaderEvents final : public Events {
 public:
  using Events::Events;
  Header take() { return std::move(header_); }

  bool start_object(size_t) override {
    if (depth_ == 2) unexpected("an object");
    if (++depth_ == 2 && !is_metadata()) entry_ = {}, fields_.clear();
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && !is_metadata()) finish_entry();
    return true;
  }
  bool key(string_t& text) override {
    if (depth_ == 1) {
      begin(text);
    } else if (is_metadata()) {
      key_ = text;
    } else {
      key_ = text;
      if (key_ != "dtype" && key_ != "shape" && key_ != "data_offsets") unexpected("\"" + text + "\"");
      if (!fields_.insert(text).second)
        raise<DataError>("{}: damaged: tensor '{}' has {} twice", file_, shown(name_), key_);
    }
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ == 2 && is_metadata()) {
      if (!header_.metadata.emplace(key_, text).second) twice("metadata", key_);
    } else if (depth_ == 2 && key_ == "dtype") {
      entry_.type = text;
    } else {
      unexpected("\"" + text + "\"");
    }
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ != 2 || is_metadata() || key_ == "dtype" || list_) unexpected("a list");
    list_.emplace();
    return true;
  }
  bool number_unsigned(number_unsigned_t v) override {
    if (!list_) unexpected(std::to_string(v));
    if (list_->size() == kMostAxes)
      raise<DataError>("{}: damaged: tensor '{}' has more than {} axes", file_, shown(name_), kMostAxes);
    list_->push_back(v);
    return true;
  }
  bool end_array() override {
    if (key_ == "shape") set_shape();
    else set_offsets();
    list_.reset();
    return true;
  }

 private:
  bool is_metadata() const { return name_ == "__metadata__"; }
  std::string place() const override { return name_.empty() ? "its header" : fmt::format("'{}'", shown(name_)); }

  void begin(const std::string& name) {
    name_ = name;
    if (name.empty()) raise<DataError>("{}: damaged: a tensor has no name", file_);
    if (name.size() > kLongestTensorName)
      raise<DataError>("{}: damaged: the name '{}' has {} bytes", file_, shown(name), name.size());
    if (header_.tensors.contains(name) || (is_metadata() && std::exchange(metadata_seen_, true)))
      twice("entries", name);
  }
  void set_shape() {
    for (uint64_t extent : *list_) {
      if (extent > static_cast<uint64_t>(INT64_MAX)) unexpected(std::to_string(extent));
      entry_.shape.push_back(static_cast<int64_t>(extent));
    }
  }
  void set_offsets() {
    if (list_->size() != 2) unexpected(fmt::format("{} data_offsets", list_->size()));
    entry_.begin = (*list_)[0];
    entry_.end = (*list_)[1];
  }
  void finish_entry() {
    if (fields_.size() != 3)
      raise<DataError>("{}: damaged: tensor '{}' lacks dtype, shape or data_offsets", file_, shown(name_));
    header_.tensors.emplace(name_, std::move(entry_));
  }

  Header header_;
  HeaderEntry entry_;
  std::set<std::string> fields_;
  std::optional<std::vector<uint64_t>> list_;
  std::string name_, key_;
  int depth_ = 0;
  bool metadata_seen_ = false;
};

// Of an index, what lies beside the map of weights is passed over.
class IndexEvents final : public Events {
 public:
  using Events::Events;
  std::map<std::string, std::string> take() {
    if (!seen_) raise<DataError>("{}: damaged: it has no weight_map; is it the index of a model's weights?", file_);
    return std::move(map_);
  }

  bool null() override { return passed_over("null"); }
  bool boolean(bool) override { return passed_over("true or false"); }
  bool number_integer(number_integer_t v) override { return passed_over(std::to_string(v)); }
  bool number_unsigned(number_unsigned_t v) override { return passed_over(std::to_string(v)); }
  bool number_float(number_float_t, const string_t& text) override { return passed_over(text); }
  bool start_array(size_t) override { return passed_over("a list"); }
  bool start_object(size_t) override {
    if (depth_ == 1 && top_ == "weight_map") in_map_ = true;
    else if (depth_ > 0) passed_over("an object");
    ++depth_;
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1) in_map_ = false;
    return true;
  }
  bool key(string_t& text) override {
    if (depth_ == 1) {
      top_ = text;
      if (top_ == "weight_map" && std::exchange(seen_, true)) twice("entries", text);
    }
    key_ = text;
    return true;
  }
  bool string(string_t& text) override {
    if (!in_map_) return passed_over("\"" + text + "\"");
    if (!map_.emplace(key_, text).second) twice("entries", key_);
    return true;
  }

 private:
  bool passed_over(const std::string& what) {
    if (in_map_ || depth_ == 0 || top_ == "weight_map") unexpected(what);
    return true;
  }
  std::string place() const override { return top_.empty() ? "it" : fmt::format("'{}'", shown(top_)); }

  std::map<std::string, std::string> map_;
  std::string top_, key_;
  size_t depth_ = 0;
  bool in_map_ = false, seen_ = false;
};

// The bytes of a tensor; none where there is no such number.
std::optional<uint64_t> size_of(const HeaderEntry& entry) {
  uint64_t bits = static_cast<uint64_t>(bits_of(entry.type));
  for (int64_t extent : entry.shape) {
    if (extent != 0 && __builtin_mul_overflow(bits, static_cast<uint64_t>(extent), &bits)) return std::nullopt;
  }
  if (std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end()) return 0;
  return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

void check_entry(const std::string& name, const HeaderEntry& entry, uint64_t bytes, const std::string& file) {
  if (bits_of(entry.type) == 0)
    raise<DataError>("{}: tensor '{}' has the dtype '{}', which the format has not", file, shown(name),
                     shown(entry.type));
  if (entry.begin > entry.end || entry.end > bytes) {
    raise<DataError>("{}: truncated or damaged: tensor '{}' lies at [{}, {}) of {} bytes", file, shown(name),
                     entry.begin, entry.end, bytes);
  }
  const auto size = size_of(entry);
  if (!size || *size != entry.end - entry.begin) {
    raise<DataError>("{}: damaged: tensor '{}' has {} bytes, {} {} has {}", file, shown(name), entry.end - entry.begin,
                     entry.type, Shape(entry.shape).to_string(), size ? std::to_string(*size) : "more than any file");
  }
}

// The tensors fill the file one behind another.
void check_places(const Header& header, uint64_t bytes, const std::string& file) {
  std::vector<std::pair<const std::string*, const HeaderEntry*>> order;
  for (const auto& [name, entry] : header.tensors) order.emplace_back(&name, &entry);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
  });
  uint64_t at = 0;
  for (const auto& [name, entry] : order) {
    if (entry->begin != at) {
      raise<DataError>("{}: damaged: tensor '{}' begins at byte {}, {} where the one before it ends, {}", file,
                       shown(*name), entry->begin, entry->begin < at ? "before" : "behind", at);
    }
    at = entry->end;
  }
  if (at != bytes) raise<DataError>("{}: damaged: {} bytes follow its last tensor", file, bytes - at);
}

}  // namespace

int bits_of(std::string_view type) {
  for (const auto& [name, bits] : kTypes) {
    if (name == type) return bits;
  }
  return 0;
}

std::string shown(std::string_view name) {
  // A cut within a character of several bytes leaves none of it.
  size_t size = std::min<size_t>(name.size(), 100);
  while (size < name.size() && size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80) --size;
  std::string text(name.substr(0, size));
  if (size < name.size()) text += "…";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return text;
}

Header parse_header(std::string_view json, uint64_t bytes, const std::string& file) {
  HeaderEvents events(file);
  events.parse(json);
  Header header = events.take();
  for (const auto& [name, entry] : header.tensors) check_entry(name, entry, bytes, file);
  check_places(header, bytes, file);
  return header;
}

std::map<std::string, std::string> parse_index(std::string_view json, const std::string& file) {
  IndexEvents events(file);
  events.parse(json);
  return events.take();
}

}  // namespace stet::nn
