// What may stand at the caret of a query that is being written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stet::tracking::query {

/// The place at the caret of a query that is being written.
struct Slot {
  enum class Kind : uint8_t {
    nothing,        ///< what is written there has no names
    value,          ///< any value; where it's compared, texts of `subject` too
    text,           ///< a text of `subject`
    operation,      ///< what goes on behind a value
    comparison,     ///< how a condition on a curve's points begins
    param,          ///< behind `params.`
    param_name,     ///< in brackets and quotes, and so the next two
    metric_name,    ///<
    data_name,      ///<
    git,            ///< behind `git.`
    part,           ///< of a series
    part_of_data,   ///< of a data set
    context_key,    ///< of the metric `subject`
    context_value,  ///< of the metric `subject`, under `key`
  };
  Kind kind = Kind::nothing;
  size_t begin = 0;           ///< the byte of the query from which what is chosen stands in place of what is there
  std::string_view typed;     ///< what is there, of the query
  std::string_view fragment;  ///< of it, what the name begins with, as a query spells it
  char quote = 0;             ///< that is open before the fragment; 0: none
  std::string_view behind;    ///< the caret, what is written there already
  bool lacks_dot = false;     ///< the part's dot is not there yet
  std::string subject;        ///< an expression with which the value is compared, or a metric's name
  std::string key;
};

/// `text`: a query up to the caret, `behind`: the rest of it; both must outlive the slot. Whatever is written there,
/// this throws nothing.
Slot slot_at(std::string_view text, std::string_view behind = {});

}  // namespace stet::tracking::query
