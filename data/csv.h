// Tables of comma-separated values (RFC 4180).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "stet/data/files.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

struct CsvOptions {
  char delimiter = ',';
  bool header = true;                     ///< the first line names the columns; without it they are "0", "1", …
  char comment = 0;                       ///< lines that begin with it are passed over, as with '#'; 0: there are none
  std::vector<std::string> missing = {};  ///< texts that stand for no value, as in {"", "NA"}: NaN in a floating column
};

/// A table read from a file, as text; columns become tensors by name.
class CsvTable {
 public:
  int64_t rows() const { return static_cast<int64_t>(lines_.size()); }
  const std::vector<std::string>& names() const { return names_; }

  /// A column as text. Throws UsageError if the table has none of that name.
  std::vector<std::string> text(std::string_view name) const;
  /// A column [N] as float32, float64, int32 or int64, read without regard to locale, each number rounded once. Throws
  /// DataError that names file, line and column of a field that is empty, no number, or out of range; of one that is
  /// missing (CsvOptions) in a column of integers, which have no NaN.
  Tensor column(std::string_view name, DType dtype = DType::float32) const;
  /// Several columns side by side, [N, names].
  Tensor columns(const std::vector<std::string>& names, DType dtype = DType::float32) const;
  /// A column's different texts in byte order.
  std::vector<std::string> category_names(std::string_view name) const;
  /// A column of categories [N] as int64: the position of each text among the column's different ones in byte order.
  Tensor categories(std::string_view name) const { return categories(name, category_names(name)); }
  /// The same among other texts, as another file's column has them. Throws DataError that names file, line and column
  /// of a text that is not among them.
  Tensor categories(std::string_view name, const std::vector<std::string>& texts) const;

 private:
  friend class CsvReader;
  size_t index_of(std::string_view name) const;
  template <class T> void fill(const std::string& name, T* out, size_t step) const;

  std::string file_;
  std::vector<std::string> missing_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> columns_;
  std::vector<int64_t> lines_;  // where each row begins in the file, from 1
};

/// Reads a CSV file, plain or .gz; its fingerprint goes to the run. Fields may be quoted, hold the delimiter, line ends
/// and doubled quotes; lines end in LF or CRLF; empty lines are skipped. Throws DataError with file and line: a row of
/// another length, a quote that doesn't close or is followed by text, a column name that comes twice, no rows.
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});
/// The same of a file's bytes; no run is told.
CsvTable read_csv(const FileBytes& file, const CsvOptions& options = {});

}  // namespace stet::data
