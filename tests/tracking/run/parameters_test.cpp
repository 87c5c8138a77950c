#include "stet/tracking/run/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <fstream>

#include "stet/tensor/error.h"
#include "stet/tracking/run/run.h"
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
                                                 {"nested", R"({"lr": 1, "more": {"lr": [[2]]}})"},
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

using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

template <class T> std::string list_refusal(const char* value, const std::vector<T>& standard, const ParamOptions& o) {
  return refusal([&] { given({"--list", value}).param<std::vector<T>>("list", standard, o); });
}

TEST(Parameters, MayBeLists) {
  Parameters p = given({"--layers", "64, 32", "--none", "", "--rates=[0.1,1e-05]", "--names", R"(a b,"c,\"d\"", "")",
                        "--flags", "yes,off", "--wide", "9007199254740993"});
  EXPECT_EQ(p.param<Ints>("layers", {1}, {.above = 0, .help = "widths"}), (Ints{64, 32}));
  EXPECT_EQ(p.param<Ints>("none", {1, 2}, {}), Ints());
  EXPECT_EQ(p.param<std::vector<float>>("rates", {}, {}), (std::vector<float>{0.1f, 1e-5f}));
  EXPECT_EQ(p.param<Texts>("names", {}, {}), (Texts{"a b", "c,\"d\"", ""}));
  EXPECT_EQ(p.param<std::vector<bool>>("flags", {}, {}), (std::vector<bool>{true, false}));
  EXPECT_EQ(p.param<std::vector<int64_t>>("wide", {}, {}), std::vector<int64_t>{9007199254740993});
  EXPECT_EQ(p.param<std::vector<double>>("left", {0.1, 3}, {}), (std::vector<double>{0.1, 3}));
  p.close();
  const auto said = [&](size_t i) { return p.declared()[i].type + " " + p.declared()[i].value; };
  EXPECT_EQ(said(0), "int list [64, 32]");
  EXPECT_EQ(said(1), "int list []");
  EXPECT_EQ(said(2), "float list [0.1, 1e-05]");
  EXPECT_EQ(said(3), R"(string list ["a b", "c,\"d\"", ""])");
  EXPECT_EQ(said(4), "bool list [true, false]");
  EXPECT_EQ(said(5), "int list [9007199254740993]");
  EXPECT_EQ(said(6), "double list [0.1, 3]");
  EXPECT_EQ(p.declared()[0].standard, "[1]");
  EXPECT_EQ(p.declared()[0].range, "> 0");
  EXPECT_THAT(p.help_text("x"), HasSubstr("--layers int list          widths; default [1], > 0"));
}

TEST(Parameters, InBracesAreListsOfTheirElementsType) {
  stet::Run* run = nullptr;  // what it would give is known without it
  static_assert(std::is_same_v<decltype(run->param("layers", {64, 32}, {.above = 0})), Ints>);
  static_assert(std::is_same_v<decltype(run->param("one", {64})), Ints>);
  static_assert(std::is_same_v<decltype(run->param("wide", {int64_t{1}, int64_t{2}})), std::vector<int64_t>>);
  static_assert(
      std::is_same_v<decltype(run->param("rates", {0.5, 1e-3}, {.help = "of learning"})), std::vector<double>>);
  static_assert(std::is_same_v<decltype(run->param("rates", {0.5f})), std::vector<float>>);
  static_assert(std::is_same_v<decltype(run->param("flags", {true, false})), std::vector<bool>>);
  static_assert(std::is_same_v<decltype(run->param("names", {"a", "longer"}, {.one_of = {"a", "longer"}})), Texts>);
  static_assert(std::is_same_v<decltype(run->execution("names", {std::string("a")})), Texts>);
  static_assert(std::is_same_v<decltype(run->param("name", "a", {.one_of = {"a", "b"}})), std::string>);
  static_assert(std::is_same_v<decltype(run->execution("threads", 2, {.above = 0})), int>);
  EXPECT_EQ(list_of({"a", "longer"}), (Texts{"a", "longer"}));
  EXPECT_EQ(list_of({0.5, 1e-3}), (std::vector<double>{0.5, 1e-3}));
  EXPECT_EQ(list_of({true, false}), (std::vector<bool>{true, false}));
  EXPECT_EQ(run, nullptr);
}

