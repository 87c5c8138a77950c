// The tokens of a query, one ahead of what is parsed. Private to the parser.
#pragma once

#include <string>
#include <string_view>

#include "stet/tracking/query/lexer.h"
#include "stet/tracking/query/names.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::query {

inline constexpr size_t kLongestQuery = size_t{64} << 10;  // bytes
inline constexpr int kDeepestQuery = 100;

class Tokens {
 protected:
  using TokenKind = Token::Kind;

  explicit Tokens(std::string_view query) : query_(query), lexer_(query) {
    if (query.size() > kLongestQuery) fail(0, fmt::format("it is longer than {} bytes", kLongestQuery));
    advance();
  }

  // One level of what stands within one another.
  struct Level {
    explicit Level(Tokens& tokens) : depth(tokens.depth_) {
      if (++depth > kDeepestQuery) tokens.fail(tokens.token_.at, "it is nested too deep");
    }
    ~Level() { --depth; }
    int& depth;
  };

  [[noreturn]] void fail(size_t at, const std::string& why) const { throw QueryError(query_, at, why); }
  [[noreturn]] void unexpected(std::string_view expected) const {
    if (token_.kind == TokenKind::end) fail(token_.at, fmt::format("{} was expected, and the query ends", expected));
    fail(token_.at,
         fmt::format("{} was expected, not '{}'{}", expected, printable(token_.spelling), hint_behind_value(expected)));
  }

  // What may be meant by a word behind a whole value.
  std::string hint_behind_value(std::string_view expected) const {
    const bool behind_value = expected.ends_with("an operator") || expected == "a comma";
    if (!behind_value || token_.kind != TokenKind::word) return "";
    if (const std::string_view meant = meant_by(token_.spelling); !meant.empty())
      return fmt::format("; write {}", meant);
    const bool is_unit = query::is_unit(token_.spelling) && token_.at > 1 && query_[token_.at - 1] == ' ';
    const size_t last = is_unit ? query_.find_last_not_of(' ', token_.at - 1) : query_.npos;
    if (last == query_.npos || query_[last] < '0' || query_[last] > '9') return "";
    return fmt::format("; a unit stands right behind its number, as 1{}", token_.spelling);
  }

  void advance() { token_ = lexer_.next(); }
  bool is_symbol(std::string_view s) const { return token_.kind == TokenKind::symbol && token_.spelling == s; }
  bool is_word(std::string_view w) const { return token_.kind == TokenKind::word && token_.spelling == w; }
  bool take_symbol(std::string_view s) {
    if (!is_symbol(s)) return false;
    advance();
    return true;
  }
  bool take_word(std::string_view w) {
    if (!is_word(w)) return false;
    advance();
    return true;
  }
  void expect(std::string_view symbol, std::string_view why = {}) {
    if (!take_symbol(symbol)) unexpected(why.empty() ? fmt::format("'{}'", symbol) : std::string(why));
  }

  std::string_view query_;
  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

}  // namespace stet::tracking::query
