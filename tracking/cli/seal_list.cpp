#include "stet/tracking/cli/seal_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

using Path = std::filesystem::path;

constexpr size_t kWidestName = 24;

std::string name_of_run(const Path& run) {
  try {
    return printable(read_labels(run).name);
  } catch (const Error&) { return "?"; }  // its line says why
}

std::string filled_up(const std::string& text, size_t width) {
  const size_t used = display_width(text);
  return text + std::string(width > used ? width - used : 0, ' ');
}

bool is_lost(const Entry& entry) {
  const auto folder = look_at(entry).kind == EntryStatus::Kind::folder ? find_folder(entry) : std::nullopt;
  if (!folder || is_file(*folder / "run.json")) return false;
  const std::vector<std::string> names = folder->names();
  return std::any_of(names.begin(), names.end(), is_segment_name);
}

}  // namespace

int print_seals(const std::vector<Path>& runs) {
  std::vector<std::string> names;
  size_t width = 0;
  for (const Path& run : runs) {
    names.push_back(name_of_run(run));
    width = std::max(width, std::min(display_width(names.back()), kWidestName));
  }
  int altered = 0, unreadable = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    try {
      const SealCheck seal = check_seal(Folder(runs[i]), SealDepth::everything);
      put_line(fmt::format("{}  {}  {}", runs[i].filename().string(), filled_up(names[i], width), seal.line()));
      altered |= seal.state == SealState::altered;
    } catch (const std::exception& e) {  // one run's damage hides no other
      put_error(message_of(e));
      unreadable = 2;
    }
  }
  return unreadable != 0 ? unreadable : altered;
}

int say_lost_records(const Path& runs) {
  if (!std::filesystem::exists(runs)) return 0;
  std::vector<std::string> lines;
  const Folder folder(runs);
  for (const std::string& name : folder.names()) {
    try {
      if (!name.starts_with('.') && is_lost(folder / name))
        lines.push_back(fmt::format("{}: holds a log and no run.json that is a file: no record of a run",
                                    (folder / name).path().string()));
    } catch (const std::exception& e) { lines.push_back(message_of(e)); }
  }
  return put_problems(lines);
}

}  // namespace stet::tracking::cli
