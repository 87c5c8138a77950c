#include "stet/tracking/reading/recorded_file.h"

namespace stet::tracking {

std::optional<Entry> find_recorded(Folder folder, std::string_view path) {
  for (;;) {
    const size_t slash = path.find('/');
    const Entry entry = folder / path.substr(0, slash);
    if (slash == path.npos) return is_file(entry) ? std::optional(entry) : std::nullopt;
    const auto inner = find_folder(entry);
    if (!inner) return {};
    folder = *inner;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace stet::tracking
