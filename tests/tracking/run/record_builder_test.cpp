#include "stet/tracking/run/record_builder.h"

#include <gmock/gmock.h>

#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;

// A program with one of each: a parameter, a place, an execution setting, a built-in flag.
struct Declarations {
  Parameters parameters;
  RunFlags flags;
  explicit Declarations(std::vector<const char*> argv = {"program", "--lr", "0.25"})
      : parameters(static_cast<int>(argv.size()), argv.data()) {
    flags.read_place(parameters);
    flags.read_rest(parameters);
    parameters.param<double>("lr", 0.5, {.above = 0, .help = "learning rate"});
    parameters.path("data", "digits", {});
    parameters.execution<int>("workers", 2, {});
  }
};

DatasetRecord data_set(const std::string& samples) {
  return {.name = "digits",
          .files = {{"/data/digits", 3, "aa"}},
          .samples = 10,
          .samples_sha256 = samples,
          .split = "0.9, 0.1",
          .digest = "bb"};
}

TEST(RecordBuilder, DescribesWhatTheProgramDeclares) {
  const Declarations declared({"program", "--lr", "0.25", "--name", "trial", "--seed", "7"});
  RecordBuilder builder;
  builder.describe_program("mnist", declared.flags, declared.parameters, {.every_steps = 4, .best_metric = "error"});
  const auto& record = builder.record();
  EXPECT_EQ(record.program(), "mnist");
  EXPECT_EQ(record.name(), "trial");
  EXPECT_EQ(record.seed(), 7u);
  ASSERT_EQ(record.params_size(), 1);
  EXPECT_EQ(record.params(0).name(), "lr");
  EXPECT_EQ(record.params(0).value(), "0.25");
  EXPECT_EQ(record.params(0).default_(), "0.5");
  EXPECT_EQ(record.params(0).source(), record::Param::FLAG);
  EXPECT_EQ(record.params(0).range(), "> 0");
  ASSERT_EQ(record.places_size(), 1);
  EXPECT_EQ(record.places(0).value(), "digits");
  EXPECT_EQ(policy_of(record).every_steps, 4);
  EXPECT_EQ(policy_of(record).best_metric, "error");
  EXPECT_EQ(policy_of(record).keep_last, 3);
}

