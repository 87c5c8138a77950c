#include "stet/tracking/record/events.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stet/tracking/record/encoding.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/scalar_keys.h"

namespace stet::tracking {
namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (const char c : text) {
    if (special.find(c) != special.npos) out += '\\';
    out += c;
  }
}

record::TensorProto* string_tensor(record::Event& event, std::string_view name, const char* plugin,
                                   record::DataClass data_class) {
  auto* value = event.mutable_summary()->add_value();
  value->set_tag(metric_tag(name, {}));
  if (value->tag() != name) value->set_metric(std::string(name));
  value->mutable_metadata()->mutable_plugin_data()->set_plugin_name(plugin);
  value->mutable_metadata()->set_data_class(data_class);
  value->mutable_tensor()->set_dtype(record::DT_STRING);
  return value->mutable_tensor();
}

}  // namespace

std::string metric_tag(std::string_view name, MetricContext context) {
  std::string tag;
  append_escaped(tag, name, "\\[");
  std::sort(context.begin(), context.end());
  char before = '[';
  for (const auto& [key, value] : context) {
    tag += before;
    append_escaped(tag, key, "\\=,]");
    tag += '=';
    append_escaped(tag, value, "\\,]");
    before = ',';
  }
  if (!context.empty()) tag += ']';
  return tag;
}

bool is_system_metric(std::string_view name) { return name.starts_with("system/"); }

const std::string& metric_name(const record::Summary::Value& value) {
  return value.metric().empty() ? value.tag() : value.metric();
}

namespace {

// All of a value but its number.
record::Summary::Value scalar_without_number(std::string_view name, const MetricContext& context, bool varies) {
  record::Summary::Value value;
  MetricContext sorted = context;
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [key, what] : sorted) {
    auto* entry = value.add_context();
    entry->set_name(key);
    entry->set_value(what);
  }
  value.set_tag(metric_tag(name, context));
  if (value.tag() != name) value.set_metric(std::string(name));
  value.set_varies(varies);
  return value;
}

}  // namespace

ScalarForm::ScalarForm(std::string_view name, const MetricContext& context, bool varies) {
  record::Summary::Value rest = scalar_without_number(name, context, varies);
  std::string tag(1, kTag);
  append_varint(tag, rest.tag().size());
  tag += rest.tag();
  rest.clear_tag();
  after_ = rest.SerializeAsString();
  before_ = kSummaryValue;
  append_varint(before_, tag.size() + kNumberBytes + after_.size());
  before_ += tag;
  before_ += kSimpleValue;
}

void ScalarForm::append(std::string& out, double value) const {
  out += before_;
  append_little_endian(out, static_cast<float>(value));
  out += kDoubleValue;
  append_little_endian(out, value);
  out += after_;
}

record::Event scalar_event(std::string_view name, double value, const MetricContext& context, bool varies) {
  record::Event event;
  auto* out = event.mutable_summary()->add_value();
  *out = scalar_without_number(name, context, varies);
  out->set_simple_value(static_cast<float>(value));
  out->set_double_value(value);
  return event;
}

record::Event text_event(std::string_view name, std::string_view text) {
  record::Event event;
  string_tensor(event, name, "text", record::DATA_CLASS_TENSOR)->add_string_val(std::string(text));
  event.mutable_summary()->mutable_value(0)->mutable_tensor()->mutable_tensor_shape();  // a scalar
  return event;
}

namespace {

constexpr char kVectors[] = "stet/vectors";

record::Event numbers_event(std::string_view name, const char* plugin, std::initializer_list<int64_t> shape,
                            std::span<const double> numbers) {
  record::Event event;
  auto* tensor = string_tensor(event, name, plugin, record::DATA_CLASS_TENSOR);
  tensor->set_dtype(record::DT_DOUBLE);
  for (const int64_t size : shape) tensor->mutable_tensor_shape()->add_dim()->set_size(size);
  for (const double number : numbers) append_little_endian(*tensor->mutable_tensor_content(), number);
  return event;
}

}  // namespace

Buckets buckets_of(std::span<const double> values) {
  constexpr size_t kBuckets = 30;
  Buckets found;
  if (values.empty()) return found;
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double low = *least, high = *greatest, width = (high - low) / kBuckets;
  if (!(width > 0) || !std::isfinite(width)) {  // all but equal, or further apart than a double can say
    found.buckets = {{low - 0.5, high + 0.5, static_cast<double>(values.size())}};
    return found;
  }
  for (size_t i = 0; i < kBuckets; ++i) {
    const auto at = static_cast<double>(i);
    found.buckets.push_back({low + at * width, i + 1 == kBuckets ? high : low + (at + 1) * width, 0});
  }
  for (const double value : values) {
    const auto bucket = static_cast<size_t>((value - low) / width);
    ++found.buckets[std::min(bucket, kBuckets - 1)].count;
  }
  return found;
}

record::Event histogram_event(std::string_view name, const Buckets& histogram) {
  std::vector<double> numbers;
  for (const auto& b : histogram.buckets) numbers.insert(numbers.end(), {b.left, b.right, b.count});
  return numbers_event(name, "histograms", {static_cast<int64_t>(histogram.buckets.size()), 3}, numbers);
}

record::Event vector_event(std::string_view name, std::span<const double> values) {
  return numbers_event(name, kVectors, {static_cast<int64_t>(values.size())}, values);
}

std::vector<double> numbers_of(const record::Summary::Value& value) {
  const std::string& bytes = value.tensor().tensor_content();
  if (value.tensor().dtype() != record::DT_DOUBLE || bytes.size() % sizeof(double) != 0) return {};
  std::vector<double> numbers(bytes.size() / sizeof(double));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

record::Event image_event(std::string_view name, int64_t width, int64_t height, std::string_view png) {
  record::Event event;
  auto* tensor = string_tensor(event, name, "images", record::DATA_CLASS_BLOB_SEQUENCE);
  tensor->mutable_tensor_shape()->add_dim()->set_size(3);
  for (const std::string& part : {std::to_string(width), std::to_string(height), std::string(png)})
    tensor->add_string_val(part);
  return event;
}

}  // namespace stet::tracking
