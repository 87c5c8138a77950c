// The table of ops is whole: every op of tensor/ops.h stands in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <string>

#include "ops/case.h"

namespace stet {
namespace {

using testing::op_cases;
using testing::OpCase;

// What the pattern captures in the lines of a source that it fits.
std::set<std::string> captured(const std::string& source, const std::regex& pattern) {
  std::ifstream text(STET_SOURCE_DIR "/" + source);
  std::set<std::string> found;
  for (std::string line; std::getline(text, line);) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.insert(match[1]);
  }
  return found;
}

// The names of the functions that the headers of tensor/ops.h declare.
std::set<std::string> declared() {
  std::set<std::string> names;
  for (const std::string& header : captured("tensor/ops.h", std::regex(R"re(#include "stet/(.*)")re"))) {
    names.merge(captured(header, std::regex(R"(^[A-Za-z][\w:<>]* (operator[^\s(]+|\w+)\()")));
  }
  return names;
}

std::set<std::string> names(const std::function<bool(const OpCase&)>& of) {
  std::set<std::string> all;
  for (const OpCase& c : op_cases()) {
    if (of(c)) all.insert(c.ops.begin(), c.ops.end());
  }
  return all;
}

TEST(OpTable, HasARowForEveryOp) {
  ASSERT_GT(declared().size(), 70u);
  EXPECT_THAT(names([](const OpCase&) { return true; }), ::testing::ContainerEq(declared()));
}

TEST(OpTable, HasADigestOfEveryOp) {
  EXPECT_THAT(names([](const OpCase& c) { return c.draw || !c.digested.empty(); }), ::testing::ContainerEq(declared()));
}

TEST(OpTable, NamesEachRowOnceAndChecksIt) {
  std::set<std::string> seen;
  for (const OpCase& c : op_cases()) {
    EXPECT_TRUE(seen.insert(c.name).second) << c.name << " stands twice";
    EXPECT_TRUE(c.digested.empty() || c.name.find(' ') == c.name.npos) << c.name << ": a digest's name is one word";
    EXPECT_TRUE(c.reference || c.composition || !c.smooth_shapes.empty() || !c.digested.empty() || c.draw) << c.name;
  }
}

}  // namespace
}  // namespace stet
