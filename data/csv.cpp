#include "stet/data/csv.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <type_traits>
#include <utility>

#include "stet/data/fingerprint.h"
#include "stet/data/gzip.h"
#include "stet/tensor/error.h"
#include "stet/tensor/number_text.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

// A field as an error's one line can show it.
std::string shown(const std::string& field) {
  std::string text = field.size() <= 40 ? field : field.substr(0, 40) + "…";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

}  // namespace

class CsvReader {
 public:
  CsvReader(const FileBytes& file, const CsvOptions& options) : options_(options), text_(unpack(file)) {
    table_.file_ = file.name;
    table_.missing_ = options.missing;
    // The byte order mark that spreadsheets write.
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }

  CsvTable read() {
    while (at_ < text_.size()) {
      const int64_t line = line_;
      std::vector<std::string> fields = read_row();
      if (!fields.empty()) add(std::move(fields), line);
    }
    if (table_.lines_.empty()) raise<DataError>("data: {}: holds no rows", table_.file_);
    return std::move(table_);
  }

 private:
  // The fields of the row at the position; none of an empty line.
  std::vector<std::string> read_row() {
    std::vector<std::string> fields;
    if (options_.comment != 0 && text_[at_] == options_.comment) skip_line();
    if (at_ == text_.size() || end_line()) return fields;
    for (;;) {
      fields.push_back(at_ < text_.size() && text_[at_] == '"' ? read_quoted() : read_plain());
      if (at_ == text_.size() || end_line()) return fields;
      if (text_[at_] != options_.delimiter)
        raise<DataError>("data: {}:{}: text follows a closing quote", table_.file_, line_);
      ++at_;
    }
  }

  void skip_line() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  std::string read_plain() {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != options_.delimiter && !at_line_end()) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string read_quoted() {
    const int64_t line = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_ == text_.size() || text_[at_] != '"') return field;
      } else if (text_[at_] == '\n') {
        ++line_;
      }
      field += text_[at_];
    }
    raise<DataError>("data: {}:{}: a quote opens and doesn't close", table_.file_, line);
  }

  bool at_line_end() const {
    return text_[at_] == '\n' || (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n');
  }

  bool end_line() {
    if (at_ == text_.size() || !at_line_end()) return false;
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++line_;
    return true;
  }

  void add(std::vector<std::string> fields, int64_t line) {
    if (table_.names_.empty()) {
      name_columns(fields, line);
      if (options_.header) return;
    }
    if (fields.size() != table_.names_.size()) {
      const bool marked = table_.names_[0].starts_with('#') || fields[0].starts_with('#');
      raise<DataError>("data: {}:{}: {} fields, the table has {} columns{}", table_.file_, line, fields.size(),
                       table_.names_.size(),
                       marked ? "; the option `comment` passes over lines that begin with #" : "");
    }
    for (size_t c = 0; c < fields.size(); ++c) table_.columns_[c].push_back(std::move(fields[c]));
    table_.lines_.push_back(line);
  }

  void name_columns(const std::vector<std::string>& fields, int64_t line) {
    std::set<std::string> seen;
    for (size_t c = 0; c < fields.size(); ++c) {
      table_.names_.push_back(options_.header ? fields[c] : std::to_string(c));
      if (!seen.insert(table_.names_.back()).second) {
        raise<DataError>("data: {}:{}: two columns are named '{}'", table_.file_, line, shown(table_.names_.back()));
      }
    }
    table_.columns_.resize(fields.size());
  }

  const CsvOptions options_;
  const std::string text_;
  size_t at_ = 0;
  int64_t line_ = 1;
  CsvTable table_;
};

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

NumberText parse_integer(std::string_view text, auto& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return NumberText::out_of_range;
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? NumberText::number : NumberText::no_number;
}

// What is wrong with a field as a number of type T; null if nothing is.
template <class T> const char* parse(std::string_view text, T& value) {
  text = trimmed(text);
  if (text.empty()) return "is empty, which is no";
  if (text.front() == '+' && text.size() > 1 && text[1] != '-') text.remove_prefix(1);  // from_chars takes no plus
  NumberText read;
  if constexpr (std::is_floating_point_v<T>) read = parse_number(text, value);
  else read = parse_integer(text, value);
  return read == NumberText::number ? nullptr : read == NumberText::no_number ? "is no" : "is out of range for";
}

