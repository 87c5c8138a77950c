#include "stet/tracking/ui/page_files.h"

#include <algorithm>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking::ui {
namespace {

constexpr std::pair<const char*, const char*> kFiles[] = {{"page.html", "text/html; charset=utf-8"},
                                                          {"page.css", "text/css; charset=utf-8"},
                                                          {"page.js", "text/javascript; charset=utf-8"}};

const std::pair<const char*, const char*>* find(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFiles), std::end(kFiles), [&](const auto& f) { return name == f.first; });
  return found == std::end(kFiles) ? nullptr : found;
}

}  // namespace

bool is_page_file(std::string_view name) { return find(name) != nullptr; }

void require_page(const std::string& call) {
  if (kEmbeddedFileCount == 0)
    raise("{}: this build has no page: esbuild was not there when it was built (cmake/setup.sh installs it)", call);
}

std::optional<PageFile> page_file(std::string_view name, const std::filesystem::path& folder) {
  const auto* known = find(name);
  if (!known) return {};
  PageFile file{known->second, {}};
  if (!folder.empty()) {
    file.bytes = read_file(Folder(folder) / name);
    return file;
  }
  for (size_t i = 0; i < kEmbeddedFileCount; ++i) {
    const EmbeddedFile& e = kEmbeddedFiles[i];
    if (name == e.name) file.bytes.assign(reinterpret_cast<const char*>(e.bytes), e.size);
  }
  return file;
}

}  // namespace stet::tracking::ui
