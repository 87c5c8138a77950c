// What may stand at the caret of a query, and the words for it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tracking/query/completion.h"
#include "stet/tracking/query/names.h"
#include "stet/tracking/query/parser.h"

namespace stet::tracking::query {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using Kind = Slot::Kind;

struct Case {
  std::string text;  // of the query up to the caret
  Kind kind;
  std::string typed = "", fragment = "", subject = "", key = "";
};

void expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Slot slot = slot_at(c.text);
    EXPECT_EQ(static_cast<int>(slot.kind), static_cast<int>(c.kind)) << c.text;
    EXPECT_EQ(slot.typed, c.typed) << c.text;
    EXPECT_EQ(slot.fragment, c.fragment) << c.text;
    EXPECT_EQ(slot.subject, c.subject) << c.text;
    EXPECT_EQ(slot.key, c.key) << c.text;
    EXPECT_EQ(slot.begin + slot.typed.size(), c.text.size()) << c.text;
  }
}

TEST(QuerySlot, IsValue) {
  expect({{"", Kind::value},
          {"  ", Kind::value},
          {"st", Kind::value, "st", "st"},
          {"steps > 3 and st", Kind::value, "st", "st"},
          {"not (na", Kind::value, "na", "na"},
          {"-", Kind::value},
          {"status == ", Kind::value, "", "", "status"},
          {"status==fin", Kind::value, "fin", "fin", "status"},
          {"params.model in [\"cnn\", ", Kind::value, "", "", "params.model"},
          {"metrics[\"loss\"].at(", Kind::value},
          {"name == \"\xc3\xa9\" and s", Kind::value, "s", "s"},
          {"params.in < ", Kind::value, "", "", "params.in"}});
}

TEST(QuerySlot, IsText) {
  expect({{"status == \"fin", Kind::text, "\"fin", "fin", "status"},
          {"status == '", Kind::text, "'", "", "status"},
          {"git.branch != \"m", Kind::text, "\"m", "m", "git.branch"},
          {"params.a.b == \"x y", Kind::text, "\"x y", "x y", "params.a.b"},
          {"params[\"a \\\" ]\"] == \"x", Kind::text, "\"x", "x", "params[\"a \\\" ]\"]"},
          {"data[\"mnist\"].digest == \"", Kind::text, "\"", "", "data[\"mnist\"].digest"},
          {"metrics[\"l\"].tail(5).max > \"", Kind::text, "\"", "", "metrics[\"l\"].tail(5).max"},
          {"name in [\"a\", \"b", Kind::text, "\"b", "b", "name"},
          {"name not in [\"b", Kind::text, "\"b", "b", "name"},
          {"tags has \"", Kind::text, "\"", "", "tags"},
          {"name =~ ", Kind::text, "", "", "name"},
          {"name =~ \"a*", Kind::text, "\"a*", "a*", "name"},
          {"x == 1 and note == \"a\\\"b\\", Kind::text, "\"a\\\"b\\", "a\\\"b\\", "note"},
          {"name == \"\xc3", Kind::text, "\"\xc3", "\xc3", "name"},  // in the middle of a character
          {"name == \"a\nb", Kind::text, "\"a\nb", "a\nb", "name"}});
}

TEST(QuerySlot, IsOperation) {
  expect({{"steps ", Kind::operation},
          {"steps an", Kind::operation, "an", "an"},
          {"params[\"a-b\"] ", Kind::operation},
          {"name in [\"a\"]", Kind::operation},
          {"(steps > 3) o", Kind::operation, "o", "o"},
          {"name == \"a\" ", Kind::operation},
          {"params.has ", Kind::operation},
          {"metrics[\"l\"].max ", Kind::operation},
          {"metrics[\"l\"].slope(9)", Kind::operation},
          {"metrics[\"l\"].first(", Kind::comparison},
          {"metrics[\"l\"].tail(9).ever(i", Kind::comparison, "i", "i"}});
}

TEST(QuerySlot, IsName) {
  expect({{"params.", Kind::param, "params."},
          {"params.sa", Kind::param, "params.sa", "sa"},
          {"1 < params.a.", Kind::param, "params.a.", "a."},
          {"params.a.b", Kind::param, "params.a.b", "a.b"},
          {"params.params.", Kind::param, "params.params.", "params."},
          {"params.3d", Kind::param, "params.3d", "3d"},
          {"params[", Kind::param_name},
          {"params[\"a-", Kind::param_name, "\"a-", "a-"},
          {"-metrics['tr", Kind::metric_name, "'tr", "tr"},
          {"metrics[tr", Kind::metric_name, "tr", "tr"},
          {"data[\"m", Kind::data_name, "\"m", "m"},
          {"git.bra", Kind::git, "git.bra", "bra"},
          {"git.", Kind::git, "git."}});
}

