// Values as JSON: docs/json.md says how.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "stet/tracking/query/value.h"

namespace google::protobuf {
class Message;
}

namespace stet::tracking {

using Json = nlohmann::ordered_json;

/// A number where it fits 53 bits, as every reader of JSON takes it then; else its digits as a string.
Json json_of(int64_t value);
Json json_of(uint64_t value);
/// A number; NaN and infinities as the strings "NaN", "Infinity" and "-Infinity".
Json json_of(double value);
/// A message of a record: an object of all its fields by their names in the .proto file, zeros included; messages that
/// are not there are left out.
Json json_of(const google::protobuf::Message& message);
/// Null where there is nothing; durations in seconds.
Json json_of(const query::Value& value);
/// Null where there is none.
template <class T> Json json_of(const std::optional<T>& value) { return value ? json_of(*value) : Json(nullptr); }

}  // namespace stet::tracking
