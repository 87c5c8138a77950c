#include "stet/tracking/run/artifacts.h"

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// The first name that is free, or has this content already.
Entry place_for(const Folder& artifacts, const Path& name, const std::string& content) {
  if (const Entry own = artifacts / name.string(); !is_file(own) || read_file(own) == content) return own;
  const std::string hash = sha256_hex(content);
  for (size_t digits = 8; digits < hash.size(); digits += 8) {
    const Entry entry = artifacts / (name.stem().string() + "-" + hash.substr(0, digits) + name.extension().string());
    if (!is_file(entry) || read_file(entry) == content) return entry;
  }
  return artifacts / (name.stem().string() + "-" + hash + name.extension().string());
}

}  // namespace

void check_artifact_name(const Path& file) {
  const std::string name = file.filename().string();
  require_utf8("artifact", "the file's name", name);
  if (name.empty() || name == "." || name == ".." || name.starts_with(".new-"))
    raise("artifact: '{}' names no file that can be kept", to_utf8(file.string()));
}

void keep_artifact(FileSystem& fs, const Folder& run, const Path& file) {
  const std::string content = read_file(file);
  const Folder artifacts = make_folder(fs, run / "artifacts");
  const Entry entry = place_for(artifacts, file.filename(), content);
  if (!is_file(entry)) replace_file(fs, entry, as_bytes(content));
}

}  // namespace stet::tracking
