// Reading scalars out of events without making objects of them: logs are mostly those, and are read again and again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stet::tracking::record {
class Summary_Value;
}

namespace stet::tracking {

/// Reads events that hold scalars alone, in the form in which they are written (ScalarForm, Protobuf). What else an
/// event's bytes may be, valid or not, is left to Protobuf.
class EventScanner {
 public:
  /// Gives a number to the series of a value, once for each form in which its values are written.
  using NumberOf = std::function<int(const record::Summary_Value& value)>;

  struct Value {
    int series = 0;  ///< what NumberOf gave
    double value = 0;
  };

  explicit EventScanner(NumberOf number_of) : number_of_(std::move(number_of)) {}

  /// False where the event is not of that form: nothing of what is told below is it then.
  bool scan(std::string_view event);
  double time() const { return time_; }
  int64_t step() const { return step_; }
  uint64_t tick() const { return tick_; }
  const std::vector<Value>& values() const { return values_; }

 private:
  // A series' values differ by their numbers alone; this is what is the same.
  struct Form {
    std::string tag, rest;  // bytes before and behind the numbers
    int series = 0;
    size_t next = 0;  // the form that came behind it last
  };
  bool scan_summary(std::string_view summary);
  bool scan_value(std::string_view value);
  const Form* form_of(std::string_view tag, std::string_view rest);
  bool add_form(const std::string& bytes, std::string_view tag, std::string_view rest);

  NumberOf number_of_;
  double time_ = 0;
  int64_t step_ = 0;
  uint64_t tick_ = 0;
  std::vector<Value> values_;
  std::vector<Form> forms_;
  std::unordered_map<std::string, size_t> places_;  // of forms, by their bytes without the numbers
  size_t last_ = 0;                                 // the form that was read last
};

}  // namespace stet::tracking
