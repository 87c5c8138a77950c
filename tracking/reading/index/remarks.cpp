#include "stet/tracking/reading/index/remarks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "stet/tracking/query/names.h"
#include "stet/tracking/reading/index/names.h"
#include "stet/tracking/reading/index/store.h"
#include "stet/tracking/record/nearest.h"
#include "stet/tracking/record/run_status.h"

namespace stet::tracking {
namespace {

using query::Expression;
using query::Kind;
using query::Value;
using Op = Expression::Op;

const char* article_and_name(Kind kind) {
  switch (kind) {
    case Kind::boolean: return "a boolean";
    case Kind::number: return "a number";
    case Kind::text: return "a text";
    case Kind::date: return "a date";
    case Kind::duration: return "a duration";
    case Kind::list: return "a list";
    case Kind::none: break;
  }
  return "nothing";
}

bool is_field(const Expression& e, std::string_view name) {
  return e.op == Op::field && query::kFields[e.index].name == name;
}

class Remarks {
 public:
  explicit Remarks(const Database& database) : database_(database) {}

  void look_at(const Expression& e) {
    if (e.op == Op::param) must_exist("param", e.name, query::param_expression);
    if (e.op == Op::data)
      must_exist("data", e.name, [](const std::string& name) { return fmt::format("data[{}]", query::quoted(name)); });
    if (e.op == Op::series) look_at_series(e.series);
    if (e.op == Op::search) look_at_search(*e.value.get_if<std::string>());
    if (e.op == Op::has) look_at_element(e.operands[0], e.operands[1]);
    if (e.op == Op::membership) look_at_membership(e.operands[0], e.operands[1]);
    for (size_t i = 0; e.op == Op::chain && i + 1 < e.operands.size(); ++i) {
      look_at_pair(e.operands[i], e.operands[i + 1]);
      look_at_pair(e.operands[i + 1], e.operands[i]);
    }
  }

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  void add(const std::string& line) {
    if (std::find(lines_.begin(), lines_.end(), line) == lines_.end()) lines_.push_back(line);
  }

  bool is_there(const char* from, const std::string& name, const std::string& more = {}) const {
    Statement found = database_.prepare(fmt::format("SELECT 1 FROM {} WHERE name = ?1 {} LIMIT 1", from, more));
    found.bind(1, std::string_view(name));
    return found.step();
  }

  template <class Written> bool must_exist(const char* table, const std::string& name, const Written& written) {
    if (is_there(table, name)) return true;
    const std::string near = nearest(name, distinct_names(database_, table));
    add(fmt::format("no run has {}{}", written(name), near.empty() ? "" : "; did you mean " + written(near) + "?"));
    return false;
  }

  void look_at_series(const query::SeriesName& series) {
    const auto written = [](const std::string& name) { return query::metric_expression({name, {}}); };
    if (!must_exist("metric", series.name, written)) return;
    if (series.context.empty() && is_there("metric", series.name, "AND alone")) return;
    const std::set<query::SeriesName> all = contexts_of(series.name);
    if (all.contains(series) || all.empty()) return;
    std::vector<std::string> others;
    for (const query::SeriesName& other : all) others.push_back(query::metric_expression(other));
    const std::string asked = query::metric_expression(series);
    if (series.context.empty())
      return add(fmt::format("each run that has {} has several series of it: name one, as {}", asked, others.front()));
    const std::string near = nearest(asked, others);
    add(fmt::format("no run has {}; did you mean {}?", asked, near.empty() ? others.front() : near));
  }

  std::set<query::SeriesName> contexts_of(const std::string& name) const {
    std::set<query::SeriesName> all;
    Statement rows = database_.prepare("SELECT DISTINCT context FROM metric WHERE name = ?1");
    rows.bind(1, std::string_view(name));
    while (rows.step()) all.insert(series_of(name, rows.text(0)));
    return all;
  }

  void look_at_search(const std::string& text) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      const std::string word = text.substr(at, end - at);
      for (const char* known : {"not", "and", "or", "in", "has"}) {
        if (word.size() == std::string_view(known).size() && word != known && lower(word) == known)
          add(fmt::format("'{}' is searched for as a text; the operator is written {}", text, known));
      }
      at = end + 1;
    }
  }

  static std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
  }

  void look_at_membership(const Expression& element, const Expression& list) {
    if (list.op == Op::param) return look_at_element(list, element);
    if (list.op != Op::list) return;
    for (const Expression& one : list.operands) look_at_pair(element, one);
  }

  // What is asked for, beside a literal.
  void look_at_pair(const Expression& asked, const Expression& literal) {
    if (literal.op != Op::literal || literal.value.is_none()) return;
    if (is_field(asked, "status")) return look_at_status(literal.value);
    if (asked.op != Op::param) return;
    const std::set<Kind> kinds = kinds_of(asked.name);
    if (kinds.size() != 1 || kinds.contains(literal.value.kind())) return;
    add(fmt::format("{} is {} in every run that has it, and is compared with {}", query::param_expression(asked.name),
                    article_and_name(*kinds.begin()), article_and_name(literal.value.kind())));
  }

  // `params.widths has "8"`.
  void look_at_element(const Expression& list, const Expression& literal) {
    if (list.op != Op::param || literal.op != Op::literal) return;
    const Kind wanted = literal.value.kind();
    Kind held = Kind::none;
    Statement rows = database_.prepare("SELECT kind, value FROM param WHERE name = ?1");
    rows.bind(1, std::string_view(list.name));
    while (rows.step()) {
      const Value value = param_of(rows, 0, 1);
      const auto* elements = value.get_if<query::List>();
      if (!elements || elements->empty()) continue;
      held = elements->front().kind();
      if (held == wanted) return;
    }
    if (held != Kind::none)
      add(fmt::format("{} is a list of {}s in every run that has it, and {} is looked for in it",
                      query::param_expression(list.name), std::string_view(article_and_name(held)).substr(2),
                      article_and_name(wanted)));
  }

  std::set<Kind> kinds_of(const std::string& name) const {
    std::set<Kind> kinds;
    Statement rows = database_.prepare("SELECT DISTINCT kind FROM param WHERE name = ?1");
    rows.bind(1, std::string_view(name));
    while (rows.step()) {
      const std::string_view kind = rows.view(0);
      const bool is_number = kind == "integer" || kind == "unsigned" || kind == "number";
      kinds.insert(is_number           ? Kind::number
                   : kind == "boolean" ? Kind::boolean
                   : kind == "list"    ? Kind::list
                                       : Kind::text);
    }
    return kinds;
  }

  void look_at_status(const Value& value) {
    std::vector<std::string> all;
    for (const RunStatus status :
         {RunStatus::running, RunStatus::finished, RunStatus::failed, RunStatus::interrupted, RunStatus::dead})
      all.emplace_back(name_of(status));
    const auto* text = value.get_if<std::string>();
    if (!text || std::find(all.begin(), all.end(), *text) != all.end()) return;
    const std::string near = nearest(*text, all);
    add(fmt::format("no status is called '{}'; there are {}{}", *text, fmt::join(all, ", "),
                    near.empty() ? "" : "; did you mean " + near + "?"));
  }

  const Database& database_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> remarks_on(const Database& database, const std::vector<const Expression*>& expressions) {
  Remarks remarks(database);
  for (const Expression* expression : expressions)
    query::for_each_part(*expression, [&](const Expression& e) { remarks.look_at(e); });
  return remarks.take();
}

}  // namespace stet::tracking
