// How a scalar stands in the log's bytes, for who writes and who scans them: keys of record::Summary::Value's fields as
// Protobuf writes them, the field's number << 3 | how it is written. Private to record/.
#pragma once

#include <cstddef>
#include <string_view>

namespace stet::tracking {

inline constexpr char kSummaryValue = 1 << 3 | 2, kTag = 1 << 3 | 2, kSimpleValue = 2 << 3 | 5;
inline constexpr std::string_view kDoubleValue = "\xa9\x06";  // 101 << 3 | 1
/// Of both numbers of a scalar, with their keys.
inline constexpr size_t kNumberBytes = sizeof(kSimpleValue) + sizeof(float) + kDoubleValue.size() + sizeof(double);

}  // namespace stet::tracking
