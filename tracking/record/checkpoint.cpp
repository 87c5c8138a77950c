#include "stet/tracking/record/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

constexpr std::string_view name_begin = "step-", name_end = ".h5";

std::optional<int64_t> step_of(const Path& path) {
  std::string name = path.filename().string();
  if (!name.starts_with(name_begin) || !name.ends_with(name_end)) return {};
  const char* begin = name.data() + name_begin.size();
  const char* end = name.data() + name.size() - name_end.size();
  int64_t step = 0;
  auto [last, error] = std::from_chars(begin, end, step);
  if (begin >= end || error != std::errc() || last != end || step < 0) return {};
  return step;
}

}  // namespace

Checkpoint read_checkpoint(const Path& path) { return decode(as_bytes(read_file(path)), path.string()); }

Path checkpoint_path(const Path& run_folder, int64_t step) {
  return run_folder / "checkpoints" / fmt::format("{}{:08d}{}", name_begin, step, name_end);
}

Path write_checkpoint(FileSystem& fs, const Path& run_folder, int64_t step, std::span<const std::byte> bytes) {
  Path path = checkpoint_path(run_folder, step);
  make_directories(fs, path.parent_path());
  replace_file(fs, path, bytes);
  return path;
}

std::vector<CheckpointFile> list_checkpoints(const Path& run_folder) {
  std::vector<CheckpointFile> files;
  Path folder = run_folder / "checkpoints";
  if (!std::filesystem::exists(folder)) return files;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    if (auto step = step_of(entry.path())) files.push_back({*step, entry.path()});
  }
  if (code) raise_io(folder, "read the folder", code.value());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return files;
}

NewestCheckpoint newest_whole_checkpoint(const Path& run_folder) {
  NewestCheckpoint newest;
  auto files = list_checkpoints(run_folder);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    try {
      newest.checkpoint = read_checkpoint(file->path);
      newest.path = file->path;
      return newest;
    } catch (const Error& error) {  // damaged, or unreadable to us: an older one may do
      newest.skipped.push_back({file->path, error.what()});
    }
  }
  return newest;
}

}  // namespace stet::tracking
