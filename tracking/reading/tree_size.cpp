#include "stet/tracking/reading/tree_size.h"

#include <algorithm>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

constexpr int kDeepestOfRun = 64;

void add(TreeSize& size, const Folder& folder, const std::string& below, int depth) {
  if (depth > kDeepestOfRun) raise<DataError>("{}: lies deeper than anything of a run", folder.path().string());
  for (const std::string& name : folder.names()) {
    const Entry entry = folder / name;
    const EntryStatus status = look_at(entry);
    size.newest = std::max(size.newest, status.modified);
    if (status.kind == EntryStatus::Kind::file) size.bytes += status.size;
    if (status.kind == EntryStatus::Kind::other) size.links.push_back(below + name);
    if (status.kind != EntryStatus::Kind::folder) continue;
    if (const auto inner = find_folder(entry)) add(size, *inner, below + name + "/", depth + 1);
  }
}

}  // namespace

TreeSize tree_size(const Folder& folder) {
  TreeSize size;
  add(size, folder, "", 0);
  return size;
}

}  // namespace stet::tracking
