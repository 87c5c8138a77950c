// What a run is called and what is said of it: by its program, by flags, and by people afterwards.
#include "stet/tracking/reading/labels.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/reading/verification.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Labels : public testing::Test {
 protected:
  int train(Arguments arguments, const Environment& environment = {}) {
    arguments.insert(arguments.end(), {"--epochs", "1"});
    const Ended ended = run_scenario(folder_.path(), arguments, environment);
    err_ = ended.err;
    return ended.status;
  }
  Ended stet(const Arguments& arguments) { return run_program(STET_PROGRAM, folder_.path(), arguments); }
  Path run() const { return only_run(folder_.path()); }
  RunLabels labels() const { return read_labels(run()); }
  TempFolder folder_;
  std::string err_;
};

TEST_F(Labels, AProgramGivesThemAndFlagsOverrideIt) {
  ASSERT_EQ(train({"--group", "second", "--tag", "d,e"}, {{"STET_TEST_DESCRIBE", "later"}}), 0) << err_;
  const RunLabels found = labels();
  EXPECT_EQ(found.name, "waves");
  EXPECT_EQ(found.group, "second");
  EXPECT_EQ(found.description, "sines");
  EXPECT_THAT(found.tags, ElementsAre("a", "b", "c", "d", "e"));
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_EQ(found.notes[0].text, "later");
  EXPECT_FALSE(found.archived);
  EXPECT_TRUE(verify(run(), {}).verified());
}

TEST_F(Labels, AreNoPartOfARunsResult) {
  ASSERT_EQ(train({}), 0);
  const Outcome plain = outcome_of(run());
  TempFolder other;
  ASSERT_EQ(run_scenario(other.path(), {"--epochs", "1", "--note", "n", "--description", "d", "--name", "x"},
                         {{"STET_TEST_DESCRIBE", "later"}})
                .status,
            0);
  EXPECT_EQ(difference(plain, outcome_of(only_run(other.path()))), "");
}

TEST_F(Labels, AResumedRunKeepsWhatItHas) {
  ASSERT_EQ(train({"--max-steps", "4", "--note", "mine"}), 0);
  ASSERT_EQ(train({"--resume", "latest", "--tag", "again"}, {{"STET_TEST_DESCRIBE", "program's"}}), 0) << err_;
  EXPECT_EQ(labels().name, "scenario");
  EXPECT_EQ(labels().notes.at(0).text, "mine");
  EXPECT_THAT(labels().tags, ElementsAre("again"));
}

TEST_F(Labels, RefuseWhatCanBeNoTag) {
  EXPECT_EQ(train({"--tag", "a,,b"}), 2);
  EXPECT_THAT(err_, HasSubstr("--tag: '' can't be a tag"));
  EXPECT_EQ(run(), "");
}

TEST_F(Labels, HoldNoSecret) {
  ASSERT_EQ(train({"--note", "ghp_0123456789abcdefghijABCDEFGHIJ012345"}), 0);
  EXPECT_EQ(labels().notes.at(0).text, "***");
}

TEST_F(Labels, ActsChangeThemAndLieOutsideOfTheSeal) {
  ASSERT_EQ(train({}), 0);
  tag_run(run(), {"good", "base"}, {});
  tag_run(run(), {"best"}, {"base", "never there"});
  note_run(run(), "two\nlines");
  rename_run(run(), "first try");
  archive_run(run(), true);
  const RunLabels found = labels();
  EXPECT_THAT(found.tags, ElementsAre("good", "best"));
  EXPECT_EQ(found.name, "first try");
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_EQ(found.notes[0].text, "two\nlines");
  EXPECT_FALSE(found.notes[0].author.empty());
  EXPECT_GT(found.notes[0].time, 1.7e9);
  EXPECT_TRUE(found.archived);
  archive_run(run(), false);
  EXPECT_FALSE(labels().archived);
  EXPECT_EQ(check_seal(Folder(run()), SealDepth::everything).state, SealState::sealed);
  EXPECT_TRUE(verify(run(), {}).verified());
}

TEST_F(Labels, ARunIsFoundByItsPresentName) {
  ASSERT_EQ(train({}), 0);
  rename_run(run(), "wide");
  EXPECT_EQ(Runs(folder_ / "runs").find("wide").name, "wide");
  EXPECT_THAT(error_of<Error>([&] { Runs(folder_ / "runs").find("scenario"); }), HasSubstr("no run 'scenario'"));
}

