#include "stet/tracking/run/digest_log.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/work.h"
#include "tracking/run/pending_log.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Tensor scalar(float value) { return Tensor::from(std::vector<float>{value}); }

class DigestLogTest : public testing::Test {
 protected:
  DigestLogTest() {
    sink_.open(log_.writer());
    state_.track("w", [this](Visitor& v) { v("w", w_); });
  }
  std::vector<record::Event> events() {
    sink_.flush();
    return log_.events();
  }
  // In hex, of the state as it is.
  std::string root() const { return state_.digests_later().take().root.hex(); }

  LogFolder log_;
  EventSink sink_;
  Parameter w_{Tensor::from(std::vector<float>{1, 2, 3})};
  State state_;
  DigestLog digests_;
};

TEST_F(DigestLogTest, LogsTheBitsOfAStepsLossesInOneEvent) {
  digests_.add_loss(scalar(1));
  digests_.add_loss(Tensor::from(std::vector<double>{2}));
  digests_.log_losses(sink_, {{4, 4}}, FiniteCheck());
  digests_.log_losses(sink_, {{5, 5}}, FiniteCheck());  // had none
  const auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].tick(), 4u);
  EXPECT_THAT(found[0].loss_digest().bits(), ElementsAre(0x3f800000, 0x4000000000000000));
  EXPECT_EQ(digests_.last_loss(), 2);
}

TEST_F(DigestLogTest, ANanHasTheSameBitsOnEveryMachine) {
  digests_.add_loss(scalar(std::bit_cast<float>(0xffc00001)));
  digests_.log_losses(sink_, {{1, 1}}, FiniteCheck(true));
  EXPECT_THAT(events().at(0).loss_digest().bits(), ElementsAre(0x7fc00000));
}

TEST_F(DigestLogTest, ALossThatIsNotFiniteFails) {
  digests_.add_loss(scalar(std::nanf("")));
  EXPECT_THROW(digests_.log_losses(sink_, {{1, 1}}, FiniteCheck()), TrainingError);
}

TEST_F(DigestLogTest, LossesOfAnAbandonedStepAreForgotten) {
  digests_.add_loss(scalar(1));
  digests_.forget_losses();
  digests_.log_losses(sink_, {{1, 1}}, FiniteCheck());
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(DigestLogTest, AMetricThatIsALossCrossesOnce) {
  const Tensor loss = scalar(1);
  digests_.add_loss(loss);
  EXPECT_EQ(digests_.read(loss).read, digests_.read(loss.detach()).read);
  EXPECT_NE(digests_.read(scalar(1)).read, digests_.read(loss).read);
}

TEST_F(DigestLogTest, NamesLeavesOnceAndWhenTheyChange) {
  digests_.log_state(sink_, {{1, 1}}, state_, {});
  const std::string first = root();
  EXPECT_EQ(digests_.root(), first);
  w_.set(w_.value().detach() + 1.0f);
  digests_.log_state(sink_, {{2, 2}}, state_, {});
  EXPECT_NE(digests_.root(), first);
  EXPECT_EQ(digests_.root(), root());
  int64_t more = 5;
  state_.track("more", [&](Visitor& v) { v("more", more); });
  digests_.log_state(sink_, {{3, 3}}, state_, {});
  const auto found = events();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].state_digest().name_size(), 1);
  EXPECT_EQ(found[1].state_digest().name_size(), 0);
  EXPECT_EQ(found[2].state_digest().name_size(), 2);
  EXPECT_EQ(found[2].state_digest().leaf_size(), 2);
  EXPECT_EQ(found[0].state_digest().root().size(), 16u);
  EXPECT_EQ(found[2].state_digest().leaf(1), state_.digests_later().take().leaves.at(1));
}

TEST_F(DigestLogTest, KnowsWhichBoundaryTheLogHas) {
  EXPECT_FALSE(digests_.covers({{0, 0}}));
  digests_.log_state(sink_, {{2, 1}}, state_, {});
  EXPECT_TRUE(digests_.covers({{2, 1}}));
  EXPECT_FALSE(digests_.covers({{3, 1}}));
  digests_.log_state(sink_, {{3, 1}}, State(), {});  // nothing is tracked
  EXPECT_FALSE(digests_.covers({{3, 1}}));
  digests_.set_restored({{9, 9}});
  EXPECT_TRUE(digests_.covers({{9, 9}}));
}

TEST_F(DigestLogTest, DigestsCostAHundredthOfTheStepsBetween) {
  digests_.begin_step();
  const Tensor product = matmul(zeros({1, 7}), zeros({7, 1}));
  const int64_t before = work_done();
  matmul(zeros({1, 7}), zeros({7, 1}));
  const int64_t work = 2 * (work_done() - before);
  digests_.end_step(state_);
  EXPECT_EQ(digests_.interval(), (state_.bytes() * 1600 + work - 1) / work);
  const int64_t chosen = digests_.interval();
  digests_.begin_step();
  digests_.end_step(state_);
  EXPECT_EQ(digests_.interval(), chosen) << "of the first step";
}

TEST_F(DigestLogTest, IsDueEverySoManySteps) {
  digests_.set_interval(3);
  EXPECT_FALSE(digests_.due({{2, 2}}, true));
  EXPECT_TRUE(digests_.due({{4, 3}}, true));
  EXPECT_FALSE(digests_.due({{5, 3}}, false)) << "an epoch's boundary";
}

TEST_F(DigestLogTest, AReplayDigestsWhereItIsToldToo) {
  DigestLog replayed(std::set<uint64_t>{4});
  replayed.set_interval(3);
  EXPECT_FALSE(replayed.due({{2, 2}}, true));
  EXPECT_TRUE(replayed.due({{3, 3}}, true)) << "as every run: the record must have that digest";
  EXPECT_TRUE(replayed.due({{4, 3}}, false));
}

}  // namespace
}  // namespace stet::tracking
