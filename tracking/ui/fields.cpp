// The names that there are, and what may stand where in a query.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stet/tracking/query/names.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/columns.h"

namespace stet::tracking::ui {
namespace {

using query::Value;

constexpr size_t kMostCompletions = 100;

struct Help {
  const char *name, *help;
};
constexpr Help kFieldHelp[] = {
    {"id", "of the run; ids sort by the time at which runs were made"},
    {"name", "as it is called now"},
    {"program", "that made it"},
    {"group", "of runs that belong together"},
    {"status", "running, finished, failed, interrupted or dead"},
    {"made", "when it was begun"},
    {"ended", "when its last launch ended"},
    {"duration", "of its launches together"},
    {"steps", "that it went"},
    {"seed", "of its random numbers"},
    {"numerics", "version of the numerics contract"},
    {"digest", "of its final state"},
    {"tags", "a list"},
    {"note", "its notes, as one text"},
    {"archived", "left out of lists"},
    {"parent", "the run that it was forked from"},
    {"forked_at", "the step at which it was"},
    {"sweep", "that it is a trial of"},
    {"trial", "its number in the sweep"},
    {"verified", "as the newest verification came out"},
    {"size", "bytes of its folder"},
    {"host", "that it ran on last"},
    {"cpu", "that it ran on last"},
    {"isa", "the instruction set of its kernels"},
    {"device", "cpu or cuda"},
    {"gpu", "that it ran on last"},
    {"threads", "of its last launch"},
    {"launches", "how often its program was started for it"},
    {"git.commit", "of its source"},
    {"git.branch", "of its source"},
    {"git.dirty", "had its source changes that were not committed"},
    {"git.remote", "of its source"},
};
static_assert(std::equal(std::begin(kFieldHelp), std::end(kFieldHelp), std::begin(query::kFields),
                         std::end(query::kFields), [](const Help& help, const query::Field& field) {
                           return std::string_view(help.name) == field.name;
                         }));

constexpr Help kMembers[] = {{"last", "value"},
                             {"first", "value"},
                             {"min", "least value"},
                             {"max", "greatest value"},
                             {"mean", "of all values"},
                             {"count", "of values"},
                             {"step", "of the last value"},
                             {"argmin", "step of the least value"},
                             {"argmax", "step of the greatest value"},
                             {"nan", "how many are NaN"},
                             {"inf", "how many are infinite"},
                             {"at(", "the value at a step"},
                             {"first(", "the first step at which a condition holds"},
                             {"ever(", "does a condition hold at some point"},
                             {"always(", "does a condition hold at all points"},
                             {"tail(", "the last n points"},
                             {"smooth(", "the moving average of a weight"},
                             {"slope(", "a step, over the last n points"}};

const char* kind_of_field(query::Type type) {
  switch (type) {
    case query::Type::boolean: return "bool";
    case query::Type::number: return "number";
    case query::Type::date: return "time";
    case query::Type::duration: return "duration";
    case query::Type::list: return "list";
    default: return "text";
  }
}

Json counted_json(const std::map<std::string, int64_t>& counts) {
  Json all = Json::array();
  for (const auto& [name, runs] : counts) all.push_back({{"name", name}, {"runs", runs}});
  return all;
}

Json param_json(const std::string& name, const NamedParameter& p) {
  Json json{{"name", name},
            {"kind", kind_of(p.kind)},
            {"distinct", p.distinct},
            {"runs", p.runs},
            {"expr", param_expression(name)}};
  if (!p.least.is_none()) json["min"] = json_of(p.least), json["max"] = json_of(p.greatest);
  if (!p.values.empty()) {
    json["values"] = Json::array();
    for (const Value& value : p.values) json["values"].push_back(json_of(value));
  }
  return json;
}

Json series_json(const query::SeriesName& name, const NamedSeries& s) {
  Json context = Json::object();
  for (const auto& [key, value] : name.context) context[key] = value;
  return {{"name", name.name},
          {"context", context},
          {"runs", s.runs},
          {"points_max", s.most_points},
          {"expr", metric_expression(name)}};
}

// How many runs have each value of a text field.
std::map<std::string, int64_t> counted(LiveIndex::Lease& lease, const std::vector<IndexedRun>& runs,
                                       const char* field) {
  const auto term = query::parse_terms(field);
  std::map<std::string, int64_t> counts;
  for (const auto& row : lease->values(runs, {&term[0].value})) {
    if (const auto* text = row[0].get_if<std::string>()) ++counts[*text];
  }
  return counts;
}

// ---- Completion.

struct Completion {
  std::string text, kind, detail;
};

// What stands before the caret, and where what is being typed begins.
class Typed {
 public:
  explicit Typed(std::string before) : text(std::move(before)) {
    begin = text.size();
    while (begin > 0 && (query::is_letter(text[begin - 1]) || query::is_digit(text[begin - 1]))) --begin;
  }
  std::string_view word() const { return std::string_view(text).substr(begin); }
  std::string_view before() const { return std::string_view(text).substr(0, begin); }

