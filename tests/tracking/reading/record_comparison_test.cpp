#include "stet/tracking/reading/record_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Of so many launches, and data sets of these names.
record::RunRecord record_of(int launches, const std::vector<std::string>& data) {
  record::RunRecord record;
  for (int i = 0; i < launches; ++i) record.add_launches();
  for (const std::string& name : data) record.add_data()->set_name(name);
  return record;
}

TEST(RecordComparison, DataOpenedInAPartThatAKillLostIsNamed) {
  const record::RunRecord again = record_of(1, {"train"});
  for (const auto& [status, launches] : {std::pair(RunStatus::dead, 1), {RunStatus::interrupted, 2}}) {
    const record::RunRecord recorded = record_of(launches, {"train", "late"});
    EXPECT_THAT(record_differences(recorded, again, {}, status), IsEmpty());
    EXPECT_THAT(lost_data(recorded, again, status), ElementsAre("late"));
    EXPECT_THAT(record_differences(again, recorded, {}, status),
                ElementsAre("data[1]: not recorded, and run again there"));
  }
}

TEST(RecordComparison, DataOfARunThatWasNotKilledIsCompared) {
  const record::RunRecord recorded = record_of(1, {"train", "late"}), again = record_of(1, {"train"});
  for (const RunStatus status : {RunStatus::interrupted, RunStatus::finished, RunStatus::failed}) {
    EXPECT_THAT(record_differences(recorded, again, {}, status), ElementsAre(HasSubstr("late")));
    EXPECT_THAT(lost_data(recorded, again, status), IsEmpty());
  }
}

}  // namespace
}  // namespace stet::tracking
