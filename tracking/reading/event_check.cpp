#include "stet/tracking/reading/event_check.h"

#include <fmt/format.h>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/parse.h"

namespace stet::tracking {
namespace {

constexpr int64_t kFrameBytes = 16;  // around an event

using SummaryValue = record::Summary::Value;

record::Event scalar_again(const SummaryValue& value) {
  MetricContext context;
  for (const auto& c : value.context()) context.emplace_back(c.name(), c.value());
  return scalar_event(metric_name(value), value.double_value(), context, value.varies());
}

record::Event numbers_again(const SummaryValue& value) {
  const std::vector<double> numbers = numbers_of(value);
  if (value.tensor().tensor_shape().dim_size() == 1) return vector_event(metric_name(value), numbers);
  if (numbers.size() % 3 != 0) return {};
  Buckets histogram;
  for (size_t i = 0; i < numbers.size(); i += 3)
    histogram.buckets.push_back({numbers[i], numbers[i + 1], numbers[i + 2]});
  return histogram_event(metric_name(value), histogram);
}

record::Event medium_again(const SummaryValue& value) {
  if (value.tensor().dtype() == record::DT_DOUBLE) return numbers_again(value);
  const auto& parts = value.tensor().string_val();
  if (parts.size() == 1) return text_event(metric_name(value), parts[0]);
  if (parts.size() != 3) return {};
  const auto width = parse_int64(parts[0]), height = parse_int64(parts[1]);
  return width && height ? image_event(metric_name(value), *width, *height, parts[2]) : record::Event();
}

// The tag of the record's first form: a context's values behind slashes. A run that was begun then may have gone on.
std::string older_tag(const SummaryValue& value) {
  std::string tag = metric_name(value);
  for (const auto& c : value.context()) tag += "/" + c.value();
  return tag;
}

// Made anew from what it says, it is the same.
bool is_odd(const SummaryValue& value) {
  record::Event again = value.has_double_value() ? scalar_again(value) : medium_again(value);
  if (again.summary().value_size() != 1) return true;
  SummaryValue& expected = *again.mutable_summary()->mutable_value(0);
  if (value.has_double_value() && value.tag() == older_tag(value)) expected.set_tag(value.tag());
  if (value.metric() == value.tag()) expected.set_metric(value.metric());  // older logs name it always
  return expected.SerializeAsString() != value.SerializeAsString();
}

bool is_odd(const record::SessionLog& mark, int64_t step) {
  switch (mark.status()) {
    case record::SessionLog::CHECKPOINT:
      return mark.checkpoint_path() != checkpoint_path({}, step).string() || !mark.msg().empty();
    case record::SessionLog::START: return !mark.checkpoint_path().empty() || !mark.msg().empty();
    case record::SessionLog::STOP: return !mark.checkpoint_path().empty();
    default: return true;
  }
}

bool is_odd(const record::Event& event) {
  switch (event.what_case()) {
    case record::Event::kFileVersion: return event.file_version() != "brain.Event:2";
    case record::Event::kSummary: break;
    case record::Event::kSessionLog: return is_odd(event.session_log(), event.step());
    case record::Event::WHAT_NOT_SET: return true;
    default: return false;  // digests, which are compared, and Resume, by which the log is read
  }
  for (const SummaryValue& value : event.summary().value()) {
    if (is_odd(value)) return true;
  }
  return event.summary().value().empty();
}

}  // namespace

std::string find_odd_event(const Folder& run) {
  EventReader reader(run);
  LogPosition before = reader.position();
  for (record::Event event; reader.next(event);) {
    const LogPosition at = reader.position();
    const int64_t bytes = at.offset - (at.segment == before.segment ? before.offset : 0) - kFrameBytes;
    before = at;
    if (is_odd(event) || bytes != static_cast<int64_t>(event.ByteSizeLong()))
      return fmt::format("the log's event before byte {} of segment {} is none that a run writes",
                         reader.position().offset, reader.position().segment);
  }
  return "";
}

}  // namespace stet::tracking
