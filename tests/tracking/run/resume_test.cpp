#include "stet/tracking/run/resume.h"

#include <gmock/gmock.h>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/version.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

const std::vector<Reported> kReported{
    {"opt/lr", 0.5, false}, {"net/name", std::string("mlp"), false}, {"loader/workers", int64_t{3}, true}};

record::RunRecord recorded() {
  record::RunRecord record;
  record.set_id("20260131-1");
  record.set_program("scenario");
  record.set_numerics(numerics_version);
  return record;
}

DatasetRecord data_set(const std::string& name, const std::string& samples) {
  return {.name = name,
          .files = {{"/data/" + name, 1, samples}},
          .samples = 1,
          .samples_sha256 = samples,
          .split = "",
          .digest = ""};
}

record::RunRecord with_data(const std::vector<std::string>& names) {
  record::RunRecord record = recorded();
  for (const std::string& name : names) {
    auto* data = record.add_data();
    data->set_name(name);
    data->set_samples_sha256("of " + name);
    data->add_files()->set_sha256("of " + name);
  }
  return record;
}

TEST(Resume, ACheckpointGivesTheRunsScalarsBack) {
  Checkpoint checkpoint;
  checkpoint.scalars = to_scalars({.position = "3@39.36/2", .epochs = 3, .digest_interval = 40}, kReported);
  ASSERT_EQ(checkpoint.scalars.size(), 5u) << "execution settings are left out";
  EXPECT_EQ(checkpoint.scalars[3].path, "stet/hyperparameters/opt/lr");
  const RunScalars run = run_scalars_of(checkpoint);
  EXPECT_EQ(run.position, "3@39.36/2");
  EXPECT_EQ(run.epochs, 3);
  EXPECT_EQ(run.digest_interval, 40);
  EXPECT_EQ(run_scalars_of({}).position, "");
}

TEST(Resume, NamesEveryHyperparameterThatIsNotTheCheckpoints) {
  Checkpoint checkpoint;
  checkpoint.scalars = to_scalars({}, kReported);
  require_same_hyperparameters(recorded(), &checkpoint, kReported);
  const std::vector<Reported> other{{"opt/lr", 0.25, false}, {"opt/decay", true, false}};
  const std::string error = error_of([&] { require_same_hyperparameters(recorded(), &checkpoint, other); });
  for (const char* part :
       {"run 20260131-1", "opt/lr is 0.25 and was 0.5", "net/name is gone (it was mlp)", "opt/decay is new (true)"})
    EXPECT_THAT(error, HasSubstr(part));
}

TEST(Resume, WithoutACheckpointOnlyWhatBothHaveIsCompared) {
  record::RunRecord record = recorded();
  for (const auto& [path, value, execution] :
       {std::tuple("opt/lr", "0.5", false), {"net/later", "1", false}, {"loader/workers", "8", true}}) {
    auto* h = record.add_hyperparameters();
    h->set_path(path);
    h->set_value(value);
    h->set_execution(execution);
  }
  require_same_hyperparameters(record, nullptr, kReported);
  EXPECT_THAT(error_of([&] {
                require_same_hyperparameters(record, nullptr, {{"opt/lr", 0.25, false}});
              }),
              HasSubstr("opt/lr is 0.25 and was 0.5"));
}

TEST(Resume, ADataSetMustBeOneOfThoseOfItsName) {
  record::RunRecord record = with_data({"mnist", "mnist"});
  record.mutable_data(1)->set_samples_sha256("of its test part");
  require_same_data(record, {data_set("mnist", "of its test part"), data_set("mnist", "of mnist")});
  const std::string error = error_of([&] { require_same_data(record, {data_set("mnist", "of others")}); });
  EXPECT_THAT(error, HasSubstr("the data set mnist is not what run 20260131-1 was begun with; changed: /data/mnist"));
}

TEST(Resume, ADataSetUnderANewNameMustBeTheOneInItsPlace) {
  const record::RunRecord record = with_data({"train", "test"});
  require_same_data(record, {data_set("moved", "of train"), data_set("test", "of test")});
  EXPECT_NE(error_of([&] { require_same_data(record, {data_set("moved", "of test")}); }), "nothing was thrown");
  EXPECT_NE(error_of([&] { require_same_data(record, {data_set("test", "of train")}); }), "nothing was thrown")
      << "its name is known";
  require_same_data(record, {data_set("train", "of train"), data_set("test", "of test"), data_set("third", "new")});
}

TEST(Resume, RecordedParametersAreSeenFromHere) {
  record::RunRecord record = recorded();
  record.set_seed(9);
  record.add_launches()->set_cwd("/elsewhere");
  auto* param = record.add_params();
  param->set_name("lr");
  param->set_value("0.5");
  for (const auto& [name, value] : {std::pair("data", "digits/train"), {"cache", "/tmp/cache"}}) {
    auto* place = record.add_places();
    place->set_name(name);
    place->set_value(value);
  }
  const auto values = recorded_parameters(record);
  EXPECT_EQ(values.at("seed").value, "9");
  EXPECT_EQ(values.at("lr").value, "0.5");
  EXPECT_FALSE(values.at("lr").place);
  EXPECT_EQ(values.at("data").value, "/elsewhere/digits/train");
  EXPECT_TRUE(values.at("data").place);
  EXPECT_EQ(values.at("cache").value, "/tmp/cache");
}

// A run in a folder of runs, made as `record` says and left without an end.
struct RunsFolder {
  TempFolder runs;
  explicit RunsFolder(record::RunRecord record) { create_run(file_system(), runs.path(), record); }
  RecordedRun open(const std::string& program) const {
    return open_recorded(file_system(), runs.path(), "latest", program);
  }
};

TEST(Resume, OpensARunAndHoldsIt) {
  const RunsFolder folder(recorded());
  const RecordedRun run = folder.open("scenario");
  ASSERT_TRUE(run.held);
  EXPECT_TRUE(is_held(run.held->folder));
  EXPECT_EQ(run.held->folder.path().filename().string(), run.record.id());
  EXPECT_THAT(error_of([&] { folder.open("scenario"); }), HasSubstr("is running"));
}

TEST(Resume, RefusesAnotherProgramsRunAndAnotherContracts) {
  EXPECT_THAT(error_of([] { RunsFolder(recorded()).open("other"); }), HasSubstr("'scenario', not by 'other'"));
  record::RunRecord newer = recorded();
  newer.set_numerics(numerics_version + 1);
  EXPECT_THAT(error_of([&] { RunsFolder(newer).open("scenario"); }), HasSubstr("of the numerics contract"));
}

TEST(Resume, AFinishedRunIsNotHeld) {
  record::RunRecord finished = recorded();
  finished.add_launches()->mutable_end()->set_status(record::End::FINISHED);
  const RecordedRun run = RunsFolder(finished).open("scenario");
  EXPECT_FALSE(run.held);
  EXPECT_FALSE(run.record.id().empty());
}

}  // namespace
}  // namespace stet::tracking
