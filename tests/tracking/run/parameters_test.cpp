#include "stet/tracking/run/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "stet/tensor/error.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

Parameters given(std::vector<const char*> words) {
  words.insert(words.begin(), "program");
  return Parameters(static_cast<int>(words.size()), words.data());
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) { return e.what(); }
  return "";
}

TEST(Flags, FindsTheNameThatWasMeant) {
  EXPECT_EQ(nearest("epoch", {"epochs", "batch"}), "epochs");
  EXPECT_EQ(nearest("zzzzzz", {"epochs", "batch"}), "");
}

TEST(Parameters, TakeTheFlagElseTheDefault) {
  Parameters p = given({"--lr", "0.25", "--epochs=3", "--fast"});
  EXPECT_EQ(p.param<float>("lr", 1e-3f, {}), 0.25f);
  EXPECT_EQ(p.param<int>("epochs", 10, {}), 3);
  EXPECT_EQ(p.param<int>("batch", 64, {}), 64);
  EXPECT_TRUE(p.param<bool>("fast", false, {}));
  p.close();
  EXPECT_EQ(p.declared()[0].value, "0.25");
  EXPECT_EQ(p.declared()[0].standard, "0.001");
  EXPECT_EQ(p.declared()[0].source, Source::flag);
  EXPECT_EQ(p.declared()[2].source, Source::standard);
}

TEST(Parameters, RefuseInOneLineThatNamesFlagValueAndRemedy) {
  EXPECT_EQ(refusal([] { given({"--lr", "abc"}).param<float>("lr", 1, {}); }), "--lr abc: must be a finite number");
  EXPECT_EQ(refusal([] { given({"--lr", "-1"}).param<float>("lr", 1, {.above = 0}); }), "--lr -1: must be above 0");
  EXPECT_EQ(refusal([] {
              given({"--p", "1.5"}).param<float>("p", 0, {.from = 0, .below = 1});
            }),
            "--p 1.5: must be at least 0 and below 1");
  EXPECT_EQ(refusal([] {
              given({"--m", "x"}).param<std::string>("m", "a", {.one_of = {"a", "b"}});
            }),
            "--m x: must be one of a, b");
  EXPECT_EQ(refusal([] { given({"--lr"}).param<float>("lr", 1, {}); }), "--lr: needs a value");
  EXPECT_THAT(refusal([] { given({"--lr", "1", "--lr", "2"}); }), HasSubstr("twice"));
  EXPECT_THAT(refusal([] { given({"lr"}); }), HasSubstr("is no flag"));
  EXPECT_THAT(refusal([] { given({}).param<int>("n", 0, {.above = 0}); }), HasSubstr("its default 0"));
  Parameters p = given({"--epoch", "3"});
  p.param<int>("epochs", 1, {});
  EXPECT_EQ(refusal([&] { p.close(); }), "--epoch: there is no such flag; did you mean --epochs?");
}

TEST(Parameters, AreReadOnceOrAlike) {
  Parameters p = given({});
  EXPECT_EQ(p.param<int>("n", 3, {}), 3);
  EXPECT_EQ(p.param<int>("n", 3, {}), 3);
  EXPECT_THAT(refusal([&] { p.param<int>("n", 4, {}); }), HasSubstr("read twice"));
  p.close();
  EXPECT_THAT(refusal([&] { p.param<int>("late", 4, {}); }), HasSubstr("after the run began"));
}

TEST(Parameters, OfARecordWin) {
  Parameters p = given({"--lr", "0.50", "--data", "there", "--workers", "2"});
  p.set_record("r1", {{"lr", {"0.5", false}}, {"n", {"7", false}}, {"data", {"here", true}}});
  EXPECT_EQ(p.param<float>("lr", 1, {}), 0.5f);  // says the same
  EXPECT_EQ(p.param<int>("n", 1, {}), 7);
  EXPECT_EQ(p.path("data", "", {}), "there");
  EXPECT_EQ(p.execution<int>("workers", 0, {}), 2);
  EXPECT_THAT(refusal([&] { p.param<int>("new", 1, {}); }), HasSubstr("has no such parameter"));
  p.close();
  EXPECT_EQ(p.declared()[1].source, Source::record);

  Parameters q = given({"--lr", "0.7"});
  q.set_record("r1", {{"lr", {"0.5", false}}, {"gone", {"1", false}}});
  EXPECT_THAT(refusal([&] { q.param<float>("lr", 1, {}); }),
              testing::AllOf(HasSubstr("--lr 0.7"), HasSubstr("r1"), HasSubstr("0.5")));
  Parameters r = given({});
  r.set_record("r1", {{"gone", {"1", false}}});
  EXPECT_THAT(refusal([&] { r.close(); }), HasSubstr("gone"));
}

