// Asks a folder of runs the queries that come on standard input, a line each, at a given time:
//
//   ask RUNS NOW
//
// Answers with a line each: the letters of the runs for which it holds (`a` is the first by id; `-`: none), or
// `column: why` where it can't be read. A line that begins with `= ` asks for a value, which is printed for every run.
// Each is asked of the index and of what the folders hold now; where the two differ it says so.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "stet/tracking/query/parser.h"
#include "stet/tracking/reading/run_facts.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

struct Asked {
  Path folder;
  RunFacts facts;
};

std::string text_of(const query::Value& value) {
  if (const auto* b = value.get_if<bool>()) return *b ? "true" : "false";
  if (const auto* i = value.get_if<int64_t>()) return fmt::format("{}", *i);
  if (const auto* u = value.get_if<uint64_t>()) return fmt::format("{}", *u);
  if (const auto* d = value.get_if<double>()) return fmt::format("{}", *d);
  if (const auto* s = value.get_if<std::string>()) return *s;
  if (const auto* d = value.get_if<query::Date>()) return fmt::format("@{}", d->seconds);
  if (const auto* d = value.get_if<query::Duration>()) return fmt::format("{}s", d->seconds);
  const auto* list = value.get_if<query::List>();
  if (!list) return "none";
  std::string text;
  for (const query::Value& v : *list) text += (text.empty() ? "" : ",") + text_of(v);
  return "[" + text + "]";
}

std::string line_of(const std::vector<std::vector<query::Value>>& table, size_t column) {
  std::string line;
  for (const auto& row : table) line += (line.empty() ? "" : " | ") + text_of(row[column]);
  return line;
}

std::string values(const std::vector<Asked>& runs, RunIndex& index, const std::string& text, double now) {
  std::vector<std::vector<query::Value>> table(runs.size());
  const auto terms = query::parse_terms(text, false, now);
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : terms) expressions.push_back(&term.value);
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const auto* e : expressions)
      table[i].push_back(query::evaluate(*e, FactValues(runs[i].facts, runs[i].folder)));
  }
  const auto indexed = index.values(index.matching(query::parse("", now)), expressions);
  std::string line;
  for (size_t column = 0; column < terms.size(); ++column) {
    const std::string direct = line_of(table, column), by_index = line_of(indexed, column);
    line += (line.empty() ? "" : " || ") + direct;
    if (direct != by_index) line += " DIFFERS IN THE INDEX: " + by_index;
  }
  return line;
}

std::string answer(const std::vector<Asked>& runs, RunIndex& index, const std::string& text, double now) {
  const query::Expression condition = query::parse(text, now);
  std::string direct, by_index;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (query::holds(condition, FactValues(runs[i].facts, runs[i].folder))) direct += static_cast<char>('a' + i);
  }
  for (const IndexedRun& run : index.matching(condition)) {
    for (size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].folder.filename() == run.folder.filename()) by_index += static_cast<char>('a' + i);
    }
  }
  if (direct != by_index) return direct + " DIFFERS IN THE INDEX: " + by_index;
  return direct.empty() ? "-" : direct;
}

int ask(const Path& folder, double now) {
  std::vector<Asked> runs;
  for (const Path& run : list_runs(folder)) runs.push_back({run, read_facts(Folder(run))});
  RunIndex index(folder);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const bool is_value = line.starts_with("= ");
      fmt::print("{}\n", is_value ? values(runs, index, line.substr(2), now) : answer(runs, index, line, now));
    } catch (const query::QueryError& e) { fmt::print("{}: {}\n", e.column(), e.why()); }
  }
  return 0;
}

}  // namespace
}  // namespace stet::tracking

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: ask RUNS NOW\n", stderr);
    return 2;
  }
  return stet::tracking::ask(argv[1], std::atof(argv[2]));
}
