// A query's tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "stet/tensor/error.h"
#include "stet/tracking/query/value.h"

namespace stet::tracking::query {

/// What is wrong with a query, and where. what() is one line: "query, column 12: a value was expected".
class QueryError : public UsageError {
 public:
  QueryError(std::string_view query, size_t at, const std::string& why);
  size_t column() const { return column_; }  ///< of characters, from 1
  const std::string& why() const { return why_; }
  /// The query, and a caret under the column, a line each; what would not show stands as an escape.
  std::string pointed() const;

 private:
  std::string query_, why_;
  size_t at_, column_;
};

struct Token {
  enum class Kind : uint8_t { end, literal, text, word, symbol, regular };
  Kind kind = Kind::end;
  size_t at = 0, end = 0;     ///< its bytes in the query
  std::string_view spelling;  ///< of the query
  Value value;                ///< of a literal; the text of a text
  std::string text;           ///< of a text and of a regular expression
};

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}
  /// Throws QueryError.
  Token next();
  /// Behind `=~`, where /…/ is a regular expression; its flags are the spelling's end.
  Token next_pattern();
  /// The name behind `params.`: letters, digits and _, and dots between them. Empty when there is none.
  Token next_name();

 private:
  Token number();
  Token date(size_t length);
  Token text();
  Token take(Token::Kind kind, size_t length);
  size_t date_length() const;
  void skip_blanks();
  [[noreturn]] void fail(size_t at, const std::string& why) const { throw QueryError(query_, at, why); }

  std::string_view query_;
  size_t at_ = 0;
};

bool is_letter(char c);  ///< of a name: a-z, A-Z and _
bool is_digit(char c);
bool is_unit(std::string_view word);  ///< of durations and sizes

}  // namespace stet::tracking::query
