#include "stet/tracking/run/unlogged_metrics.h"

#include <gmock/gmock.h>

#include <fstream>

#include "stet/tensor/error.h"
#include "stet/tracking/record/events.h"
#include "tracking/run/pending_log.h"

namespace stet::tracking {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(UnloggedMetrics, AreThoseThatTheLogHasUnderNoContext) {
  const LogFolder log;
  const Folder run(log.folder.path());
  const auto writer = log.writer();
  writer->append(scalar_event("loss", 1, {{"subset", "test"}}));
  writer->append(scalar_event("system/cpu", 1));
  writer->flush();
  EXPECT_THAT(unlogged_metrics(run, {{"summary", "loss"}}), IsEmpty());
  EXPECT_THAT(unlogged_metrics(run, {{"summary", "los"}, {"checkpoint", "system/cpu"}}),
              ElementsAre("summary: no metric 'los' was logged; did you mean 'loss'?",
                          "checkpoint: no metric 'system/cpu' was logged"));
}

TEST(UnloggedMetrics, ReadALogOnlyWhereSomethingIsAsked) {
  const LogFolder log;
  const Folder run(log.folder.path());
  const auto writer = log.writer();
  for (int i = 0; i < 3; ++i) writer->append(scalar_event("loss", i));
  writer->flush();
  std::fstream(writer->path(), std::ios::in | std::ios::out).seekp(4).put('x');
  EXPECT_THROW(unlogged_metrics(run, {{"summary", "los"}}), DataError);
  EXPECT_THAT(unlogged_metrics(run, {}), IsEmpty());
}

}  // namespace
}  // namespace stet::tracking
