#include "stet/tracking/json/values.h"

#include <google/protobuf/message.h>

#include <cmath>
#include <string>

namespace stet::tracking {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr uint64_t kLargest = (uint64_t{1} << 53) - 1;

// The field's value, or with an index one of its values.
template <class Single, class Repeated>
auto value(const Message& m, const FieldDescriptor* field, int i, Single single, Repeated repeated) {
  const auto& reflection = *m.GetReflection();
  return i < 0 ? (reflection.*single)(m, field) : (reflection.*repeated)(m, field, i);
}

Json json_of_field(const Message& m, const FieldDescriptor* field, int i) {
  using R = google::protobuf::Reflection;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return value(m, field, i, &R::GetInt32, &R::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_UINT32: return value(m, field, i, &R::GetUInt32, &R::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_INT64: return json_of(value(m, field, i, &R::GetInt64, &R::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT64: return json_of(value(m, field, i, &R::GetUInt64, &R::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return json_of(static_cast<double>(value(m, field, i, &R::GetFloat, &R::GetRepeatedFloat)));
    case FieldDescriptor::CPPTYPE_DOUBLE: return json_of(value(m, field, i, &R::GetDouble, &R::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_BOOL: return value(m, field, i, &R::GetBool, &R::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_STRING: return value(m, field, i, &R::GetString, &R::GetRepeatedString);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = value(m, field, i, &R::GetEnumValue, &R::GetRepeatedEnumValue);
      const auto* known = field->enum_type()->FindValueByNumber(number);
      return known ? Json(known->name()) : Json(number);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return json_of(i < 0 ? m.GetReflection()->GetMessage(m, field)
                           : m.GetReflection()->GetRepeatedMessage(m, field, i));
  }
  return nullptr;
}

// Records map text to text, in no order.
Json json_of_map(const Message& m, const FieldDescriptor* field) {
  nlohmann::json object = nlohmann::json::object();
  const auto* type = field->message_type();
  for (int i = 0; i < m.GetReflection()->FieldSize(m, field); ++i) {
    const Message& entry = m.GetReflection()->GetRepeatedMessage(m, field, i);
    object[entry.GetReflection()->GetString(entry, type->map_key())] = json_of_field(entry, type->map_value(), -1);
  }
  return object;
}

Json json_of_array(const Message& m, const FieldDescriptor* field) {
  Json array = Json::array();
  for (int i = 0; i < m.GetReflection()->FieldSize(m, field); ++i) array.push_back(json_of_field(m, field, i));
  return array;
}

}  // namespace

Json json_of(int64_t value) {
  const uint64_t magnitude = value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  return magnitude <= kLargest ? Json(value) : Json(std::to_string(value));
}

Json json_of(uint64_t value) { return value <= kLargest ? Json(value) : Json(std::to_string(value)); }

Json json_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json json_of(const Message& message) {
  Json object = Json::object();
  const auto* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_map()) object[field->name()] = json_of_map(message, field);
    else if (field->is_repeated()) object[field->name()] = json_of_array(message, field);
    else if (!field->has_presence() || message.GetReflection()->HasField(message, field))
      object[field->name()] = json_of_field(message, field, -1);
  }
  return object;
}

Json json_of(const query::Value& value) {
  if (const auto* b = value.get_if<bool>()) return *b;
  if (const auto* i = value.get_if<int64_t>()) return json_of(*i);
  if (const auto* u = value.get_if<uint64_t>()) return json_of(*u);
  if (const auto* d = value.get_if<double>()) return json_of(*d);
  if (const auto* s = value.get_if<std::string>()) return *s;
  if (const auto* date = value.get_if<query::Date>()) return json_of(date->seconds);
  if (const auto* duration = value.get_if<query::Duration>()) return json_of(duration->seconds);
  const auto* list = value.get_if<query::List>();
  if (!list) return nullptr;
  Json array = Json::array();
  for (const query::Value& v : *list) array.push_back(json_of(v));
  return array;
}

}  // namespace stet::tracking
