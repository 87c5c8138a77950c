// What a query is once it is parsed: a tree that an evaluator, or a translator to SQL, walks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/tracking/query/value.h"

namespace stet::tracking::query {

/// What is known of an expression's value before any run is looked at. A parameter's type is known of each run alone.
enum class Type : uint8_t { unknown, none, boolean, number, text, date, duration, list, series };
std::string_view name_of(Type type);  ///< with its article: "a number"

/// What a run has under a word of its own.
struct Field {
  const char* name;
  Type type;
  const char* column;  ///< of the index's table `run`
};
inline constexpr Field kFields[] = {
    {"id", Type::text, "id"},
    {"name", Type::text, "name"},
    {"program", Type::text, "program"},
    {"group", Type::text, "\"group\""},
    {"status", Type::text, "status"},
    {"made", Type::date, "made"},
    {"ended", Type::date, "ended"},
    {"duration", Type::duration, "duration"},
    {"steps", Type::number, "steps"},
    {"seed", Type::number, "seed"},
    {"numerics", Type::number, "numerics"},
    {"digest", Type::text, "digest"},
    {"tags", Type::list, "tags"},
    {"note", Type::text, "note"},
    {"archived", Type::boolean, "archived"},
    {"parent", Type::text, "parent"},
    {"forked_at", Type::number, "forked_at"},
    {"sweep", Type::text, "sweep"},
    {"trial", Type::number, "trial"},
    {"verified", Type::boolean, "verified"},
    {"size", Type::number, "size"},
    {"host", Type::text, "host"},
    {"cpu", Type::text, "cpu"},
    {"isa", Type::text, "isa"},
    {"device", Type::text, "device"},
    {"gpu", Type::text, "gpu"},
    {"threads", Type::number, "threads"},
    {"launches", Type::number, "launches"},
    {"git.commit", Type::text, "git_commit"},
    {"git.branch", Type::text, "git_branch"},
    {"git.dirty", Type::boolean, "git_dirty"},
    {"git.remote", Type::text, "git_remote"},
};
constexpr size_t kFieldCount = sizeof(kFields) / sizeof(kFields[0]);

/// A series as it is asked for: without a context, the one that has none, else the only one of that name.
struct SeriesName {
  std::string name;
  std::vector<std::pair<std::string, std::string>> context;  ///< in ascending order
  bool operator==(const SeriesName&) const = default;
  auto operator<=>(const SeriesName&) const = default;
};

/// What is asked of a series as a whole.
enum class Member : uint8_t { last, first, min, max, mean, count, step, argmin, argmax, nan, inf };

enum class Comparator : uint8_t { equal, unequal, less, less_equal, greater, greater_equal };

class Pattern;

struct Expression {
  enum class Op : uint8_t {
    literal,     ///< value
    field,       ///< kFields[index]
    param,       ///< name
    data,        ///< name; index 0 digest, 1 samples
    names,       ///< index 0 params, 1 metrics, 2 data: a list of what a run has
    series,      ///< series
    tail,        ///< of a series; count
    smooth,      ///< of a series; number
    member,      ///< of a series; member
    at,          ///< of a series; operand: the step
    slope,       ///< of a series; count
    first,       ///< of a series; comparators[0] or in, and operands: the first step at which it holds
    ever,        ///< as first: does it hold at some step
    always,      ///< as first: does it hold at every step
    all_of,      ///< and
    any_of,      ///< or
    negation,    ///< not
    chain,       ///< operands compared by comparators, one after another
    membership,  ///< operand 0 in operand 1
    has,         ///< operand 0 has operand 1
    match,       ///< operand 0 =~ pattern
    list,
    add,
    subtract,
    multiply,
    divide,
    negate,
    search,  ///< value: is the text in a name, a tag or a note
  };
  Op op = Op::literal;
  Type type = Type::unknown;
  size_t at = 0;   ///< the byte of the query where it begins
  int height = 0;  ///< of the tree below it
  size_t index = 0;
  Member member = Member::last;
  int64_t count = 0;
  double number = 0;
  Value value;
  std::string name;
  SeriesName series;
  std::vector<Comparator> comparators;
  std::vector<Expression> operands;  ///< of what is of a series, the series is the first
  std::shared_ptr<const Pattern> pattern;
};

}  // namespace stet::tracking::query
