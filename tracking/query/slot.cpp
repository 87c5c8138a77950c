#include "stet/tracking/query/slot.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "stet/tracking/query/lexer.h"
#include "stet/tracking/query/names.h"

namespace stet::tracking::query {
namespace {

using TokenKind = Token::Kind;
using SlotKind = Slot::Kind;

// A query up to the caret: its tokens, and what is being written behind them. Token 0 is the last one, 1 that before
// it.
class Before {
 public:
  explicit Before(std::string_view text) : text_(text), begin_(text.size()) {
    Lexer lexer(text);
    try {
      for (Token t = next(lexer); t.kind != TokenKind::end; t = next(lexer)) tokens_.push_back(std::move(t));
    } catch (const QueryError& error) {
      break_off(error.column());
      return;
    }
    if (tokens_.empty() || tokens_.back().end < text.size()) return;
    if (tokens_.back().kind == TokenKind::word) {
      begin_ = tokens_.back().at;
      tokens_.pop_back();
    } else {
      lost_ = tokens_.back().kind != TokenKind::symbol;  // a number or a text ends here, and may go on or not
    }
  }

  Slot slot() const {
    Slot s;
    s.fragment = text_.substr(begin_ + (quote_ ? 1 : 0));
    s.quote = quote_;
    s.begin = begin_;
    if (!lost_ && !find_name(s) && !find_context(s)) {
      if (quote_) find_text(s);
      else if (!find_part(s) && !find_in_function(s)) find_value(s);
    }
    s.typed = text_.substr(s.begin);
    return s;
  }

 private:
  Token next(Lexer& lexer) const {
    if (is_symbol(0, "=~")) return lexer.next_pattern();
    if (ends({"params", "."})) {
      Token name = lexer.next_name();
      if (!name.spelling.empty()) return name;
    }
    return lexer.next();
  }
  // The lexer makes nothing of what follows. A text without an end is what it fails at, another one it fails within.
  void break_off(size_t column) {
    size_t at = tokens_.empty() ? 0 : tokens_.back().end;
    at = std::min(text_.find_first_not_of(" \t\n\v\f\r", at), text_.size());
    const bool is_text = at < text_.size() && (text_[at] == '"' || text_[at] == '\'');
    if (is_text && column == QueryError(text_, at, "").column()) quote_ = text_[at], begin_ = at;
    else lost_ = true;
  }

  const Token* token(size_t i) const { return i < tokens_.size() ? &tokens_[tokens_.size() - 1 - i] : nullptr; }
  bool is(size_t i, TokenKind kind, std::string_view spelling) const {
    const Token* t = token(i);
    return t && t->kind == kind && t->spelling == spelling;
  }
  bool is_symbol(size_t i, std::string_view s) const { return is(i, TokenKind::symbol, s); }
  bool is_word(size_t i, std::string_view w) const { return is(i, TokenKind::word, w); }
  // A word and a symbol behind it, at the end.
  bool ends(std::pair<std::string_view, std::string_view> both) const {
    return is_word(1, both.first) && is_symbol(0, both.second);
  }
  // The nearest bracket from token i on that nothing behind it closes; the number of tokens: none.
  size_t bracket(size_t i) const {
    size_t depth = 1;
    for (; i < tokens_.size(); ++i) {
      if (is_symbol(i, "]") || is_symbol(i, ")")) ++depth;
      else if ((is_symbol(i, "[") || is_symbol(i, "(")) && --depth == 0) break;
    }
    return i;
  }

  // Does this end with token i?
  bool is_data(size_t i) const { return is_symbol(i, "]") && is_word(bracket(i + 1) + 1, "data"); }
  bool is_series(size_t i) const {
    const size_t open = bracket(i + 1);
    if (is_symbol(i, "]")) return is_word(open + 1, "metrics");
    return is_symbol(i, ")") && is_symbol(open + 2, ".") && (is_word(open + 1, "tail") || is_word(open + 1, "smooth"));
  }

  bool find_name(Slot& s) const {
    if (ends({"params", "["})) s.kind = SlotKind::param_name;
    else if (ends({"metrics", "["})) s.kind = SlotKind::metric_name;
    else if (ends({"data", "["})) s.kind = SlotKind::data_name;
    else return false;
    return true;
  }

