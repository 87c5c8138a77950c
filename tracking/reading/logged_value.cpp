#include "stet/tracking/reading/logged_value.h"

#include <algorithm>

#include "stet/tracking/record/events.h"

namespace stet::tracking {

query::SeriesName series_name(const record::Summary::Value& value) {
  query::SeriesName series{metric_name(value), {}};
  for (const auto& c : value.context()) series.context.emplace_back(c.name(), c.value());
  std::sort(series.context.begin(), series.context.end());
  return series;
}

std::string tag_of(const record::Summary::Value& value) {
  return value.metric().empty() ? value.tag() : metric_tag(value.metric(), series_name(value).context);
}

bool varies(const record::Summary::Value& value) { return value.varies() || is_system_metric(metric_name(value)); }

LoggedMedium::Kind kind_of(const record::Summary::Value& value) {
  const std::string& plugin = value.metadata().plugin_data().plugin_name();
  if (plugin == "images") return LoggedMedium::Kind::image;
  if (plugin == "histograms") return LoggedMedium::Kind::histogram;
  return value.tensor().dtype() == record::DT_DOUBLE ? LoggedMedium::Kind::vector : LoggedMedium::Kind::text;
}

int64_t bytes_of(const record::Summary::Value& value) {
  auto bytes = static_cast<int64_t>(value.tensor().tensor_content().size());
  for (const std::string& part : value.tensor().string_val()) bytes += static_cast<int64_t>(part.size());
  return bytes;
}

}  // namespace stet::tracking
