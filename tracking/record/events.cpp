#include "stet/tracking/record/events.h"

#include <algorithm>

#include "stet/tracking/record/event.pb.h"

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
  value->set_metric(std::string(name));
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

record::Event scalar_event(std::string_view name, double value, const MetricContext& context, bool varies) {
  record::Event event;
  auto* out = event.mutable_summary()->add_value();
  MetricContext sorted = context;
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [key, what] : sorted) {
    auto* entry = out->add_context();
    entry->set_name(key);
    entry->set_value(what);
  }
  out->set_tag(metric_tag(name, context));
  out->set_metric(std::string(name));
  out->set_simple_value(static_cast<float>(value));
  out->set_double_value(value);
  out->set_varies(varies);
  return event;
}

record::Event text_event(std::string_view name, std::string_view text) {
  record::Event event;
  string_tensor(event, name, "text", record::DATA_CLASS_TENSOR)->add_string_val(std::string(text));
  event.mutable_summary()->mutable_value(0)->mutable_tensor()->mutable_tensor_shape();  // a scalar
  return event;
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