// What is wrong with a field that stands for no value; null if it can be NaN.
template <class T> const char* parse_missing(T& value) {
  if constexpr (std::is_floating_point_v<T>) value = std::numeric_limits<T>::quiet_NaN();
  return std::is_floating_point_v<T> ? nullptr : "is missing, and there is no NaN of";
}

// Where a field that is no number looks as if it stood for no value, how to say so.
template <class T> const char* hint(const std::string& field) {
  static const std::set<std::string_view> likely = {"", "NA", "N/A", "n/a", "null", "NULL", "None", "?", "-", "."};
  return std::is_floating_point_v<T> && likely.contains(trimmed(field))
             ? "; the option `missing` names texts that stand for NaN"
             : "";
}

}  // namespace

size_t CsvTable::index_of(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<size_t>(found - names_.begin());
  std::vector<std::string> there;
  for (const std::string& n : names_) there.push_back(shown(n));
  raise("data: {}: has no column '{}'; it has {}", file_, name, fmt::join(there, ", "));
}

// Puts a column's numbers at out, out + step, …
template <class T> void CsvTable::fill(const std::string& name, T* out, size_t step) const {
  const std::vector<std::string>& fields = columns_[index_of(name)];
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool missing = std::find(missing_.begin(), missing_.end(), trimmed(fields[i])) != missing_.end();
    const char* wrong = missing ? parse_missing(out[i * step]) : parse(fields[i], out[i * step]);
    if (!wrong) continue;
    raise<DataError>("data: {}:{}: column '{}': '{}' {} {}{}", file_, lines_[i], shown(name), shown(fields[i]), wrong,
                     name_of(dtype_of<T>), missing ? "" : hint<T>(fields[i]));
  }
}

std::vector<std::string> CsvTable::text(std::string_view name) const { return columns_[index_of(name)]; }

Tensor CsvTable::column(std::string_view name, DType dtype) const {
  return columns({std::string(name)}, dtype).reshape({rows()});
}

Tensor CsvTable::columns(const std::vector<std::string>& names, DType dtype) const {
  const Tensor y = Tensor::uninitialized(Shape{rows(), static_cast<int64_t>(names.size())}, dtype);
  for (size_t c = 0; c < names.size(); ++c) {
    const auto put = [&]<class T>(T* out) { fill(names[c], out + c, names.size()); };
    switch (dtype) {
      case DType::float32: put(y.mutable_data_as<float>()); break;
      case DType::float64: put(y.mutable_data_as<double>()); break;
      case DType::int32: put(y.mutable_data_as<int32_t>()); break;
      case DType::int64: put(y.mutable_data_as<int64_t>()); break;
      default: raise("csv: a column is read as float32, float64, int32 or int64, not {}", name_of(dtype));
    }
  }
  return y;
}

std::vector<std::string> CsvTable::category_names(std::string_view name) const {
  const std::vector<std::string>& fields = columns_[index_of(name)];
  const std::set<std::string> different(fields.begin(), fields.end());
  return {different.begin(), different.end()};
}

Tensor CsvTable::categories(std::string_view name, const std::vector<std::string>& texts) const {
  const std::vector<std::string>& fields = columns_[index_of(name)];
  std::map<std::string_view, int64_t> positions;
  for (size_t i = 0; i < texts.size(); ++i) positions.emplace(texts[i], static_cast<int64_t>(i));
  std::vector<int64_t> y;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto found = positions.find(fields[i]);
    if (found == positions.end()) {
      raise<DataError>("data: {}:{}: column '{}': '{}' is none of its {} categories", file_, lines_[i],
                       shown(std::string(name)), shown(fields[i]), texts.size());
    }
    y.push_back(found->second);
  }
  return Tensor::from(y);
}

CsvTable read_csv(const FileBytes& file, const CsvOptions& options) { return CsvReader(file, options).read(); }

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const FileBytes file = read_file(path);
  CsvTable table = read_csv(file, options);
  if (recorder()) {
    DatasetRecord record;
    record.name = path.filename().string();
    record.files = {fingerprint(file)};
    record.samples = table.rows();
    record.samples_sha256 = remembered("csv text 1", {file.version}, [&] { return sha256_hex(unpack(file)); });
    announce(record);
  }
  return table;
}

}  // namespace stet::data
