#include "stet/tracking/reading/newest_verdict.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/passing_error.h"

namespace stet::tracking {
namespace {

constexpr int64_t kReportLimit = int64_t{16} << 20;

std::optional<bool> verdict_of(const Entry& report) {
  const auto json = nlohmann::json::parse(read_file(report, kReportLimit), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("verified") || !json["verified"].is_boolean()) return {};
  return json["verified"].get<bool>();
}

}  // namespace

std::optional<bool> newest_verdict(const Folder& run, bool& passing) {
  std::optional<bool> verdict;
  try {
    const auto folder = find_folder(run / "notes");
    for (const std::string& name : folder ? folder->names() : std::vector<std::string>()) {  // in the order of time
      if (!name.starts_with("verify-") || !name.ends_with(".json")) continue;
      try {
        if (const auto found = verdict_of(*folder / name)) verdict = found;
      } catch (const Error& e) { passing |= is_passing(e); }  // one that can't be read says nothing
    }
  } catch (const Error& e) { passing |= is_passing(e); }  // no folder, or one that this process may not read
  return verdict;
}

}  // namespace stet::tracking
