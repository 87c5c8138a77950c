// What is said of names in conditions that are likely not meant so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tracking/reading/run_index.h"
#include "tracking/reading/long_log.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

TEST(Remarks, OfAMetricOfSeveralContextsThatSomeRunsLack) {
  const TempFolder folder;
  make_run_folder(folder / "runs", "20260101-000000-0000001");
  LogWriter log(make_run_folder(folder / "runs", "20260101-000000-0000002"));
  log.add(1, std::vector<LogWriter::Value>{{"accuracy", 0.5, {{"subset", "a"}}}, {"accuracy", 0.6, {{"subset", "b"}}}});
  log.flush();
  const query::Expression condition = query::parse("metrics[\"accuracy\"].max > 0.5");
  EXPECT_THAT(RunIndex(folder / "runs").remarks({&condition}),
              testing::ElementsAre("each run that has metrics[\"accuracy\"] has several series of it: name one, as "
                                   "metrics[\"accuracy\", subset = \"a\"]"));
}

}  // namespace
}  // namespace stet::tracking
