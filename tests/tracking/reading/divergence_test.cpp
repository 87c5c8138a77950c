// Where two runs part, on records made by hand.
#include "stet/tracking/reading/divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/folder.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Verdict = Divergence::Verdict;

TEST(UlpDistance, CountsFloatingNumbers) {
  EXPECT_EQ(ulp_distance(1.0f, 1.0f), 0u);
  EXPECT_EQ(ulp_distance(1.0f, std::nextafter(1.0f, 2.0f)), 1u);
  EXPECT_EQ(ulp_distance(1.0f, 2.0f), 1u << 23);
  EXPECT_EQ(ulp_distance(0.0f, -0.0f), 0u);
  const float least = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(ulp_distance(-least, least), 2u);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(ulp_distance(infinity, std::numeric_limits<float>::max()), 1u);
  EXPECT_EQ(ulp_distance(-infinity, infinity), 2u * 0x7f800000u);
  EXPECT_EQ(ulp_distance(NAN, 1.0f), std::nullopt);
  EXPECT_EQ(ulp_distance(1.0, std::nextafter(1.0, 0.0)), 1u);
  EXPECT_EQ(ulp_distance(-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()),
            2u * 0x7ff0000000000000u);
}

uint64_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

class Parting : public testing::Test {
 protected:
  // A run of so many steps, its state digested before the first and every fifth.
  RunView run(const char* name, int64_t steps) {
    RunView run;
    run.id = name;
    run.folder = folder_ / name;
    std::filesystem::create_directories(run.folder / "checkpoints");
    run.log.steps = run.steps = steps;
    for (int64_t step = 1; step <= steps; ++step) set_loss(run, step, 1.0f / static_cast<float>(step));
    for (int64_t step = 0; step <= steps; step += 5) set_state(run, step, {1, 2, 3});
    return run;
  }
  static void set_loss(RunView& run, int64_t step, float value) {
    run.log.losses[static_cast<uint64_t>(step)] = {{bits_of(value)}, step};
  }
  static void set_state(RunView& run, int64_t step, const std::vector<uint32_t>& leaves) {
    std::string root;
    for (const uint32_t leaf : leaves) root += std::to_string(leaf);
    run.log.states[static_cast<uint64_t>(step)] = {root, SharedNames({"net/a", "net/b", "opt/step"}), leaves, "", step};
  }
  static void save(const RunView& run, int64_t step, const std::vector<float>& weight, int64_t count) {
    Checkpoint c;
    c.step = step;
    c.tensors.push_back({.path = "net/a",
                         .kind = TensorKind::parameter,
                         .dtype = DType::float32,
                         .shape = {static_cast<int64_t>(weight.size())},
                         .data = std::as_bytes(std::span(weight)),
                         .owner = nullptr});
    c.scalars.push_back({"opt/count", count});
    const std::string bytes = encode(c);
    write_checkpoint(real_file_system(), Folder(run.folder), step, std::as_bytes(std::span(bytes)));
  }
  TempFolder folder_;
};

TEST_F(Parting, SameBits) {
  const RunView a = run("a", 12), b = run("b", 12);
  const Divergence found = divergence(a, b);
  EXPECT_EQ(found.verdict, Verdict::same);
  EXPECT_EQ(line_of(found), "the same bits, all 12 steps: 12 losses, 3 digests of states");
  EXPECT_EQ(found.same_until, 12);
  EXPECT_THAT(found.unlike, IsEmpty());
  EXPECT_EQ(divergence(a, a).verdict, Verdict::same) << "a run and itself";
}

TEST_F(Parting, OneRunIsLonger) {
  const Divergence found = divergence(run("a", 12), run("b", 7));
  EXPECT_EQ(found.verdict, Verdict::longer);
  EXPECT_EQ(line_of(found), "the same bits as far as both went: 7 losses, 2 digests of states; they went 12 | 7 steps");
}

TEST_F(Parting, NothingInCommon) {
  RunView b = run("b", 7);
  b.log.losses.clear(), b.log.states.clear();
  const Divergence found = divergence(run("a", 12), b);
  EXPECT_EQ(found.verdict, Verdict::not_compared);
  EXPECT_EQ(line_of(found), "they have no loss and no digest of a state in common");
}

TEST_F(Parting, NamesTheStepOfTheLossAndTheTensorOfTheNextState) {
  const RunView a = run("a", 12);
  RunView b = run("b", 12);
  set_loss(b, 8, std::nextafter(1.0f / 8, 1.0f));
  for (int64_t step = 9; step <= 12; ++step) set_loss(b, step, 2);
  set_state(b, 10, {1, 5, 6});
  const Divergence found = divergence(a, b);
  EXPECT_EQ(found.verdict, Verdict::parted);
  EXPECT_EQ(found.loss_step, 8);
  EXPECT_EQ(found.same_until, 7);
  EXPECT_EQ(found.state_step, 10);
  EXPECT_EQ(found.state_same_until, 5);
  EXPECT_THAT(found.tensors, ElementsAre("net/b", "opt/step"));
  EXPECT_EQ(line_of(found), "step 8: the loss is 0.125 | 0.125000015, 1 ULP; at step 10 net/b differs, and 1 more");
  ASSERT_EQ(found.around.size(), 7u) << "from step 6 on, to the end";
  EXPECT_EQ(found.around[0].step, 6);
  EXPECT_TRUE(found.around[1].same_bits);
  EXPECT_EQ(found.around[2].ulps, 1u);
  EXPECT_EQ(found.around[3].second, 2);
}

