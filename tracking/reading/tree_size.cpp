#include "stet/tracking/reading/tree_size.h"

#include <algorithm>

namespace stet::tracking {
namespace {

void add(TreeSize& size, const Folder& folder, const std::string& below) {
  for (const std::string& name : folder.names()) {
    const Entry entry = folder / name;
    const EntryStatus status = look_at(entry);
    size.newest = std::max(size.newest, status.modified);
    if (status.kind == EntryStatus::Kind::file) size.bytes += status.size;
    if (status.kind == EntryStatus::Kind::other) size.links.push_back(below + name);
    if (status.kind != EntryStatus::Kind::folder) continue;
    if (const auto inner = find_folder(entry)) add(size, *inner, below + name + "/");
  }
}

}  // namespace

TreeSize tree_size(const Folder& folder) {
  TreeSize size;
  add(size, folder, "");
  return size;
}

}  // namespace stet::tracking
