#include "stet/tracking/run/run_log.h"

#include <gmock/gmock.h>

#include <limits>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tracking/record/record.pb.h"
#include "tracking/run/pending_log.h"

namespace stet::tracking {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A run whose folder is made by the first thing that is logged.
struct LoggedRun {
  LogFolder folder;
  Instant now{{2, 2}, true};
  EventSink sink;
  DigestLog digests;
  Checkpointer checkpoints;
  int begins = 0;
  RunLog log{now, sink, digests, checkpoints, [this] {
               ++begins;
               sink.open(folder.writer());
             }};

  std::vector<record::Event> events() {
    sink.flush();
    return folder.events();
  }
};

TEST(RunLog, BeginsWithTheFirstThingThatIsLogged) {
  LoggedRun run;
  EXPECT_THROW(run.log.number("", 1.0, {}), UsageError);
  EXPECT_THROW(run.log.number("loss", zeros({2}), {}), UsageError);
  EXPECT_THROW(run.log.number("loss", kNan, {}), TrainingError);
  EXPECT_THROW(run.log.vector("recall", std::vector{1.0, kNan}), TrainingError);
  EXPECT_EQ(run.begins, 0) << "what is refused";
  run.log.number("loss", 1.5, {});
  run.log.text("sample", "to be");
  run.log.histogram("weights", ones({3}));
  EXPECT_EQ(run.begins, 1);
  const auto events = run.events();
  ASSERT_EQ(events.size(), 1u) << "of one instant";
  EXPECT_EQ(events[0].step(), 3);
  ASSERT_EQ(events[0].summary().value_size(), 3);
  EXPECT_EQ(events[0].summary().value(0).tag(), "loss");
  EXPECT_EQ(events[0].summary().value(0).simple_value(), 1.5f);
}

TEST(RunLog, ANameStandsForOneKindOfThing) {
  LoggedRun run;
  run.log.number("x", 1.0, {});
  EXPECT_THROW(run.log.text("x", "one"), UsageError);
  EXPECT_THROW(run.log.histogram("x", ones({1})), UsageError);
  EXPECT_THROW(run.log.vector("x", std::vector{1.0}), UsageError);
}

TEST(RunLog, TakesNaNWhereItIsAllowed) {
  LoggedRun run;
  run.log.allow_nan(true);
  run.log.number("loss", kNan, {});
  run.log.histogram("weights", Tensor::from<float>({1.0f, std::numeric_limits<float>::infinity()}));
  const auto events = run.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].summary().value_size(), 2);
}

TEST(RunLog, KeepsTheBestValueOfWhatIsSummarizedBefore) {
  LoggedRun run;
  run.log.summarize("accuracy", Best::max, {});
  run.log.number("accuracy", 0.5, {});
  run.log.number("accuracy", 0.25, {});
  record::RunRecord record;
  run.log.summaries().describe(record);
  ASSERT_EQ(record.summaries_size(), 1);
  EXPECT_EQ(record.summaries(0).value(), 0.5);
  EXPECT_EQ(record.summaries(0).step(), 3);
  EXPECT_THROW(run.log.summarize("accuracy", Best::min, {}), UsageError);
}

TEST(RunLog, LogsWeightsWhenThePolicyWantsThem) {
  LoggedRun run;
  Parameter weight(ones({2}));
  State state;
  state.track("w", [&](Visitor& v) { v("w", weight); });
  run.log.weights(state);
  run.log.set_histograms({.every_steps = 3});
  run.now = {{1, 1}, true};
  run.log.weights(state);
  EXPECT_EQ(run.begins, 0) << "no policy, or no third step";
  run.now = {{2, 2}, true};
  run.log.weights(state);
  const auto events = run.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].summary().value(0).tag(), "weights/w");
}

}  // namespace
}  // namespace stet::tracking