  // The beginning of a text in quotes, where the caret is in one.
  std::optional<size_t> open_quote() const {
    std::optional<size_t> open;
    for (size_t i = 0; i < text.size(); ++i) {
      if (open && text[i] == '\\') ++i;
      else if (open && text[i] == text[*open]) open.reset();
      else if (!open && (text[i] == '"' || text[i] == '\'')) open = i;
    }
    return open;
  }

  std::string text;
  size_t begin = 0;  // byte of the word
};

std::string_view without_blanks_behind(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The name that ends where a comparison or `has` stands before a text.
std::string name_before_relation(std::string_view text) {
  text = without_blanks_behind(text);
  if (text.ends_with("has") || text.ends_with("in")) text.remove_suffix(text.ends_with("has") ? 3 : 2);
  else
    while (!text.empty() && std::string_view("=!<>~[,").find(text.back()) != std::string_view::npos)
      text.remove_suffix(1);
  text = without_blanks_behind(text);
  const size_t blank = text.find_last_of(" (");
  return std::string(blank == text.npos ? text : text.substr(blank + 1));
}

class Completer {
 public:
  Completer(const IndexedNames& names, LiveIndex::Lease& lease, const std::vector<IndexedRun>& runs)
      : names_(names), lease_(lease), runs_(runs) {}

  // Returns the byte where what is chosen goes.
  size_t complete(const Typed& typed) {
    if (const auto quote = typed.open_quote()) {
      in_quotes(typed.text.substr(0, *quote), typed.text.substr(*quote + 1), typed.text[*quote]);
      return *quote;
    }
    const std::string_view before = typed.before();
    if (const size_t at = before.rfind("params."); at != before.npos && is_name(before.substr(at + 7))) {
      const std::string prefix(std::string(before.substr(at + 7)) + std::string(typed.word()));
      for (const auto& [name, p] : names_.params)
        add(prefix, name, param_expression(name), kind_of(p.kind), detail_of(p));
      return at;
    }
    if (before.ends_with("].") || before.ends_with(").")) {
      for (const Help& m : kMembers) add(std::string(typed.word()), m.name, m.name, "function", m.help);
      return typed.begin;
    }
    if (before.ends_with("git.")) {
      for (const Help& f : kFieldHelp) {
        if (std::string_view(f.name).starts_with("git."))
          add("git." + std::string(typed.word()), f.name, f.name, "field", f.help);
      }
      return typed.begin - 4;
    }
    words(std::string(typed.word()));
    return typed.begin;
  }

  std::vector<Completion> found;

 private:
  static bool is_name(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return query::is_letter(c) || query::is_digit(c) || c == '.'; });
  }
  static std::string detail_of(const NamedParameter& p) {
    return fmt::format("{} values in {} runs", p.distinct, p.runs);
  }

  // Whose beginning is typed, before those that have it somewhere.
  void add(const std::string& typed, std::string_view name, const std::string& text, const char* kind,
           std::string detail) {
    if (found.size() >= kMostCompletions || name.find(typed) == name.npos) return;
    const Completion c{text, kind, std::move(detail)};
    if (name.starts_with(typed)) found.insert(found.begin() + static_cast<std::ptrdiff_t>(beginning_++), c);
    else found.push_back(c);
  }

  void words(const std::string& typed) {
    for (const Help& f : kFieldHelp) add(typed, f.name, f.name, "field", f.help);
    for (const auto& [name, p] : names_.params) {
      if (!typed.empty()) add(typed, name, param_expression(name), "param", detail_of(p));
    }
    for (const auto& [name, s] : names_.series) {
      if (!typed.empty()) add(typed, name.name, metric_expression(name), "metric", fmt::format("in {} runs", s.runs));
    }
    add(typed, "params", "params.", "word", "a parameter");
    add(typed, "metrics", "metrics[\"", "word", "a metric");
    add(typed, "data", "data[\"", "word", "a data set");
    for (const char* word : {"and", "or", "not", "in", "has", "true", "false", "none", "now", "today"})
      add(typed, word, word, "word", "");
  }

