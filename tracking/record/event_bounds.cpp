#include "stet/tracking/record/event_bounds.h"

#include <google/protobuf/stubs/logging.h>

#include <cmath>
#include <cstdint>

#include "stet/tracking/record/encoding.h"

namespace stet::tracking {
namespace {

constexpr int64_t kMostParts = 2'000'000;  // texts and messages in an event: some of each of half a million values

// The messages that hold repeated texts and messages. What else is in an event takes no more memory than bytes.
enum class EventPart : uint8_t { event, summary, value, tensor, shape, digest, leaf };

EventPart kind_within(EventPart kind, uint64_t field) {
  switch (kind) {
    case EventPart::event: return field == 5 ? EventPart::summary : field == 101 ? EventPart::digest : EventPart::leaf;
    case EventPart::summary: return field == 1 ? EventPart::value : EventPart::leaf;
    case EventPart::value: return field == 8 ? EventPart::tensor : EventPart::leaf;
    case EventPart::tensor: return field == 2 ? EventPart::shape : EventPart::leaf;
    default: return EventPart::leaf;
  }
}

// False where there are more parts than are left. What is no message ends a count: Protobuf says so.
bool count_parts(EventPart kind, std::string_view bytes, int64_t& left) {
  for (uint64_t tag = 0, size = 0; take_varint(bytes, tag);) {
    switch (tag & 7) {
      case 0:
        if (!take_varint(bytes, size)) return true;
        continue;
      case 1: size = 8; break;
      case 2:
        if (!take_varint(bytes, size)) return true;
        break;
      case 5: size = 4; break;
      default: return true;
    }
    if (size > bytes.size()) return true;
    if ((tag & 7) == 2) {
      if (--left < 0) return false;
      const EventPart inner = kind_within(kind, tag >> 3);
      if (inner != EventPart::leaf && !count_parts(inner, bytes.substr(0, size), left)) return false;
    }
    bytes.remove_prefix(size);
  }
  return true;
}

}  // namespace

bool parse_event(record::Event& event, std::string_view bytes) {
  int64_t left = kMostParts;
  if (!count_parts(EventPart::event, bytes, left)) return false;
  const google::protobuf::LogSilencer mute;  // it prints of text that is not UTF-8
  return event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && std::isfinite(event.wall_time());
}

}  // namespace stet::tracking