TEST(QuerySlot, IsPart) {
  expect({{"metrics[\"l\"]", Kind::part},
          {"metrics[\"l\"].", Kind::part},
          {"metrics[\"l\", fold = \"1\"].ar", Kind::part, "ar", "ar"},
          {"metrics[\"l\"].tail(5)", Kind::part},
          {"metrics[\"l\"].smooth(0.9).m", Kind::part, "m", "m"},
          {"data[\"m\"].", Kind::part_of_data},
          {"data[\"m\"]", Kind::part_of_data},
          {"metrics[\"l\", ", Kind::context_key, "", "", "l"},
          {"metrics[\"l \\\"x\", fo", Kind::context_key, "fo", "fo", "l \"x"},
          {"metrics[\"l\", 'a b", Kind::context_key, "'a b", "a b", "l"},
          {"metrics[\"l\", fold = ", Kind::context_value, "", "", "l", "fold"},
          {"metrics[\"l\", \"a b\" = \"1", Kind::context_value, "\"1", "1", "l", "a b"}});
}

TEST(QuerySlot, IsNothing) {
  expect({{"steps > 3", Kind::nothing},
          {"name == \"a\"", Kind::nothing},
          {"&& ", Kind::nothing},
          {"params.lr < 1x", Kind::nothing},
          {"\"a", Kind::nothing, "\"a", "a"},
          {"name =~ /a", Kind::nothing},
          {"name =~ /a/", Kind::nothing},
          {"name == \"a\\q\" and s", Kind::nothing},
          {"metrics.", Kind::nothing},
          {"(steps > 3).", Kind::nothing},
          {"metrics[\"l\"].slope(9).", Kind::nothing},
          {"metrics[\"l\"].tail(", Kind::nothing},
          {"metrics[\"l\" ", Kind::nothing, "", "", "l"},
          {"steps \xc3", Kind::nothing},
          {std::string("a\0", 2), Kind::nothing}});
}

// What a few runs have.
class FewNames : public KnownNames {
 public:
  explicit FewNames(std::vector<std::string> names = {"a-b", "lr", "lr.decay"}) : names_(std::move(names)) {}
  std::vector<Known> params() override { return known(names_); }
  std::vector<Known> metrics() override { return known(names_); }
  std::vector<Known> data() override { return known(names_); }
  std::vector<KnownSeries> series() override {
    return {
        {{"loss", {}}, "in 3 runs"}, {{"loss", {{"a b", "x"}, {"fold", "1"}}}, ""}, {{"loss", {{"fold", "2"}}}, ""}};
  }
  std::vector<Known> texts(const Expression& of) override {
    asked = of.op == Expression::Op::field ? kFields[of.index].name : of.name;
    return known({"finished", "failed", "un\"finished"});
  }
  std::string asked;

 private:
  static std::vector<Known> known(const std::vector<std::string>& names) {
    std::vector<Known> all;
    for (const std::string& name : names) all.push_back({name, "some"});
    return all;
  }
  std::vector<std::string> names_;
};

std::vector<std::string> texts(const std::string& text, CompletionScope scope = {}) {
  FewNames names;
  std::vector<std::string> all;
  for (const Completion& c : completions(slot_at(text), names, scope)) all.push_back(c.text);
  return all;
}
// Those that a shell takes.
std::vector<std::string> going_on(const std::string& text) { return texts(text, {.anywhere = false}); }

TEST(QueryCompletion, OffersWhatBeginsSoBeforeWhatHasItSomewhere) {
  EXPECT_THAT(texts("status == \"fin"), ElementsAre("\"finished\"", "\"un\\\"finished\""));
  EXPECT_THAT(going_on("status == \"fin"), ElementsAre("\"finished\""));
  EXPECT_THAT(texts("params.l"), ElementsAre("params.lr", "params.lr.decay"));
  EXPECT_THAT(texts("params.b"), ElementsAre("params[\"a-b\"]"));
  EXPECT_THAT(going_on("params.a"), IsEmpty());
  EXPECT_THAT(texts("params.lr."), ElementsAre("params.lr.decay"));
}

