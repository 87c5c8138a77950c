#include "stet/tracking/reading/content_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "stet/tracking/record/events.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking {
namespace {

// Numbers that print alike are the same bits: all NaN are one, as losses' are, and zeros have signs.
std::string line_of(const Point& point) {
  if (point.varies) return fmt::format("step {} (boundary {}): a value that varies", point.step, point.tick);
  return fmt::format("step {} (boundary {}): {}", point.step, point.tick, point.value);
}

std::string line_of(const LoggedMedium& medium) {
  return fmt::format("step {} (boundary {}): {} bytes, SHA-256 {}", medium.step, medium.tick, medium.bytes,
                     medium.sha256);
}

const char* word_for(LoggedMedium::Kind kind) {
  switch (kind) {
    case LoggedMedium::Kind::image: return "image";
    case LoggedMedium::Kind::histogram: return "histogram";
    case LoggedMedium::Kind::vector: return "vector";
    case LoggedMedium::Kind::text: break;
  }
  return "text";
}

template <class Logged>
std::vector<std::string> lines_of(const std::vector<Logged>& all, std::optional<uint64_t> before) {
  std::vector<std::string> lines;
  for (const Logged& one : all) {
    if (!before || one.tick < *before) lines.push_back(line_of(one));
  }
  return lines;
}

// Of an artifact that came second under its name, and has a part of its hash in it: NAME-<8 digits>.EXT is NAME.EXT.
std::string name_as_given(const std::string& name) {
  static const std::regex kHashed("(.*)-[0-9a-f]{8}(\\.[^.]*)?");
  std::smatch match;
  return std::regex_match(name, match, kHashed) ? match[1].str() + match[2].str() : name;
}

void add_files(Contents& contents, const Folder& folder, const std::string& path) {
  for (const std::string& name : folder.names()) {
    const Entry entry = folder / name;
    if (look_at(entry).kind == EntryStatus::Kind::folder) add_files(contents, Folder(entry), path + name + "/");
    else if (is_file(entry))
      contents["artifact " + path + name_as_given(name)].push_back("SHA-256 " + sha256_file(entry));
  }
}

void add(Contents& contents, const std::string& name, std::vector<std::string> lines) {
  if (!lines.empty()) contents[name] = std::move(lines);
}

}  // namespace

Contents contents_of(const std::filesystem::path& run, const LogView& log, std::optional<uint64_t> before) {
  Contents contents;
  for (const auto& [tag, metric] : log.metrics) {
    if (is_system_metric(metric.name)) continue;  // taken at times, not at steps
    add(contents, "metric " + tag, lines_of(metric.points, before));
  }
  for (const auto& [name, media] : log.media) {
    add(contents, fmt::format("{} {}", word_for(media.front().kind), name), lines_of(media, before));
  }
  if (before) return contents;
  if (const auto artifacts = find_folder(Folder(run) / "artifacts")) add_files(contents, *artifacts, "");
  for (auto& [name, lines] : contents) {
    if (name.starts_with("artifact ")) std::sort(lines.begin(), lines.end());
  }
  return contents;
}

std::vector<std::string> differing(const Contents& a, const Contents& b) {
  std::vector<std::string> names;
  for (const auto& [name, lines] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second != lines) names.push_back(name);
  }
  for (const auto& [name, lines] : b) {
    if (!a.contains(name)) names.push_back(name);
  }
  return names;
}

std::string how_differing(const std::string& name, const Contents& recorded, const Contents& replayed) {
  const auto was = recorded.find(name), is = replayed.find(name);
  if (was == recorded.end()) return name + ": not recorded, and run again there";
  if (is == replayed.end()) return name + ": recorded, and run again not there";
  const auto [a, b] = std::mismatch(was->second.begin(), was->second.end(), is->second.begin(), is->second.end());
  return fmt::format("{}: {}, and run again {}", name, a == was->second.end() ? "no more" : *a,
                     b == is->second.end() ? "no more" : *b);
}

}  // namespace stet::tracking
