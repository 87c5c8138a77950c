// The names under which a program logs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "stet/tracking/record/events.h"

namespace stet::tracking {

/// Remembers what was logged under which name: TensorBoard shows one kind of thing a name.
class LoggedNames {
 public:
  enum class Kind : uint8_t { number, text, image, histogram, vector };
  /// `call` stands in messages. Throws UsageError on a name or a context that is empty where it must not be or is not
  /// UTF-8, on a context that names something twice, and on a name that stands for another kind already.
  void add(std::string_view call, std::string_view name, const MetricContext& context, Kind kind);
  /// What add refuses, but of kinds.
  static void check(std::string_view call, std::string_view name, const MetricContext& context);
  /// add for a number, and the form of the series' values in the log.
  const ScalarForm& series(std::string_view name, const MetricContext& context, bool varies);
  /// Was something logged under that name and context?
  bool has(std::string_view name, const MetricContext& context) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::map<std::string, Kind> kinds_;                                         // by the name that is shown
  std::unordered_map<std::string, ScalarForm, Hash, std::equal_to<>> plain_;  // by name: no context, varies not
  std::map<std::pair<std::string, bool>, ScalarForm> others_;                 // by the name that is shown, and varies
};

}  // namespace stet::tracking
