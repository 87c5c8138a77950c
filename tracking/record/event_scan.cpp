#include "stet/tracking/record/event_scan.h"

#include <google/protobuf/stubs/logging.h>

#include <cmath>
#include <cstring>

#include "stet/tracking/record/encoding.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/scalar_keys.h"

namespace stet::tracking {
namespace {

// Keys of fields, as Protobuf writes them: number << 3 | how it is written.
constexpr uint64_t kWallTime = 1 << 3 | 1, kStep = 2 << 3, kSummary = 5 << 3 | 2, kTick = 110 << 3;

bool take_double(std::string_view& bytes, double& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return true;
}

// Takes a length and so many bytes.
bool take_bytes(std::string_view& bytes, std::string_view& taken) {
  uint64_t length = 0;
  if (!take_varint(bytes, length) || length > bytes.size()) return false;
  taken = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return true;
}

}  // namespace

bool EventScanner::scan(std::string_view event) {
  time_ = 0, step_ = 0, tick_ = 0;
  values_.clear();
  std::string_view summary;
  bool has_summary = false;
  while (!event.empty()) {
    uint64_t key = 0, number = 0;
    if (!take_varint(event, key)) return false;
    if (key == kWallTime) {
      if (!take_double(event, time_) || !std::isfinite(time_)) return false;
    } else if (key == kStep || key == kTick) {
      if (!take_varint(event, number)) return false;
      if (key == kStep) step_ = static_cast<int64_t>(number);
      else tick_ = number;
    } else {
      if (key != kSummary || has_summary || !take_bytes(event, summary)) return false;
      has_summary = true;
    }
  }
  return has_summary && scan_summary(summary);
}

bool EventScanner::scan_summary(std::string_view summary) {
  while (!summary.empty()) {
    std::string_view value;
    if (summary[0] != kSummaryValue) return false;
    summary.remove_prefix(1);
    if (!take_bytes(summary, value) || !scan_value(value)) return false;
  }
  return true;
}

bool EventScanner::scan_value(std::string_view value) {
  std::string_view tag;
  if (value.empty() || value[0] != kTag) return false;
  value.remove_prefix(1);
  if (!take_bytes(value, tag) || value.size() < kNumberBytes) return false;
  if (!value.starts_with(kSimpleValue)) return false;
  value.remove_prefix(sizeof(kSimpleValue) + sizeof(float));
  if (!value.starts_with(kDoubleValue)) return false;
  value.remove_prefix(kDoubleValue.size());
  Value found;
  take_double(value, found.value);
  const Form* form = form_of(tag, value);
  if (form == nullptr) return false;
  found.series = form->series;
  values_.push_back(found);
  return true;
}

// Null where they are not the bytes of a scalar. Series follow one another in the same order from step to step.
const EventScanner::Form* EventScanner::form_of(std::string_view tag, std::string_view rest) {
  if (!forms_.empty()) {
    const size_t likely = forms_[last_].next;
    if (forms_[likely].tag == tag && forms_[likely].rest == rest) {
      last_ = likely;
      return &forms_[likely];
    }
  }
  std::string bytes(1, kTag);
  append_varint(bytes, tag.size());
  bytes.append(tag).append(rest);
  const auto [known, is_new] = places_.try_emplace(bytes, forms_.size());
  if (is_new && !add_form(bytes, tag, rest)) {
    places_.erase(known);
    return nullptr;
  }
  forms_[last_].next = known->second;
  last_ = known->second;
  return &forms_[last_];
}

// False where they are no scalar's: a tag that is not UTF-8, what is no field, or a second number.
bool EventScanner::add_form(const std::string& bytes, std::string_view tag, std::string_view rest) {
  const google::protobuf::LogSilencer mute;  // it prints of text that is not UTF-8
  record::Summary::Value value;
  if (!value.ParseFromString(bytes) || value.has_double_value() || value.value_case() != 0 || value.tag() != tag)
    return false;
  forms_.push_back({std::string(tag), std::string(rest), number_of_(value), 0});
  return true;
}

}  // namespace stet::tracking
