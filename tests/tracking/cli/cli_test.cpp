// The program `stet`, on runs of the scenario program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "stet/tensor/version.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/run_harness.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Ended stet(const Path& cwd, const Arguments& arguments) { return run_program(STET_PROGRAM, cwd, arguments); }

class Cli : public testing::Test {
 protected:
  void train(Arguments arguments = {}, const Environment& environment = {}, int status = 0) {
    arguments.insert(arguments.end(), {"--checkpoint-every", "7"});
    const Ended ended = run_scenario(folder_.path(), arguments, environment);
    ASSERT_EQ(ended.status, status) << ended.err;
  }
  Ended stet(const Arguments& arguments) { return tracking::stet(folder_.path(), arguments); }
  Path run() { return only_run(folder_.path()); }
  TempFolder folder_;
};

TEST_F(Cli, ShowsARun) {
  train();
  const Ended shown = stet({"show", "latest", "--json"});
  ASSERT_EQ(shown.status, 0) << shown.err;
  const auto json = nlohmann::json::parse(shown.out);
  EXPECT_EQ(json.at("id"), run().filename().string());
  EXPECT_EQ(json.at("name"), "scenario");
  EXPECT_EQ(json.at("program"), "scenario");
  EXPECT_EQ(json.at("folder"), std::filesystem::canonical(run()).string());
  EXPECT_EQ(json.at("status"), "finished");
  EXPECT_EQ(json.at("params").at("epochs"), 3);
  EXPECT_EQ(json.at("params").at("lr"), 0.05);
  EXPECT_EQ(json.at("params").at("form"), "plain");
  EXPECT_EQ(json.at("steps"), 39);
  EXPECT_EQ(json.at("numerics"), numerics_version);
  EXPECT_EQ(json.at("seed"), 1);
  EXPECT_EQ(json.at("launches").at(0).at("first_step"), 0) << "a number, as it fits";
  EXPECT_EQ(json.at("launches").at(0).at("end").at("last_step"), 39);
  EXPECT_TRUE(json.at("launches").at(0).at("environment").is_object());
  EXPECT_EQ(json.at("metrics").at("loss").at("count"), 39);
  EXPECT_EQ(json.at("metrics").at("loss").at("step"), 39);
  for (const char* field : {"last", "min", "max"}) EXPECT_TRUE(json.at("metrics").at("loss").at(field).is_number());
  EXPECT_EQ(json.at("digest").get<std::string>().size(), 32u);
  EXPECT_EQ(json.at("launches").size(), 1u);
  EXPECT_EQ(json.at("data").at(0).at("name"), "waves");
  EXPECT_EQ(json.at("checkpoints").size(), 3u);
  EXPECT_EQ(json.at("checkpoints").at(2).at("step"), 39);
  EXPECT_THAT(stet({"show", "latest"}).out,
              AllOf(HasSubstr("finished"), HasSubstr("epochs"), HasSubstr("step-00000039.h5")));
}

TEST_F(Cli, ListsRuns) {
  EXPECT_EQ(stet({"ls", "--json"}).out, "[]\n");
  train({"--name", "first"});
  train({"--form", "nan"}, {}, 1);
  const auto json = nlohmann::json::parse(stet({"ls", "--json"}).out);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0].at("name"), "first");
  EXPECT_EQ(json[0].at("status"), "finished");
  EXPECT_EQ(json[1].at("status"), "failed");
  EXPECT_EQ(json[1].at("steps"), 9) << "what its end mark says; the last digest is of step 8";
}

TEST_F(Cli, TellsWhatDiffers) {
  train({"--name", "a"});
  train({"--name", "b"});
  train({"--name", "c", "--lr", "0.1"});
  EXPECT_EQ(stet({"diff", "a", "b"}).status, 0);
  const Ended differ = stet({"diff", "a", "c", "--json"});
  EXPECT_EQ(differ.status, 1);
  const auto json = nlohmann::json::parse(differ.out);
  EXPECT_EQ(json.at("params").at("lr"), nlohmann::json({"0.05", "0.1"}));
  EXPECT_TRUE(json.at("metrics").contains("loss"));
  EXPECT_FALSE(json.at("run").contains("steps"));
  EXPECT_TRUE(json.at("run").contains("digest"));
  EXPECT_FALSE(json.at("same_bits").get<bool>());

  train({"--name", "d"}, {{"STET_ISA", "scalar"}});
  const Ended elsewhere = stet({"diff", "a", "d"});
  EXPECT_EQ(elsewhere.status, 1);
  EXPECT_THAT(elsewhere.out, AllOf(HasSubstr("environment.isa "), HasSubstr("the same bits after ")));
}

