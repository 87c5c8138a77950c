// Each frame of the log removed and doubled, each field of a frame changed and removed, with right checksums, and the
// seal made anew: verify catches all that it vouches for.
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/sealing.h"
#include "tracking/tamper/tamper.h"
#include "tracking/temp_folder.h"

namespace stet::tracking::tamper {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using record::Event;
using record::SessionLog;
using Value = record::Summary::Value;

// A field of a message, or of one below it.
struct Place {
  std::function<Message&(Message&)> holder;
  const FieldDescriptor* field;
  std::string name;
};

void collect(const Message& message, const std::function<Message&(Message&)>& holder, const std::string& name,
             std::vector<Place>& found) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    const std::string path = name + field->name();
    found.push_back({holder, field, path});
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int parts = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < parts; ++i) {
      const auto below = [holder, field, i](Message& root) -> Message& {
        Message& m = holder(root);
        return field->is_repeated() ? *m.GetReflection()->MutableRepeatedMessage(&m, field, i)
                                    : *m.GetReflection()->MutableMessage(&m, field);
      };
      const Message& part = field->is_repeated() ? message.GetReflection()->GetRepeatedMessage(message, field, i)
                                                 : message.GetReflection()->GetMessage(message, field);
      const bool varies = part.GetDescriptor()->name() == "Value" && static_cast<const Value&>(part).varies();
      collect(part, below, path + (varies ? "(varies)." : "."), found);
    }
  }
}

// Another value of the same type; false for messages.
bool change(Message& message, const FieldDescriptor* field) {
  const auto* r = message.GetReflection();
  const bool repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64: r->SetInt64(&message, field, r->GetInt64(message, field) + 1); return true;
    case FieldDescriptor::CPPTYPE_UINT64:
      if (repeated) r->SetRepeatedUInt64(&message, field, 0, r->GetRepeatedUInt64(message, field, 0) ^ 1);
      else r->SetUInt64(&message, field, r->GetUInt64(message, field) + 1);
      return true;
    case FieldDescriptor::CPPTYPE_UINT32:
      r->SetRepeatedUInt32(&message, field, 0, r->GetRepeatedUInt32(message, field, 0) ^ 1);
      return true;
    case FieldDescriptor::CPPTYPE_DOUBLE: r->SetDouble(&message, field, r->GetDouble(message, field) + 1); return true;
    case FieldDescriptor::CPPTYPE_FLOAT: r->SetFloat(&message, field, r->GetFloat(message, field) + 1); return true;
    case FieldDescriptor::CPPTYPE_BOOL: r->SetBool(&message, field, !r->GetBool(message, field)); return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      r->SetEnumValue(&message, field, r->GetEnumValue(message, field) == 1 ? 2 : 1);
      return true;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = repeated ? r->GetRepeatedString(message, field, 0) : r->GetString(message, field);
      if (text.empty()) text = "x";
      text.back() = text.back() == 'a' ? 'b' : 'a';
      if (repeated) r->SetRepeatedString(&message, field, 0, text);
      else r->SetString(&message, field, text);
      return true;
    }
    default: return false;
  }
}

bool is_mark(const Event& event, SessionLog::Status status) { return event.session_log().status() == status; }
bool varies(const Event& event) {
  return event.has_summary() && std::ranges::all_of(event.summary().value(), [](const Value& v) { return v.varies(); });
}

// Marks of checkpoints and what TensorBoard alone reads are not vouched for; nor is a value that varies, nor a time.
bool is_vouched_for(const Event& event, const std::string& field) {
  if (field == "wall_time" || event.has_file_version()) return false;
  if (is_mark(event, SessionLog::START) || is_mark(event, SessionLog::CHECKPOINT)) return false;
  const bool number = field.ends_with("_value") || field == "step" || field == "tick" || field.empty();
  return !((varies(event) || field.find("(varies)") != field.npos) && number);
}

class TamperFrames : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_tampered(folder_.path(), {}).status, 0);
    run_ = only_run(folder_.path());
    log_ = list_segments(Folder(run_)).at(0).entry.path();
    EventReader reader{Folder(run_)};
    for (Event event; reader.next(event);) events_.push_back(event);
    ASSERT_FALSE(is_refused(run_));
  }

  void try_log(const std::vector<Event>& events, bool vouched, const std::string& how, Tally& tally) {
    SCOPED_TRACE(how);
    std::string bytes;
    for (const Event& event : events) bytes += frame(event.SerializeAsString());
    if (bytes == read_file(log_)) return;  // a flag changed to false is a flag removed: sealed with the edit before
    overwrite(log_, bytes);
    EXPECT_FALSE(looks_sealed(run_)) << "with the old seal";
    seal_anew(run_);
    ++tally.tried;
    const bool refused = vouched && is_refused(run_);
    EXPECT_TRUE(refused || !vouched);
    refused ? ++tally.detected : ++tally.harmless;
  }

  TempFolder folder_;
  Path run_, log_;
  std::vector<Event> events_;
};

TEST_F(TamperFrames, EachRemovedAndDoubled) {
  Tally tally("frames, sealed anew");
  for (size_t i = 0; i < events_.size(); ++i) {
    const Event& event = events_[i];
    std::vector<Event> without = events_, twice = events_;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), event);
    const std::string name = "frame " + std::to_string(i) + ": " + event.ShortDebugString().substr(0, 60);
    if (is_chosen(2 * i)) try_log(without, is_vouched_for(event, ""), name + " removed", tally);
    // Twice the same digest or mark says no more than once.
    const bool says_more = event.has_summary() && !varies(event);
    if (is_chosen(2 * i + 1)) try_log(twice, says_more, name + " doubled", tally);
  }
}

TEST_F(TamperFrames, EachFieldChangedAndRemoved) {
  Tally tally("fields of frames, sealed anew");
  size_t edit = 0;
  for (size_t i = 0; i < events_.size(); ++i) {
    std::vector<Place> places;
    collect(
        events_[i], [](Message& m) -> Message& { return m; }, "", places);
    for (const Place& place : places) {
      const bool vouched = is_vouched_for(events_[i], place.name);
      const std::string name = "frame " + std::to_string(i) + ": " + place.name;
      std::vector<Event> edited = events_;
      Message& holder = place.holder(edited[i]);
      if (is_chosen(edit++) && change(holder, place.field)) try_log(edited, vouched, name + " changed", tally);
      edited = events_;
      Message& other = place.holder(edited[i]);
      other.GetReflection()->ClearField(&other, place.field);
      if (is_chosen(edit++)) try_log(edited, vouched, name + " removed", tally);
    }
  }
}

}  // namespace
}  // namespace stet::tracking::tamper
