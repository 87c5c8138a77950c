#include "stet/tracking/run/logged_names.h"

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

const char* word_for(LoggedNames::Kind kind) {
  switch (kind) {
    case LoggedNames::Kind::number: return "number";
    case LoggedNames::Kind::text: return "text";
    case LoggedNames::Kind::histogram: return "histogram";
    case LoggedNames::Kind::vector: return "vector";
    case LoggedNames::Kind::image: break;
  }
  return "image";
}

void check_context(std::string_view call, std::string_view name, const MetricContext& context) {
  for (size_t i = 0; i < context.size(); ++i) {
    const auto& [key, value] = context[i];
    if (key.empty()) raise("{}: the context of '{}' has an entry without a name", call, name);
    require_utf8(call, "the context's name", key);
    require_utf8(call, "the context's value", value);
    const bool twice = std::any_of(context.begin(), context.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&key = key](const auto& before) { return before.first == key; });
    if (twice) raise("{}: the context of '{}' says '{}' twice", call, name, key);
  }
}

}  // namespace

void LoggedNames::check(std::string_view call, std::string_view name, const MetricContext& context) {
  if (name.empty()) raise("{}: the name is empty", call);
  require_utf8(call, "the name", name);
  check_context(call, name, context);
}

void LoggedNames::add(std::string_view call, std::string_view name, const MetricContext& context, Kind kind) {
  check(call, name, context);
  const auto [at, is_new] = kinds_.try_emplace(metric_tag(name, context), kind);
  if (at->second != kind)
    raise("{}: '{}' is the name of a logged {} already; give the {} another", call, at->first, word_for(at->second),
          word_for(kind));
}

const ScalarForm& LoggedNames::series(std::string_view name, const MetricContext& context, bool varies) {
  const bool plain = context.empty() && !varies;
  if (plain) {
    if (const auto known = plain_.find(name); known != plain_.end()) return known->second;
  }
  add("log", name, context, Kind::number);
  if (plain) return plain_.try_emplace(std::string(name), name, context, varies).first->second;
  return others_.try_emplace({metric_tag(name, context), varies}, name, context, varies).first->second;
}

bool LoggedNames::has(std::string_view name, const MetricContext& context) const {
  return kinds_.contains(metric_tag(name, context));
}

}  // namespace stet::tracking
