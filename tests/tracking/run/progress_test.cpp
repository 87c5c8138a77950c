#include "stet/tracking/run/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

TEST(Progress, ALineFitsItsTerminal) {
  const ProgressParts parts{"epoch 1/3  step 2/9  ", "[=====>    ]", "  loss 0.1000", "  61 images/s", "  0:29 left"};
  const std::string whole = fitted(parts, 0);
  EXPECT_EQ(whole, "epoch 1/3  step 2/9  [=====>    ]  loss 0.1000  61 images/s  0:29 left");
  EXPECT_EQ(fitted(parts, whole.size() + 1), whole);
  EXPECT_EQ(fitted(parts, whole.size()), "epoch 1/3  step 2/9    loss 0.1000  61 images/s  0:29 left");
  for (size_t columns = 1; columns < 100; ++columns) EXPECT_LT(fitted(parts, columns).size(), columns);
  EXPECT_EQ(fitted(parts, 12), "epoch 1/3  ");
}

TEST(Progress, ABarIsNarrowOnANarrowTerminalAndWholeAtTheEnd) {
  TempFolder folder;
  const Ended ended =
      run_program(STET_SCENARIO, folder.path(), {"--threads", "1"}, {{"STET_PROGRESS", "1"}, {"COLUMNS", "30"}});
  ASSERT_EQ(ended.status, 0) << ended.err;
  std::istringstream drawn(ended.err);
  std::string last;
  for (std::string part; std::getline(drawn, part, '\r');) {
    const size_t end = part.find("\x1b[K");
    if (end == part.npos || end == 0) continue;
    EXPECT_LT(end, 30u) << part;
    last = part.substr(0, end);
  }
  EXPECT_THAT(last, testing::StartsWith("epoch 3/3  step 13/13"));
}

}  // namespace
}  // namespace stet::tracking
