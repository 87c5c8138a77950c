#include "stet/tracking/cli/query_words.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tracking/query/lexer.h"
#include "stet/tracking/query/names.h"

namespace stet::tracking::cli {
namespace {

using query::Token;
using Kind = Token::Kind;

constexpr std::array<std::string_view, 8> kComparisons = {"==", "!=", "<", "<=", ">", ">=", "in", "=~"};

// A query up to the cursor: its tokens, and what the last one of them is the beginning of.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    query::Lexer lexer(text);
    try {
      for (Token token = next(lexer); token.kind != Kind::end; token = next(lexer)) tokens_.push_back(token);
    } catch (const query::QueryError&) { break_off(); }
    begin_ = text.size();
    if (open_) begin_ = open_at_;
    else if (!tokens_.empty() && tokens_.back().end == text.size() && tokens_.back().kind == Kind::word) {
      begin_ = tokens_.back().at;
      tokens_.pop_back();
    } else if (!tokens_.empty() && tokens_.back().end == text.size() && tokens_.back().kind != Kind::symbol) {
      lost_ = true;  // a number or a text ends here, and may go on or not
    }
  }

  bool lost() const { return lost_; }
  char open() const { return open_; }  // the quote of a text that has no end
  size_t begin() const { return begin_; }
  std::string_view fragment() const { return text_.substr(open_ ? begin_ + 1 : begin_); }

  // Are the last tokens these? An empty one is any text.
  bool ends_with(std::initializer_list<std::string_view> spellings, size_t before = 0) const {
    if (tokens_.size() < spellings.size() + before) return false;
    size_t i = tokens_.size() - before - spellings.size();
    for (const std::string_view s : spellings) {
      const Token& token = tokens_[i++];
      if (s.empty() ? token.kind != Kind::text : token.kind == Kind::text || token.spelling != s) return false;
    }
    return true;
  }
  const Token* last(size_t before = 0) const {
    return before < tokens_.size() ? &tokens_[tokens_.size() - 1 - before] : nullptr;
  }
  // How many tokens from the end the bracket stands that is still open; the number of tokens: none.
  size_t enclosing() const {
    int depth = 0;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = *last(i);
      if (token.kind != Kind::symbol) continue;
      if (token.spelling == "]" || token.spelling == ")") ++depth;
      if ((token.spelling == "[" || token.spelling == "(") && --depth < 0) return i;
    }
    return tokens_.size();
  }
  std::string_view between(size_t begin, size_t end) const { return text_.substr(begin, end - begin); }

 private:
  Token next(query::Lexer& lexer) const {
    if (ends_with({"=~"})) return lexer.next_pattern();
    if (ends_with({"params", "."})) {
      Token name = lexer.next_name();
      if (!name.spelling.empty()) return name;
    }
    return lexer.next();
  }
  void break_off() {
    open_at_ = tokens_.empty() ? 0 : tokens_.back().end;
    while (open_at_ < text_.size() && std::string_view(" \t\n").find(text_[open_at_]) != std::string_view::npos)
      ++open_at_;
    const char c = open_at_ < text_.size() ? text_[open_at_] : ' ';
    if (c == '"' || c == '\'') open_ = c;
    else lost_ = true;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t begin_ = 0, open_at_ = 0;
  char open_ = 0;
  bool lost_ = false;
};

class Writer {
 public:
  Writer(const Reader& text, bool terms, RunIndex& index) : text_(text), terms_(terms), index_(index) {}

  std::vector<std::string> words() {
    if (text_.lost()) return {};
    if (text_.ends_with({"params", "."})) add_params();
    else if (text_.ends_with({"git", "."})) add_git();
    else if (text_.ends_with({"."})) add_parts(1);
    else if (text_.ends_with({"]"}) && text_.fragment().empty() && !text_.open()) add_parts(0);
    else if (text_.ends_with({"params", "["})) add_texts(index_.names(RunIndex::Names::params), "]");
    else if (text_.ends_with({"metrics", "["})) add_texts(index_.names(RunIndex::Names::metrics), "]");
    else if (text_.ends_with({"data", "["})) add_texts(index_.names(RunIndex::Names::data), "].");
    else if (in_metric()) add_contexts();
    else if (text_.ends_with({"tags", "has"})) add_texts(index_.names(RunIndex::Names::tags), "");
    else if (text_.open()) add_texts(values_of_subject(), "");
    else if (wants_value()) add_values();
    else if (!terms_) add_all({"and", "or", "not", "has"}), add_all(kComparisons);
    if (words_.size() == 1 && words_[0] == text_.fragment() && !terms_) add_operators();
    return std::move(words_);
  }

 private:
  // Behind a name that is there as a whole.
  void add_operators() {
    const std::string name = std::move(words_[0]);
    words_.clear();
    for (const std::string_view sign : kComparisons) words_.push_back(fmt::format("{} {}", name, sign));
  }
  void add(std::string_view word) {
    if (word.starts_with(text_.fragment())) words_.emplace_back(word);
  }
  template <class Words> void add_all(const Words& all) {
    for (const auto& word : all) add(word);
  }
  void add_all(std::initializer_list<const char*> all) {
    for (const char* word : all) add(word);
  }
  // In the quotes that are open, or in new ones; `behind`: what always follows.
  void add_texts(const std::vector<std::string>& texts, const std::string& behind) {
    const char quote = text_.open() ? text_.open() : '"';
    const std::string_view begun = text_.fragment();
    for (const std::string& text : texts) {
      const std::string word = query::quoted(text, quote);
      if (std::string_view(word).substr(1).starts_with(begun)) words_.push_back(word + behind);
    }
  }

