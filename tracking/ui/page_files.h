// The page's files: in the program, as CMake put them there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stet::tracking::ui {

/// Of those that the program holds; bytes are empty where it was built without a page. page.html, page.css, page.js.
struct PageFile {
  std::string type;  ///< its content type
  std::string bytes;
};

bool is_page_file(std::string_view name);
/// None where there is no such name. `folder`: where it is read from; empty: from the program.
std::optional<PageFile> page_file(std::string_view name, const std::filesystem::path& folder = {});
/// Throws UsageError that begins with `call` unless the program was built with its page.
void require_page(const std::string& call);

/// Defined in what CMake makes of the page.
struct EmbeddedFile {
  const char* name;
  const unsigned char* bytes;
  size_t size;
};
extern const EmbeddedFile kEmbeddedFiles[];
extern const size_t kEmbeddedFileCount;

}  // namespace stet::tracking::ui