TEST(Parameters, ThatAreListsHoldEachElementToTheirBounds) {
  EXPECT_EQ(list_refusal<int>("3,0", {1}, {.above = 0}), "--list 3,0: each of the list must be above 0");
  EXPECT_EQ(list_refusal<float>("3,x", {}, {}), "--list 3,x: each of the list must be a finite number");
  EXPECT_EQ(list_refusal<float>("nan", {}, {}), "--list nan: each of the list must be a finite number");
  EXPECT_EQ(list_refusal<std::string>("a,c", {}, {.one_of = {"a", "b"}}),
            "--list a,c: each of the list must be one of a, b");
  EXPECT_EQ(list_refusal<int>("", {}, {.above = 0}), "");
  for (const char* text :
       {"a,,b", ",", "a,", "a,\"b", "a\"b\"", "\"a\"b", "[a", "a]", "[a],[b]", "\"\\x\"", "\"\xff\""})
    EXPECT_THAT(list_refusal<std::string>(text, {}, {}), HasSubstr("must be a list: values with commas between"))
        << text;
  EXPECT_THAT(list_refusal<std::string>("caf\xe9", {}, {}), HasSubstr("must be UTF-8"));
  EXPECT_THAT(refusal([] { given({}).param<Ints>("n", {1, 0}, {.above = 0}); }), HasSubstr("its default [1, 0]"));
  EXPECT_EQ(refusal([] { given({"--list"}).param<Ints>("list", {}, {}); }), "--list: needs a value");
}

TEST(Parameters, ThatAreListsReadBackToTheSameBits) {
  const Texts texts{"", " ", "a, b", "[x]", "\"", "\\", "line\nend\t\x01", "\xc3\xa9", "null", "\xf0\x9f\x98\x80"};
  Parameters p = given({});
  p.param<Texts>("texts", texts, {});
  const std::vector<double> numbers{0.1, 1e300, -0.0, 5e-324};
  p.param<std::vector<double>>("numbers", numbers, {});
  const std::string words = "--texts=" + p.declared()[0].value, more = "--numbers=" + p.declared()[1].value;
  Parameters again = given({words.c_str(), more.c_str()});
  EXPECT_EQ(again.param<Texts>("texts", {}, {}), texts);
  const auto read = again.param<std::vector<double>>("numbers", {}, {});
  ASSERT_EQ(read.size(), numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i)
    EXPECT_EQ(std::bit_cast<uint64_t>(read[i]), std::bit_cast<uint64_t>(numbers[i]));
}

TEST(Parameters, ThatAreListsComeFromARecordAndFromFiles) {
  Parameters p = given({"--layers", "64,64", "--other", "1,2"});
  p.set_record("r1", {{"layers", {"[64, 64]", false}}, {"other", {"[1]", false}}});
  EXPECT_EQ(p.param<Ints>("layers", {1}, {}), (Ints{64, 64})) << "says the same";
  EXPECT_EQ(refusal([&] { p.param<Ints>("other", {1}, {}); }),
            "--other 1,2: run r1 was begun with [1]; start a new run to change it");
  TempFolder folder;
  std::ofstream(folder / "lines") << "layers = [64, 64]\nnames = a, \"b,c\"\nempty =\n";
  std::ofstream(folder / "json") << R"({"layers": [64, 64], "names": ["a", "b,c"], "empty": []})";
  std::ofstream(folder / "c.yaml") << "layers: [64, 64]\nnames:\n- a\n- b,c\nempty: []\n";
  for (const char* file : {"lines", "json", "c.yaml"}) {
    Parameters q = given({"--config", (folder / file).string().c_str()});
    EXPECT_EQ(q.param<Ints>("layers", {}, {}), (Ints{64, 64})) << file;
    EXPECT_EQ(q.param<Texts>("names", {}, {}), (Texts{"a", "b,c"})) << file;
    EXPECT_EQ(q.param<Ints>("empty", {1}, {}), Ints()) << file;
    EXPECT_EQ(q.declared()[0].value, "[64, 64]");
  }
  for (const char* file : {"json", "c.yaml"}) {
    Parameters q = given({"--config", (folder / file).string().c_str()});
    EXPECT_THAT(refusal([&] { q.param<std::string>("names", "", {}); }), HasSubstr("must be one value, not a list"));
    EXPECT_THAT(refusal([&] { q.path("layers", "", {}); }), HasSubstr("must be one value, not a list"));
  }
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