  // Within the brackets of a metric, behind its name.
  bool find_context(Slot& s) const {
    const size_t open = bracket(0);
    if (!is_symbol(open, "[") || !is_word(open + 1, "metrics")) return false;
    s.subject = token(open - 1)->text;
    if (is_symbol(0, ",")) s.kind = SlotKind::context_key;
    if (!is_symbol(0, "=")) return true;
    s.kind = SlotKind::context_value;
    s.key = token(1)->kind == TokenKind::text ? token(1)->text : std::string(token(1)->spelling);
    return true;
  }

  void find_text(Slot& s) const {
    s.subject = subject();
    if (!s.subject.empty()) s.kind = SlotKind::text;
  }

  // Behind a dot, or where nothing but one can come.
  bool find_part(Slot& s) const {
    const bool dot = is_symbol(0, ".");
    if (dot && is_dot_in_name()) {
      s.kind = SlotKind::param;
      s.begin = token(3)->at;
      s.fragment = text_.substr(token(1)->at);
      return true;
    }
    if (dot && (is_word(1, "params") || is_word(1, "git"))) {
      s.kind = is_word(1, "params") ? SlotKind::param : SlotKind::git;
      s.begin = token(1)->at;
      return true;
    }
    if (!dot && !s.fragment.empty()) return false;
    const size_t of = dot ? 1 : 0;
    if (is_series(of)) s.kind = SlotKind::part;
    else if (is_data(of)) s.kind = SlotKind::part_of_data;
    else return dot;
    s.lacks_dot = !dot;
    return true;
  }
  // params.a.
  bool is_dot_in_name() const {
    return is_symbol(2, ".") && is_word(3, "params") && token(2)->end == token(1)->at &&
           token(1)->end == token(0)->at && token(0)->end == text_.size();
  }

  // Behind the parenthesis of a function of a series.
  bool find_in_function(Slot& s) const {
    if (!is_symbol(0, "(") || !is_symbol(2, ".") || !is_series(3)) return false;
    const std::string_view word = token(1)->spelling;
    if (word == "first" || word == "ever" || word == "always") s.kind = SlotKind::comparison;
    return word != "at";
  }

  void find_value(Slot& s) const {
    s.kind = is_symbol(0, "=~") ? SlotKind::text : wants_value() ? SlotKind::value : SlotKind::operation;
    if (s.kind != SlotKind::operation) s.subject = subject();
  }
  bool wants_value() const {
    const Token* last = token(0);
    if (!last) return true;
    if (last->kind == TokenKind::symbol) return last->spelling != ")" && last->spelling != "]";
    return last->kind == TokenKind::word && is_operator_word(last->spelling) && !is_symbol(1, ".");
  }

  bool is_relation(size_t i) const {
    const Token* t = token(i);
    if (!t) return false;
    if (t->kind == TokenKind::symbol) return t->spelling == "=~" || comparator_named(t->spelling);
    return (is_word(i, "in") || is_word(i, "has")) && !is_symbol(i + 1, ".");
  }
  // What the value that comes is compared with: a field, a parameter, or what is asked of a data set or metric.
  std::string subject() const {
    const bool in_list = is_symbol(0, "[") || is_symbol(0, ",");
    const size_t relation = in_list ? bracket(0) + 1 : 0;
    if (!is_relation(relation)) return {};
    const size_t end = relation + (is_word(relation + 1, "not") ? 2 : 1);
    size_t first = end;
    for (;; first += 2) {
      if (is_symbol(first, "]") || is_symbol(first, ")")) first = bracket(first + 1) + 1;
      if (!token(first) || token(first)->kind != TokenKind::word) return {};
      if (!is_symbol(first + 1, ".")) break;
    }
    return std::string(text_.substr(token(first)->at, token(end)->end - token(first)->at));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t begin_;
  char quote_ = 0;
  bool lost_ = false;
};

}  // namespace

Slot slot_at(std::string_view text, std::string_view behind) {
  Slot slot = Before(text).slot();
  slot.behind = behind;
  return slot;
}

}  // namespace stet::tracking::query