TEST(QueryCompletion, FindsParametersAndMetricsByTheirBareNames) {
  EXPECT_THAT(texts("lr"), ElementsAre("params.lr", "params.lr.decay"));
  EXPECT_THAT(going_on("lr"), IsEmpty());
  EXPECT_THAT(texts("los"), ElementsAre("metrics[\"loss\"]", "metrics[\"loss\", \"a b\" = \"x\", fold = \"1\"]",
                                        "metrics[\"loss\", fold = \"2\"]"));
  EXPECT_THAT(texts(""), Not(Contains("params.lr")));
}

TEST(QueryCompletion, OffersWhatFollowsAWholeName) {
  EXPECT_THAT(going_on("forked_at"),
              ElementsAre("forked_at ==", "forked_at !=", "forked_at <", "forked_at <=", "forked_at >",
                          "forked_at >=", "forked_at in", "forked_at has", "forked_at =~"));
  EXPECT_THAT(texts("forked_at", {.terms = true}), ElementsAre("forked_at"));
  EXPECT_THAT(going_on("metrics[\"loss\"].first"), ElementsAre("first", "first("));
  EXPECT_THAT(going_on("steps and"), ElementsAre("and"));
  EXPECT_THAT(going_on("metrics[\"loss\"].argmin"), Contains("argmin =="));
  EXPECT_THAT(texts("metrics[\"loss\"]"), Contains(".argmin"));
  EXPECT_THAT(texts("steps n"), ElementsAre("not in", "and", "in"));
  EXPECT_THAT(texts("metrics[\"loss\"].first("), ElementsAre("==", "!=", "<", "<=", ">", ">=", "in"));
}

TEST(QueryCompletion, KnowsTheContextsOfAMetric) {
  EXPECT_THAT(texts("metrics[\"loss\", "), ElementsAre("\"a b\" = ", "fold = "));
  EXPECT_THAT(texts("metrics[\"loss\", 'a"), ElementsAre("'a b' = "));
  EXPECT_THAT(texts("metrics[\"loss\", fold = "), ElementsAre("\"1\"", "\"2\""));
  EXPECT_THAT(texts("metrics[\"loss\", fold = \"2"), ElementsAre("\"2\""));
  EXPECT_THAT(texts("metrics[\"other\", "), IsEmpty());
}

// The query with the one completion at the caret, which is written as |: as a page writes it, and as a shell, which
// can't touch what is behind the caret.
std::pair<std::string, std::string> completed(const std::string& query) {
  const size_t caret = query.find('|');
  const std::string text = query.substr(0, caret), behind = query.substr(caret + 1);
  FewNames names({"lr"});
  const Slot slot = slot_at(text, behind);
  const std::vector<Completion> found = completions(slot, names, {.anywhere = false});
  if (found.size() != 1) return {fmt::format("{} completions", found.size()), ""};
  const std::string& word = found[0].text;
  return {text.substr(0, slot.begin) + word + "|" + behind.substr(found[0].over),
          text.substr(0, slot.begin) + word.substr(0, word.size() - found[0].met) + "|" + behind};
}

TEST(QueryCompletion, ClosesNothingTwice) {
  struct {
    const char *query, *on_a_page, *in_a_shell;
  } cases[] = {
      {R"(params["l|"] < 1)", R"(params["lr"]| < 1)", R"(params["lr|"] < 1)"},
      {R"(metrics['l|'].min)", R"(metrics['lr']|.min)", R"(metrics['lr|'].min)"},
      {R"(metrics["l|])", R"(metrics["lr"]|)", R"(metrics["lr"|])"},
      {R"(metrics[|])", R"(metrics["lr"]|)", R"(metrics["lr"|])"},
      {R"(params["l|" and)", R"(params["lr"]| and)", R"(params["lr|" and)"},
      {R"(data["l|"])", R"(data["lr"].|)", R"(data["lr|"])"},
      {R"(data["l|"].digest)", R"(data["lr"].|digest)", R"(data["lr|"].digest)"},
      {R"(status == "fin|" and x)", R"(status == "finished"| and x)", R"(status == "finished|" and x)"},
      {R"(name in ["fin|", "b"])", R"(name in ["finished"|, "b"])", R"(name in ["finished|", "b"])"},
      {R"((status == "fin|"))", R"((status == "finished"|))", R"((status == "finished|"))"},
      {R"(metrics["loss", fold = "2|"])", R"(metrics["loss", fold = "2"|])", R"(metrics["loss", fold = "2|"])"},
      {R"(metrics["loss", "a|" = "x"])", R"(metrics["loss", "a b" = |"x"])", R"(metrics["loss", "a b|" = "x"])"},
      // What stands there closes something else, or opens it.
      {R"(name == fin|"x")", R"(name == "finished"|"x")", R"(name == "finished"|"x")"},
      {R"(status == "fin|')", R"(status == "finished"|')", R"(status == "finished"|')"},
      {R"(params["l| "])", R"(params["lr"]| "])", R"(params["lr"]| "])"},
      {R"((forked|))", R"((forked_at|))", R"((forked_at|))"},
  };
  for (const auto& c : cases) {
    const auto [on_a_page, in_a_shell] = completed(c.query);
    EXPECT_EQ(on_a_page, c.on_a_page) << c.query;
    EXPECT_EQ(in_a_shell, c.in_a_shell) << c.query;
  }
}

