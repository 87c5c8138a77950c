#include "stet/tracking/record/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "stet/tensor/error.h"
#include "stet/tracking/record/checkpoint_format.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kFolderName = "checkpoints";
constexpr std::string_view kNameBegin = "step-", kNameEnd = ".h5";

std::string file_name(int64_t step) { return fmt::format("{}{:08d}{}", kNameBegin, step, kNameEnd); }

std::optional<int64_t> step_of(std::string_view name) {
  if (!name.starts_with(kNameBegin) || !name.ends_with(kNameEnd)) return {};
  const char* begin = name.data() + kNameBegin.size();
  const char* end = name.data() + name.size() - kNameEnd.size();
  int64_t step = 0;
  auto [last, error] = std::from_chars(begin, end, step);
  if (begin >= end || error != std::errc() || last != end || step < 0) return {};
  return step;
}

}  // namespace

// Its hash first, in blocks: a file takes memory once it is known to be one.
Checkpoint read_checkpoint(const Entry& entry) {
  const InputFile file(entry);
  const std::string name = entry.path().string();
  format::check_file(file, name);
  try {
    return decode(as_bytes(file.read()), name);
  } catch (const std::bad_alloc&) { raise<DataError>("{}: takes more memory than there is", name); }
}

void check_whole(const Entry& entry) { format::check_file(InputFile(entry), entry.path().string()); }

Path checkpoint_path(const Path& run_folder, int64_t step) { return run_folder / kFolderName / file_name(step); }

Entry write_checkpoint(FileSystem& fs, const Folder& run, int64_t step, std::span<const std::byte> bytes) {
  const Entry entry = make_folder(fs, run / kFolderName) / file_name(step);
  replace_file(fs, entry, bytes);
  return entry;
}

void remove_checkpoint(FileSystem& fs, const Folder& run, int64_t step) {
  if (const auto folder = find_folder(run / kFolderName)) fs.remove(*folder / file_name(step));
}

std::vector<CheckpointFile> list_checkpoints(const Folder& run) {
  std::vector<CheckpointFile> files;
  const auto folder = find_folder(run / kFolderName);
  if (!folder) return files;
  for (const std::string& name : folder->names()) {
    if (auto step = step_of(name)) files.push_back({*step, *folder / name});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return files;
}

}  // namespace stet::tracking
