// One run.
#include <fmt/format.h>

#include "stet/tracking/json/runs.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {

Json run(Desk& desk, const Parameters& p) {
  const IndexedRun found = run_of(*desk.index.lease(), p.required("id"));
  const RunView view = read_run(found.folder);
  Json json = run_json(view);
  json["path"] = found.folder.string();
  return json;
}

}  // namespace stet::tracking::ui
