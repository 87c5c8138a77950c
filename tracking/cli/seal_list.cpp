#include "stet/tracking/cli/seal_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
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

}  // namespace stet::tracking::cli
