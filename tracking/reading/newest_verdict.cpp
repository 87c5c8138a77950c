#include "stet/tracking/reading/newest_verdict.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/passing_error.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr int64_t kReportLimit = int64_t{16} << 20;

// Of a run whose record has that SHA-256. A report of an older version does not say of which record it is.
std::optional<bool> verdict_of(const Entry& report, const std::string& record_sha256) {
  const auto json = nlohmann::json::parse(read_file(report, kReportLimit), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("verified") || !json["verified"].is_boolean()) return {};
  if (json.contains("of_record") && json["of_record"] != record_sha256) return {};
  return json["verified"].get<bool>();
}

}  // namespace

std::optional<bool> newest_verdict(const Folder& run, bool& passing) {
  std::optional<bool> verdict;
  try {
    const auto folder = find_folder(run / "notes");
    const std::string record_sha256 = sha256_hex(read_record_text(run));
    for (const std::string& name : folder ? folder->names() : std::vector<std::string>()) {  // in the order of time
      if (!name.starts_with("verify-") || !name.ends_with(".json")) continue;
      try {
        if (const auto found = verdict_of(*folder / name, record_sha256)) verdict = found;
      } catch (const Error& e) { passing |= is_passing(e); }  // one that can't be read says nothing
    }
  } catch (const Error& e) { passing |= is_passing(e); }  // no folder, or one that this process may not read
  return verdict;
}

}  // namespace stet::tracking
