// Flags as text: scanning a command line, and reading a configuration file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/record/nearest.h"

namespace stet::tracking {

/// `--name value`, `--name=value`, or `--name` alone.
struct Flag {
  std::string name;
  std::optional<std::string> value;
  bool is_list = false;  ///< written as a list, which only a configuration file tells; the value is its text
};

/// A command line without its first word. Throws UsageError on what is no flag, and on a flag that is given twice.
std::vector<Flag> scan_flags(int argc, const char* const* argv);

/// The entries of a configuration file, as text: a JSON object, whose objects give dotted names (`model.width`) and
/// whose arrays give lists (list_text.h), a YAML map likewise, in a file whose name ends in .yaml or .yml, or lines
/// `name = value` with # for comments. Throws DataError that names file and line; on a name that is given twice, too.
std::vector<Flag> read_config(const std::string& path);
/// The same of a file's text; `path` stands in messages.
std::vector<Flag> parse_config(const std::string& path, std::string text);

}  // namespace stet::tracking
