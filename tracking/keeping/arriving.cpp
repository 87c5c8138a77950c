#include "stet/tracking/keeping/arriving.h"

#include <algorithm>
#include <ctime>
#include <optional>

#include "stet/tracking/reading/tree_size.h"

namespace stet::tracking {

std::vector<Arriving> arriving_runs(const Path& runs) {
  std::vector<Arriving> all;
  const auto incoming = find_folder(Folder(runs) / kIncomingFolder);
  if (!incoming) return all;
  for (const std::string& name : incoming->names()) {
    const Entry entry = *incoming / name;
    const EntryStatus status = look_at(entry);
    if (status.kind != EntryStatus::Kind::folder) continue;
    const TreeSize size = tree_size(Folder(entry));
    const std::time_t newest = std::max(size.newest, status.modified);
    all.push_back({name, entry.path(), static_cast<double>(std::time(nullptr) - newest), size.bytes});
  }
  return all;
}

}  // namespace stet::tracking
