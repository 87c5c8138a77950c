#include "stet/tracking/query/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/query/names.h"
#include "stet/tracking/query/parser.h"

namespace stet::tracking::query {
namespace {

using Known = KnownNames::Known;
using SlotKind = Slot::Kind;

constexpr size_t kLongest = 1000;  // bytes of what anybody would choose from a list
constexpr std::string_view kComparisons[] = {"==", "!=", "<", "<=", ">", ">=", "in"};

class Completer {
 public:
  Completer(const Slot& slot, KnownNames& names, CompletionScope scope) : slot_(slot), names_(names), scope_(scope) {}

  std::vector<Completion> all() {
    add_kind();
    add_operators_behind_whole();
    for (auto* others : {&beginning_, &containing_})
      std::move(others->begin(), others->end(), std::back_inserter(going_on_));
    return std::move(going_on_);
  }

 private:
  void add_kind() {
    switch (slot_.kind) {
      case SlotKind::nothing: break;
      case SlotKind::value: return add_values();
      case SlotKind::text: return add_texts(texts_of_subject(), "value");
      case SlotKind::operation: return add_operations();
      case SlotKind::comparison: return add_comparisons();
      case SlotKind::param: return add_params();
      case SlotKind::param_name: return add_texts(names_.params(), "param", "]");
      case SlotKind::metric_name: return add_texts(names_.metrics(), "metric", "]");
      case SlotKind::data_name: return add_texts(names_.data(), "data", "].");
      case SlotKind::git: return add_fields("git.");
      case SlotKind::part: return add_parts();
      case SlotKind::part_of_data:
        add("digest", dot() + "digest", "data", "of its content");
        add("samples", dot() + "samples", "data", "how many it has");
        break;
      case SlotKind::context_key:
      case SlotKind::context_value: return add_contexts();
    }
  }

  // `name`: what is held against what is typed. `closing`: so many bytes of the text's end come after the name.
  void add(std::string_view name, std::string text, const char* kind, std::string detail = "", size_t closing = 0) {
    const size_t at = name.find(slot_.fragment);
    if (at == name.npos || text.size() > kLongest) return;
    auto& among = at > 0 ? containing_ : goes_on(text) ? going_on_ : beginning_;
    if (&among != &going_on_ && !scope_.anywhere) return;
    among.push_back({std::move(text), kind, std::move(detail)});
    meet(among.back(), closing);
  }
  // Holds what closes a text against what is written behind the caret.
  void meet(Completion& c, size_t closing) const {
    for (size_t at = c.text.size() - closing; at < c.text.size() && c.over < slot_.behind.size(); ++at) {
      const char sign = c.text[at];
      const bool opens = (sign == '"' || sign == '\'') && !slot_.quote;  // there, it would be another text's
      if (sign != slot_.behind[c.over] || opens || (sign == ' ' && c.over == 0)) continue;
      if (c.over++ == 0) c.met = c.text.size() - at;
    }
  }
  // From what is typed, where a quote may be missing before it.
  bool goes_on(std::string_view text) const {
    if (!slot_.quote && text.starts_with('"')) text.remove_prefix(1);
    return text.starts_with(slot_.typed);
  }
  // In the quotes that are open, or in new ones. `behind`: what always follows.
  void add_texts(const std::vector<Known>& texts, const char* kind, std::string_view behind = "") {
    for (const Known& text : texts) {
      const std::string spelled = query::quoted(text.name, slot_.quote ? slot_.quote : '"');
      const std::string_view inside = std::string_view(spelled).substr(1, spelled.size() - 2);
      add(inside, fmt::format("{}{}", spelled, behind), kind, text.detail, 1 + behind.size());
    }
  }
  std::string dot() const { return slot_.lacks_dot ? "." : ""; }

  void add_params() {
    for (Known& p : names_.params()) add(p.name, param_expression(p.name), "param", std::move(p.detail));
  }
  // Those that begin so, by what is behind it.
  void add_fields(std::string_view beginning) {
    for (size_t i = 0; i < kFieldCount; ++i) {
      const std::string_view name = kFields[i].name;
      if (name.starts_with(beginning))
        add(name.substr(beginning.size()), std::string(name), "field", std::string(help_of_field(i)));
    }
  }
  void add_parts() {
    for (const PartOfSeries& part : parts_of_series())
      add(part.name, dot().append(part.name), "function", std::string(part.help));
  }
  void add_contexts() {
    const bool is_key = slot_.kind == SlotKind::context_key;
    std::set<std::string> keys, values;
    for (const KnownNames::KnownSeries& series : names_.series()) {
      if (series.name.name != slot_.subject) continue;
      for (const auto& [key, value] : series.name.context) {
        keys.insert(key);
        if (key == slot_.key) values.insert(value);
      }
    }
    for (const std::string& value : is_key ? std::set<std::string>() : values) add_texts({{value, ""}}, "context");
    for (const std::string& key : is_key ? keys : std::set<std::string>()) {
      const std::string spelled = key_expression(key);
      if (slot_.quote || spelled != key) add_texts({{key, ""}}, "context", " = ");
      else add(key, key + " = ", "context");
    }
  }

  void add_values() {
    add_texts(texts_of_subject(), "value");
    add_fields("");
    if (!slot_.fragment.empty() && scope_.anywhere) add_by_bare_names();
    add("params", "params.", "word", "a parameter");
    add("metrics", "metrics[\"", "word", "a metric");
    add("data", "data[\"", "word", "a data set");
    if (scope_.terms) return;
    for (const char* word : {"not", "true", "false", "none", "now", "today"}) add(word, word, "word");
  }
  void add_by_bare_names() {
    add_params();
    for (KnownNames::KnownSeries& s : names_.series())
      add(s.name.name, metric_expression(s.name), "metric", std::move(s.detail));
  }

  // The texts that runs have in what the value is compared with.
  std::vector<Known> texts_of_subject() {
    if (slot_.subject.empty()) return {};
    try {
      const Expression of = std::move(parse_terms(slot_.subject).at(0).value);
      if (of.op == Expression::Op::names)
        return of.index == 0 ? names_.params() : of.index == 1 ? names_.metrics() : names_.data();
      const bool may_be = of.type == Type::text || of.type == Type::list || of.type == Type::unknown;
      return may_be && !reads_curves(of) ? names_.texts(of) : std::vector<Known>();
    } catch (const QueryError&) { return {}; }
  }

  void add_operations() {
    if (scope_.terms) return;
    for (const char* word : {"and", "or", "not in", "has"}) add(word, word, "word");
    add_comparisons();
    add("=~", "=~", "word");
  }
  void add_comparisons() {
    for (const std::string_view sign : kComparisons) add(sign, std::string(sign), "word");
  }

  // Where a name is there as a whole, and is the only one that begins so, what may follow stands in its place.
  void add_operators_behind_whole() {
    if (scope_.terms || going_on_.size() != 1 || going_on_[0].text != slot_.typed || going_on_[0].kind == "word")
      return;
    const Completion whole = std::move(going_on_[0]);
    going_on_.clear();
    for (const char* sign : {"==", "!=", "<", "<=", ">", ">=", "in", "has", "=~"})
      going_on_.push_back({fmt::format("{} {}", whole.text, sign), whole.kind, whole.detail});
  }

  const Slot& slot_;
  KnownNames& names_;
  CompletionScope scope_;
  std::vector<Completion> going_on_, beginning_, containing_;  // of what is typed, by how they have it
};

}  // namespace

std::vector<Completion> completions(const Slot& slot, KnownNames& names, CompletionScope scope) {
  return Completer(slot, names, scope).all();
}

}  // namespace stet::tracking::query
