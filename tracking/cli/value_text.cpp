#include "stet/tracking/cli/value_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "stet/tracking/cli/print.h"

namespace stet::tracking::cli {
namespace {

using query::Value;

std::string duration_text(double seconds) {
  if (!(std::abs(seconds) < 1e12)) return fmt::format("{:.6g}s", seconds);
  if (seconds < 0) return "-" + duration_text(-seconds);
  if (seconds < 60) return fmt::format("{:.3g}s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d {:02}h", whole / 86400, whole / 3600 % 24);
}

std::string utc(double seconds) {
  if (!(seconds >= -62135596800 && seconds < 253402300800)) return "";  // the years 1 to 9999
  const auto whole = static_cast<std::time_t>(std::floor(seconds));
  std::tm calendar{};
  if (!::gmtime_r(&whole, &calendar)) return "";
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", calendar);
}

// A value as text, its parts by these.
template <class Number, class Time, class Span>
std::string text_of(const Value& value, const Number& number, const Time& time, const Span& span) {
  if (const auto* b = value.get_if<bool>()) return *b ? "true" : "false";
  if (const auto* i = value.get_if<int64_t>()) return fmt::format("{}", *i);
  if (const auto* u = value.get_if<uint64_t>()) return fmt::format("{}", *u);
  if (const auto* d = value.get_if<double>()) return number(*d);
  if (const auto* s = value.get_if<std::string>()) return *s;
  if (const auto* date = value.get_if<query::Date>()) return time(date->seconds);
  if (const auto* duration = value.get_if<query::Duration>()) return span(duration->seconds);
  const auto* list = value.get_if<query::List>();
  if (!list) return "";
  std::string all;
  for (const Value& v : *list) all += (&v == list->data() ? "" : ", ") + text_of(v, number, time, span);
  // Tags and names are told by their commas alone.
  const bool of_texts =
      std::all_of(list->begin(), list->end(), [](const Value& v) { return v.kind() == query::Kind::text; });
  return of_texts ? all : "[" + all + "]";
}

}  // namespace

std::string short_text(const Value& value) {
  const auto number = [](double d) { return fmt::format("{:.6g}", d); };
  const std::string text = text_of(value, number, local_time, duration_text);
  return text.empty() ? "-" : text;
}

std::string exact_text(const Value& value) {
  const auto number = [](double d) { return fmt::format("{}", d); };
  return text_of(value, number, utc, number);
}

std::string size_text(int64_t bytes) {
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (value /= 1000; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return fmt::format("{:.3g} {}", value, kUnits[unit]);
}

}  // namespace stet::tracking::cli