TEST_F(Labels, ARunIsFoundByANameThatLooksLikeAPath) {
  ASSERT_EQ(train({"--name", "exp/lr-1"}), 0);
  const Runs runs(folder_ / "runs");
  EXPECT_EQ(runs.find("exp/lr-1").id, run().filename().string());
  EXPECT_THAT(stet({"show", "exp/lr-1"}).out, HasSubstr("name exp/lr-1"));
  EXPECT_THAT(error_of<Error>([&] { runs.find("exp/lr-2"); }), HasSubstr("no such folder, and no run of that name"));
  std::filesystem::create_directories(folder_ / "exp/lr-1");
  EXPECT_THAT(stet({"show", "exp/lr-1"}).err, HasSubstr("there is no run.json in it")) << "a path, if there is one";
}

TEST_F(Labels, ActsCountInTheOrderInWhichTheyWereDone) {
  ASSERT_EQ(train({}), 0);
  for (int i = 0; i < 20; ++i)
    tag_run(run(), i % 2 ? std::vector<std::string>{"t"} : std::vector<std::string>{},
            i % 2 ? std::vector<std::string>{} : std::vector<std::string>{"t"});
  EXPECT_THAT(labels().tags, ElementsAre("t"));
  tag_run(run(), {}, {"t"});
  EXPECT_THAT(labels().tags, IsEmpty());
}

TEST_F(Labels, WhileARunIsHeldAndByAnInterruptedWriter) {
  ASSERT_EQ(train({"--max-steps", "4"}), 0);
  const RunLock lock(file_system(), Folder(run()));
  note_run(run(), "while it runs");
  overwrite(run() / "notes" / ".new-act-1.json", "{");
  EXPECT_EQ(labels().notes.size(), 1u);
  EXPECT_THAT(labels().unreadable, IsEmpty());
}

TEST_F(Labels, ActsOfManyTagsAreNoActs) {
  ASSERT_EQ(train({}), 0);
  tag_run(run(), {"good"}, {});
  std::string tags = "\"0\"";
  for (int i = 1; i <= 1000; ++i) tags += fmt::format(",\"{}\"", i);
  overwrite(run() / "notes" / "act-1.json", "{\"time\": 1, \"add_tags\": [" + tags + "]}");
  std::string objects = "{}";
  while (objects.size() < size_t{2} << 20) objects += ",{}";
  overwrite(run() / "notes" / "act-2.json", "{\"time\": 1, \"removed\": [" + objects + "]}");
  EXPECT_THAT(labels().tags, ElementsAre("good"));
  EXPECT_EQ(labels().unreadable.size(), 2u);
}

TEST_F(Labels, AnActThatIsDatedFarAheadKeepsTheOrderOfThoseAfterIt) {
  ASSERT_EQ(train({}), 0);
  std::filesystem::create_directories(run() / "notes");
  overwrite(run() / "notes" / "act-1.json", "{\"time\": 253402300000, \"name\": \"far\"}");
  for (int i = 0; i < 8; ++i) {
    rename_run(run(), fmt::format("name {}", i));
    EXPECT_EQ(labels().name, fmt::format("name {}", i));
  }
}

TEST_F(Labels, NothingIsWrittenThroughALink) {
  ASSERT_EQ(train({}), 0);
  std::filesystem::create_directory_symlink(run(), folder_ / "runs/linked");
  EXPECT_THAT(error_of<Error>([&] { tag_run(folder_ / "runs/linked", {"x"}, {}); }), HasSubstr("is a link among runs"));
  EXPECT_EQ(stet({"archive", "linked"}).status, 2);
  std::filesystem::remove(folder_ / "runs/linked");
  EXPECT_THAT(labels().tags, IsEmpty());
}

TEST_F(Labels, DamagedActsAreNamedAndHideNothing) {
  ASSERT_EQ(train({}), 0);
  tag_run(run(), {"good"}, {});
  overwrite(run() / "notes" / "act-0.json", "{\"time\": ");
  overwrite(run() / "notes" / "act-1.json", "{\"time\": 1e300, \"name\": \"x\"}");
  overwrite(run() / "notes" / "act-2.json", std::string(65 << 20, ' '));
  overwrite(run() / "notes" / "act-3.json", "{\"time\": 1, \"name\": \"new\", \"from_the_future\": {}}");
  std::filesystem::create_symlink("/etc/passwd", run() / "notes" / "act-4.json");
  const RunLabels found = labels();
  EXPECT_THAT(found.tags, ElementsAre("good"));
  EXPECT_EQ(found.name, "new");
  ASSERT_EQ(found.unreadable.size(), 4u);
  EXPECT_THAT(found.unreadable[0], HasSubstr("act-0.json: can't be read as an act on a run"));
  const Ended shown = stet({"show", "latest"});
  EXPECT_EQ(shown.status, 0);
  EXPECT_THAT(shown.err, HasSubstr("act-1.json"));
}