  void in_quotes(std::string_view before, const std::string& typed, char quote) {
    const auto text = [&](const std::string& value) { return query::quoted(value, quote == '\'' ? '\'' : '"'); };
    if (before.ends_with("metrics[")) {
      for (const auto& [name, s] : names_.series)
        add(typed, name.name, text(name.name), "metric",
            fmt::format("in {} runs, to {} points", s.runs, s.most_points));
    } else if (before.ends_with("params[")) {
      for (const auto& [name, p] : names_.params) add(typed, name, text(name), "param", detail_of(p));
    } else if (before.ends_with("data[")) {
      for (const auto& [name, runs] : names_.data)
        add(typed, name, text(name), "data", fmt::format("in {} runs", runs));
    } else {
      values_of(name_before_relation(before), typed, text);
    }
  }

  template <class Text> void values_of(const std::string& name, const std::string& typed, const Text& text) {
    if (name == "tags") {
      for (const auto& [tag, runs] : names_.tags) add(typed, tag, text(tag), "tag", fmt::format("{} runs", runs));
    } else if (name.starts_with("params.")) {
      const auto p = names_.params.find(name.substr(7));
      if (p == names_.params.end()) return;
      for (const Value& value : p->second.values) {
        if (const auto* v = value.get_if<std::string>()) add(typed, *v, text(*v), "value", "");
      }
    } else if (const auto field = query::field_named(name); field && query::kFields[*field].type == query::Type::text) {
      for (const auto& [value, runs] : counted(lease_, runs_, name.c_str()))
        add(typed, value, text(value), "value", fmt::format("{} runs", runs));
    }
  }

  const IndexedNames& names_;
  LiveIndex::Lease& lease_;
  const std::vector<IndexedRun>& runs_;
  size_t beginning_ = 0;
};

// The byte at which the n-th character begins.
size_t byte_of(std::string_view text, int64_t characters) {
  size_t at = 0;
  for (int64_t i = 0; i < characters && at < text.size(); ++i)
    at += std::max<size_t>(first_character(text.substr(at)).bytes, 1);
  return at;
}

int64_t characters_in(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += std::max<size_t>(first_character(text.substr(at)).bytes, 1);
  return count;
}

}  // namespace

Json error_json(const query::QueryError& error, std::string_view query) {
  const size_t at = byte_of(query, static_cast<int64_t>(error.column()) - 1);
  size_t end = at;
  while (end < query.size() && (query::is_letter(query[end]) || query::is_digit(query[end]))) ++end;
  return {{"message", error.why()},
          {"column", error.column()},
          {"length", std::max<int64_t>(1, characters_in(query.substr(at, end - at)))}};
}

Json fields(Desk& desk, const Parameters& p) {
  LiveIndex::Lease lease = desk.index.lease();
  const auto names = desk.names(lease, p);
  const Selection selection = desk.select(lease, p);
  Json params = Json::array(), metrics = Json::array(), all = Json::array(), functions = Json::array();
  for (const auto& [name, param] : names->params) params.push_back(param_json(name, param));
  for (const auto& [name, series] : names->series) metrics.push_back(series_json(name, series));
  for (size_t i = 0; i < query::kFieldCount; ++i)
    all.push_back({{"name", query::kFields[i].name},
                   {"kind", kind_of_field(query::kFields[i].type)},
                   {"help", kFieldHelp[i].help}});
  for (const Help& m : kMembers) functions.push_back({{"name", m.name}, {"help", m.help}});
  return {{"generation", lease.generation()},
          {"params", std::move(params)},
          {"metrics", std::move(metrics)},
          {"data", counted_json(names->data)},
          {"tags", counted_json(names->tags)},
          {"programs", counted_json(counted(lease, *selection.runs, "program"))},
          {"groups", counted_json(counted(lease, *selection.runs, "group"))},
          {"fields", all},
          {"functions", functions}};
}

Json hint(Desk& desk, const Parameters& p) {
  const std::string& query = p.text("query", kMostQueryBytes);
  const int64_t caret = p.integer("caret", characters_in(query), 0, 1'000'000);
  LiveIndex::Lease lease = desk.index.lease();
  Json json = Json::object();
  try {
    json["matched"] = desk.select(lease, p).runs->size();
  } catch (const query::QueryError& e) { json["error"] = error_json(e, query); }
  const Parameters of_all;
  const Selection all = desk.select(lease, of_all);
  Completer completer(*desk.names(lease, of_all), lease, *all.runs);
  const size_t from = completer.complete(Typed(query.substr(0, byte_of(query, caret))));
  json["from"] = characters_in(std::string_view(query).substr(0, from));
  json["completions"] = Json::array();
  for (const Completion& c : completer.found)
    json["completions"].push_back({{"text", c.text}, {"kind", c.kind}, {"detail", c.detail}});
  return json;
}

}  // namespace stet::tracking::ui