TEST(QueryCompletion, KnowsTheTextsOfASubject) {
  FewNames names;
  completions(slot_at("params[\"a-b\"] in [\"x\", \""), names);
  EXPECT_EQ(names.asked, "a-b");
  completions(slot_at("git.branch == \""), names);
  EXPECT_EQ(names.asked, "git.branch");
  EXPECT_THAT(texts("status == f"), Contains("\"failed\""));
  EXPECT_THAT(going_on("status == fa"), Contains("\"failed\""));
  EXPECT_THAT(texts("params has \""), ElementsAre("\"a-b\"", "\"lr\"", "\"lr.decay\""));
  for (const char* none :
       {"steps == \"", "metrics[\"loss\"].at(3) == \"", "(name) == \"", "nothing == \"", "made > \""})
    EXPECT_THAT(texts(none), IsEmpty()) << none;
}

// Of each name, as far as it may be typed, the completion is the name's expression.
TEST(QueryCompletion, SpellsNamesThatTheLanguageReadsBack) {
  const std::vector<std::string> hostile = {
      "a\"b'c", "a.b.",    ".a", "a\nb\tc", "\xc3\xb6\xe2\x82\xac", "\xc3", "\\", "a\\\"", "[\"]", "3d", "a b",
      "",       "\x1b[0m", "in", "a-b.c d", std::string("\0x", 2)};
  for (const std::string& name : hostile) {
    FewNames names({name});
    for (const char quote : {'"', '\''}) {
      const std::string spelled = query::quoted(name, quote);
      for (size_t length = 1; length < spelled.size(); ++length) {
        const std::string text = "1 < params[" + spelled.substr(0, length);
        const Slot slot = slot_at(text);
        const std::vector<Completion> found = completions(slot, names, {.anywhere = false});
        ASSERT_EQ(found.size(), 1u) << text;
        const std::string whole = text.substr(0, slot.begin) + found[0].text;
        EXPECT_EQ(parse_terms(whole.substr(4))[0].value.name, name) << whole;
      }
    }
    const std::string expression = param_expression(name);
    EXPECT_EQ(parse_terms(expression)[0].value.name, name) << expression;
    const SeriesName series{name, {{name, name}}};
    EXPECT_EQ(parse_terms(metric_expression(series))[0].value.operands[0].series, series);
  }
}

TEST(QueryCompletion, OffersNothingThatIsTooLongToChoose) {
  FewNames names({std::string(5000, 'a')});
  EXPECT_THAT(completions(slot_at("params.a"), names), IsEmpty());
}

TEST(QuerySlot, TakesTextsOfAnyLength) {
  for (const char* part :
       {"(",    "[",    ")",     "]",      "\"",           "'",    "\\",      ".", "params.", "a.b(", "metrics[\"x\", ",
        "not ", "=~ /", "x == ", "x in [", "data[\"m\"].", "\xc3", "].tail(", "1", " "}) {
    std::string text;
    while (text.size() < 100'000) text += part;
    for (const char* before : {"", "x == ", "name in [\"a\", \"", "metrics[\"l\"]"}) {
      const std::string whole = std::string(before) + text;
      const Slot slot = slot_at(whole);
      EXPECT_EQ(slot.begin + slot.typed.size(), whole.size());
      FewNames names;
      completions(slot, names);
    }
  }
}

}  // namespace
}  // namespace stet::tracking::query