TEST_F(Parting, NamesTheIntervalWhereStatesPartFirst) {
  const RunView a = run("a", 12);
  RunView b = run("b", 12);
  set_state(b, 10, {1, 2, 9});
  EXPECT_EQ(line_of(divergence(a, b)), "between steps 5 and 10: opt/step differs; no loss differs");
  set_loss(b, 12, 3);
  EXPECT_THAT(line_of(divergence(a, b)), HasSubstr("opt/step differs; step 12: the loss is 0.0833333358 | 3, "));
  set_state(b, 0, {7, 2, 3});
  EXPECT_THAT(line_of(divergence(a, b)), HasSubstr("step 0: net/a differs; step 12"));
  EXPECT_EQ(divergence(a, b).same_until, 0);
}

// An epoch's end is a boundary of the last step; it may be digested in one run alone.
TEST_F(Parting, BoundariesOfOneStepAreToldApart) {
  RunView a = run("a", 5), b = run("b", 5);
  set_state(a, 5, {1, 2, 3});
  a.log.states[6] = {"other", SharedNames({"net/a", "net/b", "opt/step"}), {1, 2, 4}, "", 5};
  b.log.states.erase(5);
  b.log.states[6] = a.log.states[6];
  const Divergence found = divergence(a, b);
  EXPECT_EQ(found.verdict, Verdict::same);
  EXPECT_EQ(found.states, 2);
  const RunView c = run("c", 5);  // its state before the second boundary alone
  EXPECT_EQ(divergence(a, c).verdict, Verdict::same) << "what lies behind the step is not held against it";
  EXPECT_EQ(divergence(c, a).verdict, Verdict::same);
}

TEST_F(Parting, LossesThatAreNotNumbers) {
  RunView a = run("a", 6), b = run("b", 6);
  set_loss(a, 3, NAN), set_loss(b, 3, NAN);
  EXPECT_EQ(divergence(a, b).verdict, Verdict::same) << "the same bits";
  set_loss(b, 3, 1.5);
  const Divergence found = divergence(a, b);
  EXPECT_EQ(found.loss_step, 3);
  EXPECT_THAT(line_of(found), HasSubstr("step 3: the loss is nan | 1.5; no state that differs was digested"));
  b.log.losses[3].bits.push_back(5);
  set_loss(a, 3, 1.5);
  EXPECT_THAT(line_of(divergence(a, b)), HasSubstr("step 3: they have not as many losses"));
}

TEST_F(Parting, ComparesTheCheckpointsAfterIt) {
  RunView a = run("a", 12), b = run("b", 12);
  set_loss(b, 8, 4);
  for (const RunView* r : {&a, &b}) save(*r, 5, {1, 2, 3}, 5);
  EXPECT_EQ(divergence(a, b).checkpoint->step, 5) << "where there is none after it";
  save(a, 10, {1, 2, NAN}, 10), save(b, 10, {1, std::nextafter(std::nextafter(2.0f, 3.0f), 3.0f), 3}, 11);
  for (const RunView* r : {&a, &b}) save(*r, 12, {1, 2, 3}, 12);
  save(a, 9, {1, 2, 3}, 9);  // the other has none
  const Divergence found = divergence(a, b);
  ASSERT_TRUE(found.checkpoint);
  EXPECT_EQ(found.checkpoint->step, 10);
  ASSERT_EQ(found.checkpoint->tensors.size(), 1u);
  const TensorDistance& tensor = found.checkpoint->tensors[0];
  EXPECT_EQ(tensor.name, "net/a");
  EXPECT_EQ(tensor.elements, 3);
  EXPECT_EQ(tensor.differing, 2);
  EXPECT_EQ(tensor.most, 2u);
  EXPECT_THAT(found.checkpoint->scalars, ElementsAre("opt/count"));
  save(b, 10, {1, 2}, 10);
  EXPECT_EQ(divergence(a, b).checkpoint->tensors[0].unlike, "float32 [3] | float32 [2]");
}

TEST_F(Parting, SaysWhatWasNotTheSameToBeginWith) {
  RunView a = run("a", 3), b = run("b", 3);
  a.seed = 1, b.seed = 2;
  a.numerics = 1, b.numerics = 2;
  a.parameters.push_back({.name = "lr", .value = "0.1", .standard = "", .type = "float", .range = "", .meaning = ""});
  b.parameters.push_back({.name = "lr", .value = "0.2", .standard = "", .type = "float", .range = "", .meaning = ""});
  a.data.push_back(
      {.name = "waves", .path = "", .files = {}, .samples_sha256 = "aa", .count = 1, .split = "", .split_sha256 = ""});
  b.data.push_back(
      {.name = "waves", .path = "", .files = {}, .samples_sha256 = "bb", .count = 1, .split = "", .split_sha256 = ""});
  for (RunView* r : {&a, &b}) r->launches.emplace_back().source.commit = std::string(40, 'c');
  b.launches[0].source.dirty = true;
  b.launches[0].program.sha256 = "other";
  const Divergence found = divergence(a, b);
  EXPECT_THAT(found.unlike, ElementsAre("numerics: 1 | 2", "seed: 1 | 2", "params.lr: 0.1 | 0.2", "data.waves: aa | bb",
                                        "source: cccccccccccc | cccccccccccc with changes"));
  EXPECT_TRUE(found.rebuilt);
}

}  // namespace
}  // namespace stet::tracking