TEST(Parameters, ComeFromAFile) {
  TempFolder folder;
  std::ofstream(folder / "lines") << "# a comment\nlr = 0.5\n\nname = big one # as a title\n";
  std::ofstream(folder / "json") << R"({"lr": 0.25, "fast": true, "model": "cnn"})";
  std::ofstream(folder / "broken") << "lr 0.5\n";
  std::ofstream(folder / "unknown") << "lrr = 0.5\n";
  const auto with = [&](const char* file) { return (folder / file).string(); };
  Parameters p = given({"--config", with("lines").c_str(), "--name", "flag"});
  EXPECT_EQ(p.param<float>("lr", 1, {}), 0.5f);
  EXPECT_EQ(p.param<std::string>("name", "", {}), "flag");
  EXPECT_EQ(p.declared()[0].source, Source::config);
  Parameters q = given({"--config", with("json").c_str()});
  EXPECT_EQ(q.param<float>("lr", 1, {}), 0.25f);
  EXPECT_TRUE(q.param<bool>("fast", false, {}));
  EXPECT_EQ(q.param<std::string>("model", "mlp", {}), "cnn");
  EXPECT_THAT(refusal([&] { given({"--config", with("broken").c_str()}); }), HasSubstr("broken:1"));
  EXPECT_THAT(refusal([&] { given({"--config", with("none").c_str()}); }), HasSubstr("none: can't be read"));
  Parameters u = given({"--config", with("unknown").c_str()});
  u.param<float>("lr", 1, {});
  EXPECT_THAT(refusal([&] { u.close(); }),
              testing::AllOf(HasSubstr("unknown"), HasSubstr("lrr"), HasSubstr("did you mean")));
}

TEST(Parameters, AFileGivesANameOnceAndMayBeginWithAMark) {
  TempFolder folder;
  const std::map<std::string, std::string> files{{"lines", "lr = 1\nlr = 2\n"},
                                                 {"json", R"({"lr": 1, "lr": 2})"},
                                                 {"nested", R"({"lr": 1, "more": {"lr": [2]}})"},
                                                 {"list", R"([{"lr": 1}])"},
                                                 {"marked", "\xEF\xBB\xBF{\"lr\": 2.5e-1}"},
                                                 {"marked lines", "\xEF\xBB\xBFlr = 0.25\n"}};
  for (const auto& [name, text] : files) std::ofstream(folder / name) << text;
  const auto with = [&](const char* file) { return given({"--config", (folder / file).string().c_str()}); };
  EXPECT_THAT(refusal([&] { with("lines"); }), HasSubstr("lines:2: 'lr' is given twice"));
  EXPECT_THAT(refusal([&] { with("json"); }), HasSubstr("json: 'lr' is given twice"));
  EXPECT_THAT(refusal([&] { with("nested"); }), HasSubstr("'more.lr' must be a number"));
  EXPECT_THAT(refusal([&] { with("list"); }), HasSubstr("list"));
  EXPECT_EQ(with("marked").param<float>("lr", 1, {}), 0.25f);
  EXPECT_EQ(with("marked lines").param<float>("lr", 1, {}), 0.25f);
}

TEST(Parameters, TextIsUtf8) {
  for (const char* text : {"\xff", "\xc0\x80", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "caf\xe9"}) {
    Parameters p = given({"--name", text, "--data", text});
    EXPECT_THAT(refusal([&] { p.param<std::string>("name", "", {}); }), HasSubstr("must be UTF-8"));
    EXPECT_THAT(refusal([&] { p.path("data", "", {}); }), HasSubstr("must be UTF-8"));
  }
  Parameters p = given({"--name", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"});
  EXPECT_EQ(p.param<std::string>("name", "", {}), "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(Parameters, AreListedByHelp) {
  Parameters p = given({"--help", "--lr", "nonsense"});
  EXPECT_EQ(p.param<float>("lr", 0.5f, {.above = 0, .help = "learning rate"}), 0.5f);
  p.built_in<int>("threads", 0, {});
  EXPECT_TRUE(p.help());
  EXPECT_THAT(
      p.help_text("mnist"),
      testing::AllOf(HasSubstr("--lr float"), HasSubstr("learning rate; default 0.5, > 0"), HasSubstr("--threads")));
}

}  // namespace
}  // namespace stet::tracking