  // Those that the language takes behind a dot; others stand in brackets.
  void add_params() {
    for (const std::string& name : index_.names(RunIndex::Names::params)) {
      query::Lexer lexer(name);
      if (lexer.next_name().spelling == name) add(name);
    }
  }
  void add_git() {
    for (const query::Field& field : query::kFields) {
      if (const std::string_view name = field.name; name.starts_with("git.")) add(name.substr(4));
    }
  }
  // Of what ends `before` tokens from the end.
  void add_parts(size_t before) {
    const bool closes = text_.ends_with({"]"}, before) || text_.ends_with({")"}, before);
    if (!closes || text_.open()) return;
    const std::string dot = before == 0 ? "." : "";
    if (text_.ends_with({"data", "[", "", "]"}, before)) {
      add(dot + "digest"), add(dot + "samples");
      return;
    }
    const bool is_metric = text_.ends_with({")"}, before) || is_metric_bracket(before);
    if (!is_metric) return;
    for (const std::string& part : query::parts_of_series()) add(dot + part);
  }
  bool is_metric_bracket(size_t before) const {
    for (size_t i = before + 1; text_.last(i); ++i) {
      if (text_.last(i)->kind != Kind::symbol || text_.last(i)->spelling != "[") continue;
      return text_.ends_with({"metrics"}, i + 1);
    }
    return false;
  }

  // Within the brackets of a metric, behind its name.
  bool in_metric() const {
    const size_t bracket = text_.enclosing();
    return bracket > 0 && text_.last(bracket) && text_.last(bracket)->spelling == "[" &&
           text_.ends_with({"metrics"}, bracket + 1);
  }
  void add_contexts() {
    const Token& name = *text_.last(text_.enclosing() - 1);
    const bool is_value = text_.ends_with({"="}), is_key = text_.ends_with({","});
    const std::string key =
        is_value && text_.last(1)
            ? std::string(text_.last(1)->kind == Kind::text ? text_.last(1)->text : text_.last(1)->spelling)
            : "";
    std::set<std::string> keys, values;
    for (const query::SeriesName& series : index_.series()) {
      if (series.name != name.text) continue;
      for (const auto& [k, v] : series.context) {
        keys.insert(k);
        if (k == key) values.insert(v);
      }
    }
    if (is_value) add_texts({values.begin(), values.end()}, "");
    if (!is_key) return;
    for (const std::string& k : keys) {
      query::Lexer lexer(k);
      const bool plain = query::is_letter(k.empty() ? ' ' : k[0]) && lexer.next().spelling == k;
      if (text_.open() || !plain) add_texts({k}, " = ");
      else add(k + " = ");
    }
  }

  // What is compared with the value that comes, as far as it is a field or a parameter: the texts that runs have there.
  std::vector<std::string> values_of_subject() {
    size_t end = 0;
    const size_t bracket = text_.enclosing();
    if (text_.last(bracket) && text_.last(bracket)->spelling == "[" && text_.ends_with({"in"}, bracket + 1))
      end = bracket + 2;
    else if (text_.last() && (query::comparator_named(text_.last()->spelling) || text_.ends_with({"in"}))) end = 1;
    if (end > 0 && text_.ends_with({"not"}, end)) ++end;
    const Token* last = text_.last(end);
    if (end == 0 || !last) return {};
    const bool dotted = text_.ends_with({"."}, end + 1), bracketed = text_.ends_with({"params", "[", "", "]"}, end);
    const size_t first = bracketed ? end + 3 : dotted ? end + 2 : end;
    if (!text_.last(first) || (!bracketed && last->kind != Kind::word)) return {};
    return values_of(std::string(text_.between(text_.last(first)->at, last->end)));
  }
  std::vector<std::string> values_of(const std::string& subject) {
    try {
      const std::vector<query::Term> terms = query::parse_terms(subject);
      std::set<std::string> texts;
      for (const auto& row : index_.values(index_.matching(query::parse("")), {&terms.at(0).value})) {
        if (const auto* text = row[0].get_if<std::string>()) texts.insert(*text);
      }
      return {texts.begin(), texts.end()};
    } catch (const query::QueryError&) { return {}; }
  }

  bool wants_value() const {
    const Token* last = text_.last();
    if (!last) return true;
    if (last->kind == Kind::symbol) return last->spelling != ")" && last->spelling != "]";
    return last->kind == Kind::word && query::is_operator_word(last->spelling) && !text_.ends_with({"."}, 1);
  }
  void add_values() {
    if (text_.fragment().empty()) add_texts(values_of_subject(), "");
    for (const query::Field& field : query::kFields) add(field.name);
    add_all({"params.", "metrics[\"", "data[\""});
    if (!terms_) add_all({"not", "true", "false", "none", "now", "today"});
  }

  const Reader& text_;
  bool terms_;
  RunIndex& index_;
  std::vector<std::string> words_;
};

}  // namespace

QueryWords words_after(std::string_view query, bool terms, RunIndex& index) {
  const Reader text(query);
  return {text.begin(), Writer(text, terms, index).words()};
}

}  // namespace stet::tracking::cli