TEST_F(Labels, RefusesWhatIsNoLabel) {
  ASSERT_EQ(train({}), 0);
  for (const char* tag : {"", " a", "a ", "a,b", "+a", "-a", "a\nb", "\xff"})
    EXPECT_THAT(error_of<Error>([&] { tag_run(run(), {tag}, {}); }), HasSubstr("tag: "));
  EXPECT_THAT(error_of<Error>([&] { tag_run(run(), {"a"}, {"a"}); }), HasSubstr("to be added and taken away"));
  EXPECT_THAT(error_of<Error>([&] { tag_run(run(), {}, {}); }), HasSubstr("names no tag"));
  EXPECT_THAT(error_of<Error>([&] { note_run(run(), " \n"); }), HasSubstr("the text is empty"));
  EXPECT_THAT(error_of<Error>([&] { rename_run(run(), "a\x1b"); }), HasSubstr("characters that can't be seen"));
  EXPECT_THAT(error_of<Error>([&] { rename_run(run(), " "); }), HasSubstr("the name is empty"));
  EXPECT_THAT(error_of<Error>([&] { rename_run(run(), "latest"); }), HasSubstr("`latest` is always the newest run"));
  for (const char* name : {".", ".."})
    EXPECT_THAT(error_of<Error>([&] { rename_run(run(), name); }), HasSubstr("is always a folder"));
  EXPECT_FALSE(std::filesystem::exists(run() / "notes"));
  EXPECT_THAT(error_of<Error>([&] { note_run(folder_.path(), "of no run"); }), HasSubstr("run.json"));
}

TEST_F(Labels, AMetricIsDerivedAfterTheRunAndMarked) {
  ASSERT_EQ(train({}), 0);
  derive_metric(run(), "loss/smooth", "mean of 3", {{.step = 1, .value = 0.5}, {.step = 2, .value = NAN}});
  derive_metric(run(), "loss/smooth", "mean of 5", {{.step = 3, .value = 0.25}});
  const RunView view = read_run(run());
  ASSERT_EQ(view.derived.size(), 1u);
  EXPECT_EQ(view.derived[0].how, "mean of 5");
  EXPECT_EQ(view.derived[0].points.at(0).value, 0.25);
  EXPECT_FALSE(view.log.metrics.contains("loss/smooth"));
  EXPECT_THAT(stet({"show", "latest"}).out, HasSubstr("Derived after the run\n  loss/smooth  1 value: mean of 5\n"));
  EXPECT_TRUE(verify(run(), {}).verified());
  EXPECT_THAT(error_of<Error>([&] { derive_metric(run(), "loss", "again", {}); }),
              HasSubstr("the run logged a metric 'loss'"));
}

TEST_F(Labels, Verbs) {
  ASSERT_EQ(train({"--name", "first"}), 0);
  const Ended tagged = stet({"tag", "first", "good", "+base", "-draft"});
  EXPECT_EQ(tagged.status, 0) << tagged.err;
  EXPECT_EQ(tagged.out, "run " + run().filename().string() + ": good, base\n");
  EXPECT_EQ(stet({"tag", "latest", "-base", "--json"}).status, 0);
  EXPECT_THAT(labels().tags, ElementsAre("good"));
  EXPECT_THAT(stet({"note", "latest", "a line"}).out, HasSubstr(": 1 note\n"));
  EXPECT_THAT(stet({"rename", "latest", "second"}).out, HasSubstr(": second\n"));
  EXPECT_THAT(stet({"archive", "second"}).out, HasSubstr(": archived\n"));
  EXPECT_TRUE(labels().archived);
  const std::string shown = stet({"show", "second"}).out;
  for (const char* part : {"name second", "tags good", "archived", "a line"}) EXPECT_THAT(shown, HasSubstr(part));
  EXPECT_THAT(stet({"archive", "second", "--undo"}).out, HasSubstr(": not archived\n"));
  EXPECT_EQ(stet({"tag", "latest", "--gone"}).status, 2);
  EXPECT_THAT(stet({"tag", "latest", "+spare", "--", "-good"}).out, HasSubstr(": spare\n"));
  EXPECT_THAT(stet({"tag", "latest", "--", "--gone"}).err, HasSubstr("there is no flag --gone"));
  EXPECT_EQ(stet({"note", "latest"}).status, 2);
  EXPECT_EQ(stet({"rename", "nobody", "x"}).status, 2);
}

}  // namespace
}  // namespace stet::tracking