TEST(RecordBuilder, MasksTheSecretsAmongAListsTexts) {
  Declarations declared({"program", "--urls", "a,\"https://me:pw@host/x,y\"", "--secrets", "one,two"});
  using Texts = std::vector<std::string>;
  declared.parameters.param<Texts>("urls", {}, {});
  declared.parameters.param<Texts>("secrets", {}, {});
  declared.parameters.param<Texts>("tags", {"a", "b"}, {});
  RecordBuilder builder;
  builder.describe_program("mnist", declared.flags, declared.parameters, {});
  const auto& record = builder.record();
  ASSERT_EQ(record.params_size(), 4);
  EXPECT_EQ(record.params(1).type(), "string list");
  EXPECT_EQ(record.params(1).value(), R"(["a", "https://***@host/x,y"])");
  EXPECT_TRUE(record.params(1).masked());
  EXPECT_EQ(record.params(2).value(), R"(["***", "***"])");
  EXPECT_EQ(record.params(3).value(), R"(["a", "b"])");
  EXPECT_FALSE(record.params(3).masked());
}

TEST(RecordBuilder, AResumedRunKeepsItsNameAndParameters) {
  record::RunRecord before;
  before.set_name("first");
  before.add_params()->set_name("lr");
  const Declarations declared;
  RecordBuilder builder;
  EXPECT_FALSE(builder.taken_over());
  builder.take_over(before);
  EXPECT_TRUE(builder.taken_over());
  builder.describe_program("mnist", declared.flags, declared.parameters, {});
  EXPECT_EQ(builder.record().name(), "first");
  EXPECT_EQ(builder.record().params_size(), 1);
  EXPECT_EQ(builder.record().places_size(), 0);
}

TEST(RecordBuilder, DescribesTheStateAfresh) {
  const Declarations declared;
  Buffer table(Tensor::from(std::vector<float>{1, 2, 3}));
  State state;
  state.track("table", [&](Visitor& v) { v("table", table); });
  RecordBuilder builder;
  builder.add_dataset(data_set("cc"));
  builder.describe_state(state, declared.parameters);
  builder.describe_state(state, declared.parameters);
  const auto& record = builder.record();
  ASSERT_EQ(record.tracked_size(), 1);
  EXPECT_EQ(record.tracked(0).path(), "table");
  EXPECT_EQ(record.tracked(0).dtype(), "float32");
  EXPECT_THAT(record.tracked(0).shape(), ElementsAre(3));
  ASSERT_EQ(record.hyperparameters_size(), 1);
  EXPECT_EQ(record.hyperparameters(0).path(), "workers");
  EXPECT_TRUE(record.hyperparameters(0).execution());
  ASSERT_EQ(record.data_size(), 1);
  EXPECT_EQ(record.data(0).files(0).sha256(), "aa");
  EXPECT_EQ(record.data(0).count(), 10);
  EXPECT_EQ(record.data(0).split_sha256(), "bb");
}

TEST(RecordBuilder, ADataSetThatIsOpenedOnceMoreIsNothingNew) {
  TempFolder folder;
  RecordBuilder builder;
  builder.add_dataset(data_set("cc"));
  EXPECT_TRUE(builder.changed());
  builder.save(file_system(), folder.path());
  EXPECT_FALSE(builder.changed());
  builder.add_dataset(data_set("cc"));
  EXPECT_FALSE(builder.changed());
  EXPECT_EQ(builder.datasets().size(), 1u);
  builder.add_dataset(data_set("dd"));
  EXPECT_TRUE(builder.changed());
}

TEST(RecordBuilder, DataSetsOfOneNameAndOtherFilesAreSeveral) {
  const Declarations declared;
  DatasetRecord first = data_set(""), second = first;
  second.files[0] = {"/data/more", 3, "dd"};
  RecordBuilder builder;
  builder.add_dataset(first);
  builder.add_dataset(second);
  builder.add_dataset(first);
  builder.describe_state(State(), declared.parameters);
  ASSERT_EQ(builder.record().data_size(), 2);
  EXPECT_EQ(builder.record().data(1).files(0).sha256(), "dd");
}

TEST(RecordBuilder, WhatEarlierLaunchesOpenedStaysInTheRecord) {
  const Declarations declared;
  RecordBuilder first;
  first.add_dataset(data_set("cc"));
  first.add_dataset(data_set("dd"));
  first.describe_state(State(), declared.parameters);
  RecordBuilder second;
  second.take_over(first.record());
  DatasetRecord moved = data_set("dd");
  moved.files[0].path = "/elsewhere/digits";
  second.add_dataset(moved);
  second.add_dataset(data_set("ee"));
  for (int times = 0; times < 2; ++times) second.describe_state(State(), declared.parameters);
  std::vector<std::string> samples, places;
  for (const auto& data : second.record().data()) {
    samples.push_back(data.samples_sha256());
    places.push_back(data.files(0).path());
  }
  EXPECT_THAT(samples, ElementsAre("cc", "dd", "ee"));
  EXPECT_THAT(places, ElementsAre("/data/digits", "/elsewhere/digits", "/data/digits"));
}

TEST(RecordBuilder, ALaunchBeginsWhereItIsToldAndEndsOnce) {
  TempFolder folder;
  RecordBuilder builder;
  builder.add_launch({{7, 5}}, cpu, {"program", "--password=x"});
  const HeldRun held = builder.make_folder(file_system(), folder.path());
  builder.end(record::End::FAILED, 1, "the loss is nan", 9, "abc");
  builder.set_digest_interval(40);
  builder.save(file_system(), held.folder);
  const record::RunRecord saved = read_record(held.folder);
  EXPECT_EQ(saved.id(), builder.id());
  EXPECT_EQ(saved.launches(0).first_step(), 5);
  EXPECT_EQ(saved.launches(0).first_tick(), 7u);
  EXPECT_EQ(saved.launches(0).device(), "cpu");
  EXPECT_EQ(saved.launches(0).end().message(), "the loss is nan");
  EXPECT_EQ(saved.launches(0).end().last_step(), 9);
  EXPECT_EQ(saved.steps(), 9);
  EXPECT_EQ(saved.digest_interval(), 40);
  EXPECT_EQ(saved.final_digest(), "") << "it has not finished";
  builder.end(record::End::FINISHED, 0, "", 12, "abc");
  EXPECT_EQ(builder.record().final_digest(), "abc");
}

}  // namespace
}  // namespace stet::tracking
