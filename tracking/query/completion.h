// The words that may stand in a slot of a query, of the language and of what runs have.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/query/expression.h"
#include "stet/tracking/query/slot.h"

namespace stet::tracking::query {

/// What runs have that a query can name. Each name comes once.
class KnownNames {
 public:
  struct Known {
    std::string name, detail;  ///< detail: what is to be said of it; may be empty
  };
  struct KnownSeries {
    SeriesName name;
    std::string detail;
  };
  virtual ~KnownNames() = default;
  virtual std::vector<Known> params() = 0;
  virtual std::vector<Known> metrics() = 0;
  virtual std::vector<KnownSeries> series() = 0;
  virtual std::vector<Known> data() = 0;
  /// The texts that an expression comes to, and those in its lists.
  virtual std::vector<Known> texts(const Expression& of) = 0;
};

struct Completion {
  std::string text;    ///< stands in place of what is typed (Slot::typed)
  std::string kind;    ///< field, param, metric, function, data, context, value or word
  std::string detail;  ///< may be empty
  /// What closes the text may stand behind the caret already: of that, so many bytes go as well, so that no bracket and
  /// no quote is there twice.
  size_t over = 0;
  size_t met = 0;  ///< bytes at the text's end to leave out where what is behind the caret can't be touched
};

struct CompletionScope {
  bool terms = false;  ///< values for columns and for sorting are written, and no condition
  /// Behind what goes on from what is typed, which is all that a shell can take, stands what has it somewhere in its
  /// name, and parameters and metrics have not to be begun by `params.` or `metrics[`.
  bool anywhere = true;
};

/// What may stand in a slot.
std::vector<Completion> completions(const Slot& slot, KnownNames& names, CompletionScope scope = {});

}  // namespace stet::tracking::query
