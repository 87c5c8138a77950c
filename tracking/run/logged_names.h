// The names under which a program logs.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "stet/tracking/record/events.h"

namespace stet::tracking {

/// Remembers what was logged under which name: TensorBoard shows one kind of thing a name.
class LoggedNames {
 public:
  enum class Kind { number, text, image };
  /// `call` stands in messages. Throws UsageError on a name or a context that is empty where it must not be or is not
  /// UTF-8, on a context that names something twice, and on a name that stands for another kind already.
  void add(std::string_view call, std::string_view name, const MetricContext& context, Kind kind);

 private:
  std::map<std::string, Kind> kinds_;  // by the name that is shown
};

}  // namespace stet::tracking
