#include "stet/tracking/reading/notes.h"

#include <nlohmann/json.hpp>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

constexpr int64_t kReportLimit = int64_t{16} << 20;

std::optional<bool> verdict_of(const Entry& report) {
  const auto json = nlohmann::json::parse(read_file(report, kReportLimit), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("verified") || !json["verified"].is_boolean()) return {};
  return json["verified"].get<bool>();
}

}  // namespace

Notes read_notes(const Folder& run) {
  Notes notes;
  try {
    const auto folder = find_folder(run / "notes");
    if (!folder) return notes;
    for (const std::string& name : folder->names()) {  // their order is that of time
      if (!name.starts_with("verify-") || !name.ends_with(".json")) continue;
      try {
        if (const auto verdict = verdict_of(*folder / name)) notes.verified = verdict;
      } catch (const Error&) {  // one that can't be read says nothing
      }
    }
  } catch (const Error&) {  // no folder, or one that this process may not read
  }
  return notes;
}

}  // namespace stet::tracking
