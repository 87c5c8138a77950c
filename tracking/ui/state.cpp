// How the folder of runs stands.
#include <fmt/format.h>

#include "stet/tensor/version.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {
namespace {

Json counts_json(const RunCounts& counts) {
  return {{"total", counts.total}, {"running", counts.running}, {"failed", counts.failed}, {"stalled", counts.stalled}};
}

// The program of the newest run.
Json home_program(Desk& desk) {
  LiveIndex::Lease lease = desk.index.lease();
  const Selection selection = desk.select(lease, {});
  if (selection.runs->empty()) return nullptr;
  static const std::vector<query::Term> program = query::parse_terms("program");
  return json_of(lease->values({selection.runs->front()}, {&program[0].value})[0][0]);
}

}  // namespace

Json hello(Desk& desk, const Parameters&) {
  return {{"version", stet::version},
          {"instance", desk.index.instance()},
          {"folder", std::filesystem::absolute(desk.index.runs()).lexically_normal().string()},
          {"read_only", desk.read_only},
          {"now", unix_time()},
          {"home_program", home_program(desk)},
          {"runs", counts_json(desk.index.counts())},
          {"reading", desk.index.is_reading()},
          {"cursor", desk.index.cursor()},
          {"generation", desk.index.generation()}};
}

Json changes(Desk& desk, const Parameters& p) {
  const Changes since = desk.index.since(p.text("cursor", 100));
  Json json{
      {"cursor", since.cursor},   {"generation", desk.index.generation()},    {"changed", since.changed},
      {"removed", since.removed}, {"runs", counts_json(desk.index.counts())}, {"reading", desk.index.is_reading()}};
  if (since.all) json["all"] = true;
  return json;
}

}  // namespace stet::tracking::ui
