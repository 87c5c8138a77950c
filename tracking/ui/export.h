// The page with its data as static files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace stet::tracking::ui {

struct Exported {
  size_t runs = 0;
  int64_t bytes = 0;  ///< of all files
};

/// Writes the page and what it shows of the runs for which `query` holds into a folder, which opens from a disk as it
/// does from any web server. Whole or not at all: it is built beside and renamed. An export that is there already is
/// replaced; throws UsageError where something else is there, and as a query's parser and readers of runs do.
Exported export_html(const std::filesystem::path& runs, const std::string& query, const std::filesystem::path& to);

}  // namespace stet::tracking::ui