TEST_F(Cli, VerifiesOnOtherThreadsAndInstructionSets) {
  train();
  for (const Arguments& more :
       {Arguments{}, Arguments{"--threads", "3"}, Arguments{"--isa", "scalar"}, Arguments{"--resumes"}}) {
    Arguments arguments{"verify", "latest"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended verified = stet(arguments);
    EXPECT_EQ(verified.status, 0) << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("verified: 39 of 39 steps run, 46 of 46 digests equal"));
  }
  EXPECT_FALSE(std::filesystem::is_empty(run() / "notes"));
}

TEST_F(Cli, VerifiesARunOfSeveralLaunches) {
  train({}, {{"STET_TEST_KILL", "step:20"}}, 137);
  EXPECT_THAT(stet({"verify", "latest"}).out, testing::ContainsRegex("verified: (1[4-9]) of (1[4-9]) steps run"));
  train({"--resume", "latest"}, {{"STET_TEST_KILL", "step:9"}}, 137);
  const Ended resumed = stet({"resume", "latest", "--quiet"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  const auto json = nlohmann::json::parse(stet({"show", "latest", "--json"}).out);
  EXPECT_EQ(json.at("status"), "finished");
  EXPECT_EQ(json.at("launches").size(), 3u);
  const Ended verified = stet({"verify", "latest", "--json"});
  EXPECT_EQ(verified.status, 0) << verified.out;
  EXPECT_EQ(nlohmann::json::parse(verified.out).at("steps_run"), 39);
}

TEST_F(Cli, NamesTheFirstStepAndTensorAfterTheSeedWasChanged) {
  train();
  replace_once(run() / "run.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
  seal_anew(run());
  const Ended verified = stet({"verify", "latest"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_THAT(verified.err, HasSubstr("not verified: step 0: net/in differs"));
}

TEST_F(Cli, NamesTheStepAfterAParameterWasChanged) {
  train();
  replace_once(run() / "run.json", "\"value\": \"0.05\"", "\"value\": \"0.06\"");
  seal_anew(run());
  const Ended verified = stet({"verify", "latest"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_THAT(verified.err, AllOf(HasSubstr("step 2: the loss is"), HasSubstr("at step 7 net/in differs")));
}

TEST_F(Cli, NamesADamagedCheckpoint) {
  train();
  const Path file = list_checkpoints(run())[1].entry.path();
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] ^= 1;
  overwrite(file, bytes);
  const Ended verified = stet({"verify", "latest"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_THAT(verified.err, HasSubstr(file.filename().string()));
}

TEST_F(Cli, NamesAChangedDataFile) {
  overwrite(folder_ / "samples", "one two three");
  train({"--data", (folder_ / "samples").string()});
  EXPECT_EQ(stet({"verify", "latest"}).status, 0);
  overwrite(folder_ / "samples", "one two three!");
  const Ended changed = stet({"verify", "latest"});
  EXPECT_EQ(changed.status, 2);
  EXPECT_THAT(changed.err, AllOf(HasSubstr("data changed"), HasSubstr("samples")));
  std::filesystem::remove(folder_ / "samples");
  EXPECT_EQ(stet({"verify", "latest"}).status, 2);
}

TEST_F(Cli, CatchesStateOutsideTrack) {
  train({"--form", "outside"});
  EXPECT_EQ(stet({"verify", "latest"}).status, 0);
  const Ended verified = stet({"verify", "latest", "--resumes"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_THAT(verified.err, AllOf(HasSubstr("state outside run.track"), HasSubstr("step 8")));
}

TEST_F(Cli, SaysWhyARunCannotBeVerified) {
  train();
  std::filesystem::rename(folder_ / "runs" / "programs", folder_ / "elsewhere");
  const Ended gone = stet({"verify", "latest"});
  EXPECT_EQ(gone.status, 2);
  EXPECT_THAT(gone.err, HasSubstr("is gone"));
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "runs" / "programs");
  {
    const HeldRun held = open_run(real_file_system(), run());
    EXPECT_THAT(stet({"verify", "latest"}).err, HasSubstr("is running"));
  }
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(run().c_str(), 12345, 12345), 0);
  EXPECT_THAT(stet({"verify", "latest"}).err, HasSubstr("--trust"));
  EXPECT_EQ(stet({"verify", "latest", "--trust"}).status, 0);
}

TEST_F(Cli, AsksBeforeItRunsAProgramFromElsewhere) {
  train({"--max-steps", "20"});
  const Environment elsewhere{{"XDG_STATE_HOME", (folder_ / "others").string()}};
  const auto with = [&](const Arguments& arguments, Environment environment) {
    return run_program(STET_PROGRAM, folder_.path(), arguments, environment);
  };
  const Ended resumed = with({"resume", "latest"}, elsewhere);
  EXPECT_EQ(resumed.status, 2);
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("not in your own list of runs"), HasSubstr("give --trust")));
  EXPECT_THAT(with({"verify", "latest"}, elsewhere).err, HasSubstr("can't be verified: it is not in your own list"));
  EXPECT_EQ(with({"verify", "latest", "--trust"}, elsewhere).status, 0);
  Environment batch = elsewhere;
  batch["STET_TRUST"] = "1";
  EXPECT_EQ(with({"verify", "latest"}, batch).status, 0);
  // A list that another could have written is none.
  std::filesystem::create_directories(folder_ / "others/stet");
  std::ofstream(folder_ / "decoy") << "\n" << run().filename().string() << "\n";
  std::filesystem::remove(folder_ / "others/stet/runs");
  std::filesystem::create_symlink(folder_ / "decoy", folder_ / "others/stet/runs");
  EXPECT_EQ(with({"verify", "latest"}, elsewhere).status, 2);
  EXPECT_EQ(with({"resume", "latest", "--trust"}, elsewhere).status, 0);
  EXPECT_THAT(stet({"verify", "latest"}).err, HasSubstr("its places, texts or launches are not those of"));
  EXPECT_EQ(stet({"verify", "latest", "--trust"}).status, 0) << "it went on elsewhere";
}

// A record that came back from elsewhere may have the user's own program write anywhere.
TEST_F(Cli, AsksBeforeARecordThatWasChangedSteersTheProgram) {
  train({"--max-steps", "20"});
  const record::RunRecord own = read_record(Folder(run()));
  const auto asks = HasSubstr("its places, texts or launches are not those of");
  const auto change = [&](const record::RunRecord& record) {
    write_record(file_system(), Folder(run()), record);
    seal_anew(run());
  };
  record::RunRecord place = own, text = own, folder = own, launch = own;
  place.mutable_places(0)->set_value("/elsewhere");
  text.mutable_params(0)->set_value("gan");
  folder.mutable_launches(0)->set_cwd("/");
  for (const record::RunRecord* record : {&place, &text, &folder}) {
    change(*record);
    EXPECT_THAT(stet({"resume", "latest"}).err, asks);
    EXPECT_THAT(stet({"verify", "latest"}).err, asks);
  }
  *launch.add_launches() = own.launches(0);
  change(launch);
  EXPECT_THAT(stet({"resume", "latest"}).err, asks);
  write_record(file_system(), Folder(run()), own);
  EXPECT_EQ(stet({"verify", "latest"}).status, 0);
  EXPECT_EQ(stet({"resume", "latest"}).status, 0);
  EXPECT_EQ(stet({"verify", "latest"}).status, 0) << "what the user resumed is the user's own";
}

TEST_F(Cli, ARunOfAnOlderListIsTrustedByItsPrograms) {
  const Path state = folder_ / "state";
  train({"--max-steps", "20"}, {{"XDG_STATE_HOME", state.string()}});
  std::string list = read_file(state / "stet/runs");
  const size_t at = list.find(" record ");
  ASSERT_NE(at, list.npos);
  overwrite(state / "stet/runs", list.substr(0, list.rfind('\n', at) + 1));
  const Environment environment{{"XDG_STATE_HOME", state.string()}};
  EXPECT_EQ(run_program(STET_PROGRAM, folder_.path(), {"verify", "latest"}, environment).status, 0);
}

TEST_F(Cli, AsksWhereAnybodyMayWriteTheRecord) {
  train({"--max-steps", "20"});
  std::filesystem::permissions(run(), std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  EXPECT_THAT(stet({"resume", "latest"}).err, HasSubstr("anybody may write its record"));
  std::filesystem::permissions(run(), std::filesystem::perms::others_write, std::filesystem::perm_options::remove);
  EXPECT_EQ(stet({"resume", "latest"}).status, 0);
}

TEST_F(Cli, ResumeTakesTheRunThatItNames) {
  train({"--max-steps", "20"});
  const Path first = run(), copy = folder_ / "runs/latest";
  std::filesystem::copy(first, copy, std::filesystem::copy_options::recursive);
  ASSERT_EQ(stet({"resume", "./runs/latest"}).status, 0);
  EXPECT_EQ(read_record(Folder(copy)).launches_size(), 2);
  EXPECT_EQ(read_record(Folder(first)).launches_size(), 1);
}

TEST_F(Cli, ResumeOfAFinishedRunSaysWhatItIsInVisibleText) {
  train({"--max-steps", "20"});
  ASSERT_EQ(stet({"resume", "latest"}).status, 0);
  record::RunRecord record = read_record(Folder(run()));
  record.set_id("a\x1b[2Jb");
  write_record(file_system(), Folder(run()), record);
  const Ended ended = run_scenario(folder_.path(), {"--resume", "latest"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out, HasSubstr("run a\\x1b[2Jb has finished"));
  overwrite(run() / "run.json", read_file(run() / "run.json") + "\n");
  const Ended altered = run_scenario(folder_.path(), {"--resume", "latest"});
  EXPECT_EQ(altered.status, 2);
  EXPECT_THAT(altered.err, AllOf(HasSubstr("altered since it ended"), testing::Not(HasSubstr("\x1b"))));
}

TEST_F(Cli, ARunStartsWithoutAListOfRuns) {
  const Ended ended = run_scenario(folder_.path(), {}, {{"XDG_STATE_HOME", "/proc/nowhere"}});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("will ask for --trust"));
}

TEST_F(Cli, LibrariesOfTheSurroundingsAreNotLoaded) {
  train();
  std::ofstream(folder_ / "decoy.so") << "no library";
  const Environment hostile{{"LD_PRELOAD", (folder_ / "decoy.so").string()}};
  const Ended verified = run_program(STET_PROGRAM, folder_.path(), {"verify", "latest"}, hostile);
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_EQ(std::count(verified.err.begin(), verified.err.end(), '\n'), 1) << "stet's own, not its program's";
}

TEST_F(Cli, TextOfRecordsIsOneVisibleLine) {
  train({"--name", "plain"});
  replace_once(run() / "run.json", "\"name\": \"plain\"", R"("name": "a\u001b[2J\nb\u202ec")");
  for (const Arguments& verb : {Arguments{"ls"}, {"show", "latest"}, {"show", "latest", "--json"}, {"ls", "--json"}}) {
    const Ended ended = stet(verb);
    EXPECT_EQ(ended.out.find_first_of("\x1b"), std::string::npos) << verb[0];
    EXPECT_EQ(ended.out.find("\u202e"), std::string::npos) << verb[0];
  }
  EXPECT_THAT(stet({"ls"}).out, HasSubstr("a\\x1b[2J\\nb\\u{202e}c"));
  EXPECT_EQ(nlohmann::json::parse(stet({"ls", "--json"}).out)[0].at("name"), "a\x1b[2J\nb\u202ec");
  EXPECT_THAT(stet({"show", "no\x1b[2Jrun"}).err, HasSubstr("no\\x1b[2Jrun"));
}

TEST_F(Cli, DatesOutOfRangeAreNone) {
  train();
  const std::string text = read_file(run() / "run.json");
  const size_t at = text.find("\"created\": ") + 11;
  std::string created = text.substr(at, text.find_first_of(",\n", at) - at);  // its digits as they were written
  for (const std::string odd : {"1e300", "-1e18", "\"NaN\"", "\"Infinity\""}) {
    replace_once(run() / "run.json", "\"created\": " + created, "\"created\": " + odd);
    EXPECT_THAT(stet({"show", "latest"}).out, HasSubstr("made no date"));
    EXPECT_EQ(stet({"show", "latest", "--json"}).status, 1) << "altered, and readable";
    const Ended listed = stet({"ls"});
    EXPECT_EQ(listed.status, 0) << odd << ": " << listed.out << listed.err;
    created = odd;
  }
}

TEST_F(Cli, AListIsAParameterAsOthersAre) {
  train({"--widths", "8,9", "--max-steps", "20"});
  EXPECT_EQ(nlohmann::json::parse(stet({"show", "latest", "--json"}).out).at("params").at("widths"),
            nlohmann::json({8, 9}));
  EXPECT_THAT(stet({"show", "latest"}).out, HasSubstr("[8, 9]  (default [4, 2])"));
  EXPECT_THAT(run_scenario(folder_.path(), {"--resume", "latest", "--widths", "8"}).err,
              HasSubstr("was begun with [8, 9]"));
  ASSERT_EQ(stet({"resume", "latest"}).status, 0);
  EXPECT_EQ(stet({"verify", "latest"}).status, 0);
  train({"--widths", "", "--name", "another"});
  const auto differ = nlohmann::json::parse(stet({"diff", "scenario", "another", "--json"}).out);
  EXPECT_EQ(differ.at("params").at("widths"), nlohmann::json({"[8, 9]", "[]"}));
  EXPECT_TRUE(differ.at("same_bits").get<bool>()) << "no digest knows of it";
  const auto listed = nlohmann::json::parse(stet({"ls", "params.widths == []", "--json"}).out);
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].at("params").at("widths"), nlohmann::json::array());
  EXPECT_EQ(nlohmann::json::parse(stet({"ls", "9 in params.widths", "--json"}).out).size(), 1u);
}

TEST_F(Cli, ASecretIsNotRecordedAndAskedForByName) {
  train({"--api-key", "hunter2", "--max-steps", "20"});
  const std::string record = read_file(run() / "run.json");
  EXPECT_EQ(record.find("hunter2"), record.npos);
  EXPECT_EQ(nlohmann::json::parse(stet({"show", "latest", "--json"}).out).at("params").at("api-key"), "***");
  EXPECT_THAT(stet({"verify", "latest"}).err, HasSubstr("--api-key was a secret, which the record does not hold"));
  const Ended verified = stet({"verify", "latest", "--api-key", "another"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("api-key (a secret)"));
  EXPECT_THAT(stet({"resume", "latest"}).err,
              HasSubstr("--api-key: run " + run().filename().string() + " was begun with a secret"));
  EXPECT_EQ(stet({"resume", "latest", "--api-key", "hunter3"}).status, 0);
  EXPECT_EQ(read_file(run() / "run.json").find("hunter"), record.npos);
}

// The program runs where it was launched, and a relative place is meant from where the user is.
TEST_F(Cli, ResumeTakesAPlaceFromTheUsersFolder) {
  TempFolder elsewhere;
  std::ofstream(elsewhere / "samples") << "one two three";
  train({"--data", (elsewhere / "samples").string(), "--max-steps", "5"});
  for (const Arguments& place : {Arguments{"--data", "moved", "--max-steps", "7"}, Arguments{"--data=./moved"}}) {
    std::filesystem::rename(elsewhere / "samples", elsewhere / "moved");
    Arguments words{"resume", run().string(), "--quiet"};
    words.insert(words.end(), place.begin(), place.end());
    const Ended resumed = run_program(STET_PROGRAM, elsewhere.path(), words, {});
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    std::filesystem::rename(elsewhere / "moved", elsewhere / "samples");
  }
}

TEST_F(Cli, ShowsWhatWasLoggedBesideMetrics) {
  train();
  std::filesystem::create_directory(run() / "artifacts");
  std::ofstream(run() / "artifacts/table.txt") << "12345";
  const Ended shown = stet({"show", "latest"});
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("\nImages\n  weights  "), HasSubstr("\nTexts\n  note  "),
                    HasSubstr("\nArtifacts\n  table.txt  5 bytes\n"), HasSubstr("(min "), HasSubstr(" at ")));
  const auto json = nlohmann::json::parse(stet({"show", "latest", "--json"}).out);
  EXPECT_GT(json.at("images").at("weights").at("count"), 0);
  EXPECT_GT(json.at("texts").at("note").at("bytes"), 0);
  EXPECT_EQ(json.at("artifacts"), nlohmann::json::parse(R"([{"name": "table.txt", "bytes": 5}])"));
}

// Every member that is printed stands in docs/json.md.
TEST_F(Cli, JsonIsAsDocumented) {
  train();
  const std::string docs = read_file(Path(STET_SOURCE_DIR) / "docs/json.md");
  const auto expect_documented = [&](const nlohmann::json& object, const std::string& of) {
    ASSERT_TRUE(object.is_object()) << of;
    for (const auto& [name, value] : object.items())
      EXPECT_TRUE(docs.find("`" + name + "`") != docs.npos || docs.find(name + ",") != docs.npos ||
                  docs.find(name + "}") != docs.npos)
          << of << ": " << name;
  };
  const auto shown = nlohmann::json::parse(stet({"show", "latest", "--json"}).out);
  expect_documented(shown, "show");
  expect_documented(shown.at("metrics").at("loss"), "a metric");
  expect_documented(shown.at("checkpoints").at(0), "a checkpoint");
  expect_documented(shown.at("seal"), "a seal");
  expect_documented(nlohmann::json::parse(stet({"ls", "--json"}).out).at(0), "ls");
  expect_documented(nlohmann::json::parse(stet({"diff", "latest", "latest", "--json"}).out), "diff");
  expect_documented(nlohmann::json::parse(stet({"verify", "latest", "--json", "--resumes"}).out), "verify");
}

TEST_F(Cli, ShowsTheBestCheckpointAndWhereExtremesFell) {
  train({"--form", "best"});
  const Ended shown = stet({"show", "latest"});
  EXPECT_THAT(shown.out, HasSubstr("best: error "));
  const auto json = nlohmann::json::parse(stet({"show", "latest", "--json"}).out);
  int best = 0;
  for (const auto& checkpoint : json.at("checkpoints")) best += checkpoint.at("best").get<bool>();
  EXPECT_EQ(best, 1);
  const auto& error = json.at("metrics").at("error");
  const Point least = *std::ranges::min_element(read_run(run()).series("error"), {}, &Point::value);
  EXPECT_EQ(error.at("min_step"), least.step);
  EXPECT_EQ(error.at("min"), least.value);
}

TEST_F(Cli, NamesTheVerbThatWasMeant) {
  EXPECT_EQ(stet({"sho"}).err, "stet: there is no verb 'sho'; did you mean show?\n");
  EXPECT_EQ(stet({"verfy", "latest"}).err, "stet: there is no verb 'verfy'; did you mean verify?\n");
  EXPECT_EQ(stet({"zzzzzz"}).err, "stet: there is no verb 'zzzzzz'; see stet --help\n");
}

TEST_F(Cli, EveryVerbSaysThatARunWasAltered) {
  train({"--max-steps", "20"});
  train({"--name", "other"});
  const Path altered = list_runs(folder_ / "runs").front();
  replace_once(altered / "run.json", "\"lr\"", "\"LR\"");
  const auto said = HasSubstr("altered since it ended: run.json has other bytes");
  const std::string id = altered.filename().string();
  for (const Arguments& verb : {Arguments{"show", id}, {"diff", id, "other"}, {"verify", id}, {"ls", "--check"}}) {
    const Ended ended = stet(verb);
    EXPECT_EQ(ended.status, 1) << verb[0];
    EXPECT_THAT(ended.out + ended.err, said) << verb[0];
  }
  const Ended resumed = stet({"resume", id});
  EXPECT_EQ(resumed.status, 2);
  EXPECT_THAT(resumed.err, AllOf(said, HasSubstr("restore what was changed")));
  EXPECT_EQ(stet({"ls"}).status, 0);
}

TEST_F(Cli, AFolderThatCantBeAskedIsNamed) {
  const std::string folder = (folder_ / std::string(300, 'x') / "runs").string();
  for (const char* verb : {"ls", "show"}) {
    Arguments arguments{verb, "--runs", folder};
    if (std::string(verb) == "show") arguments.push_back("latest");
    const Ended ended = stet(arguments);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.err, "stet: " + folder + ": File name too long\n");
  }
}

TEST_F(Cli, RefusesWrongUse) {
  for (const Arguments& wrong :
       {Arguments{}, Arguments{"show"}, Arguments{"show", "nothing"}, Arguments{"verify", "nothing"},
        Arguments{"resume", "nothing"}, Arguments{"ls", "--bogus"}, Arguments{"verify", "latest", "--threads", "-2"}}) {
    const Ended ended = stet(wrong);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  }
  EXPECT_THAT(stet({"resume", "--help"}).out, testing::Not(HasSubstr("--json")));
  for (const char* verb : {"ls", "show", "diff", "verify"})
    EXPECT_THAT(stet({verb, "--help"}).out, HasSubstr("--json"));
}

}  // namespace
}  // namespace stet::tracking
