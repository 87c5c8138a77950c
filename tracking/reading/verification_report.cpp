// A verdict as JSON, and as a file with its run.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/verification.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Replayed& again, bool verified, int64_t steps) {
  Json json{{"verified", verified},
            {"steps", steps},
            {"steps_run", again.steps},
            {"digests", again.digests},
            {"digests_equal", again.digests_equal}};
  if (const auto& parting = again.first_difference) {
    json["first_difference"] = {{"step", parting->step},
                                {"same_until", parting->same_until},
                                {"tensors", parting->tensors},
                                {"what", parting->what}};
  }
  return json;
}

Json json_of(const Verdict& verdict) {
  Json json{{"verified", false}, {"reason", verdict.reason}};
  if (verdict.whole) json = json_of(*verdict.whole, verdict.verified(), verdict.steps);
  if (verdict.resumed)
    json["resumes"] =
        json_of(*verdict.resumed, !verdict.resumed->first_difference && verdict.differences.empty(), verdict.steps);
  json["seal"] = {{"state", std::string(name_of(verdict.seal.state))},
                  {"altered", verdict.seal.altered},
                  {"removed", verdict.seal.removed}};
  json["differences"] = verdict.differences;
  json["depends_on_surroundings"] = verdict.depends_on_surroundings;
  json["not_vouched_for"] = verdict.not_vouched_for();
  json["result"] = verdict.line;
  return json;
}

// Text of a record may be no UTF-8.
std::string text_of(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string to_json(const Verdict& verdict) { return text_of(json_of(verdict)); }

void leave_report(const std::filesystem::path& run, const VerifyOptions& options, const Verdict& verdict) {
  if (is_held(run)) return;
  Json report = json_of(verdict);
  report["of_record"] = sha256_hex(read_record_text(Folder(run)));
  report["options"] = {
      {"threads", options.threads}, {"isa", options.isa}, {"device", options.device}, {"resumes", options.resumes}};
  const std::string name = fmt::format("verify-{:%Y%m%d-%H%M%S}-{}.json", fmt::gmtime(std::time(nullptr)), ::getpid());
  const std::string text = text_of(report) + "\n";
  const Entry notes = Folder(run) / "notes";
  file_system().make_directory(notes);
  replace_file(file_system(), Folder(notes) / name, as_bytes(text));
}

}  // namespace stet::tracking
