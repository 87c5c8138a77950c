#include "stet/tracking/ui/marks.h"

#include <ctime>
#include <string>

#include "stet/tracking/record/folder.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {
namespace {

constexpr int64_t kMostReport = int64_t{1} << 20;
constexpr size_t kMostMarked = 100;

// When a verification was, by its report's name: verify-20260201-000000-7.json.
double time_of_report(const std::string& name) {
  std::tm utc{};
  const char* end = ::strptime(name.c_str(), "verify-%Y%m%d-%H%M%S", &utc);
  return end ? static_cast<double>(::timegm(&utc)) : 0;
}

Json verifications_json(const Folder& run) {
  Json all = Json::array();
  const auto notes = find_folder(run / "notes");
  for (const std::string& name : notes ? notes->names() : std::vector<std::string>()) {
    if (!name.starts_with("verify-") || !name.ends_with(".json")) continue;
    try {
      const auto report =
          nlohmann::json::parse(read_file(*notes / name, kMostReport), nullptr, /*allow_exceptions=*/false);
      if (!report.is_object()) continue;
      const auto text = [&](const char* key) {
        return report.contains(key) && report[key].is_string() ? report[key].get<std::string>() : std::string();
      };
      const bool verified = report.contains("verified") && report["verified"] == true;
      all.push_back({{"time", time_of_report(name)},
                     {"by", text("author")},
                     {"host", text("host")},
                     {"verified", verified},
                     {"verdict", text("result").empty() ? text("reason") : text("result")}});
    } catch (const Error&) {  // one that can't be read says nothing
    }
  }
  return all;
}

}  // namespace

Json marks_json(const RunOverview& run, const RunFacts& facts) {
  Json checkpoints = Json::array(), resumes = Json::array();
  for (const RunCheckpoint& c : run.checkpoints) checkpoints.push_back({{"step", json_of(c.step)}, {"best", c.best}});
  for (size_t i = 1; i < run.launches.size(); ++i)
    resumes.push_back({{"step", json_of(run.launches[i].first_step)}, {"time", json_of(run.launches[i].started)}});
  Json marks{{"checkpoints", checkpoints}, {"resumes", resumes}, {"verified", verifications_json(Folder(run.folder))}};
  if (!facts.field("parent").is_none())
    marks["fork"] = {{"run", json_of(facts.field("parent"))}, {"step", json_of(facts.field("forked_at"))}};
  return marks;
}

Json marks(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  Json all = Json::array();
  for (const std::string& id : p.names("runs", kMostMarked)) {
    const IndexedRun found = run_of(*lease, id);
    try {
      Json of_run = marks_json(read_overview(found.folder), lease->facts(found));
      of_run["id"] = found.id;
      all.push_back(std::move(of_run));
    } catch (const Error&) {  // one that was damaged has no marks
    }
  }
  return {{"runs", std::move(all)}};
}

}  // namespace stet::tracking::ui
