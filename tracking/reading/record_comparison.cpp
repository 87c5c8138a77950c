#include "stet/tracking/reading/record_comparison.h"

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>

#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using Field = MessageDifferencer::SpecificField;

constexpr size_t kLongestValue = 80;

// What names an element of a list: lr of params[lr].
std::string name_of_element(const Message& element, int index) {
  for (const char* naming : {"name", "path", "soname"}) {
    const auto* field = element.GetDescriptor()->FindFieldByName(naming);
    if (field == nullptr) continue;
    if (std::string name = element.GetReflection()->GetString(element, field); !name.empty()) return name;
  }
  return std::to_string(index);
}

std::string text_of(const Message& message, const Field& last, int index) {
  const auto* reflection = message.GetReflection();
  if (last.field == nullptr) return "?";
  if (last.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return "there";
  std::string text;
  if (last.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    text = last.field->is_repeated() ? reflection->GetRepeatedString(message, last.field, index)
                                     : reflection->GetString(message, last.field);
  } else {
    google::protobuf::TextFormat::PrintFieldValueToString(message, last.field, last.field->is_repeated() ? index : -1,
                                                          &text);
  }
  return text.size() <= kLongestValue ? text : text.substr(0, kLongestValue) + "…";
}

// Collects one line a difference.
class Lines final : public MessageDifferencer::Reporter {
 public:
  explicit Lines(const Message& root) : root_(root) {}
  std::vector<std::string> take() { return std::move(lines_); }

  void ReportAdded(const Message&, const Message& again, const std::vector<Field>& path) override {
    lines_.push_back(fmt::format("{}: not recorded, and run again {}", text_of_path(path),
                                 text_of(again, path.back(), path.back().new_index)));
  }
  void ReportDeleted(const Message& recorded, const Message&, const std::vector<Field>& path) override {
    lines_.push_back(fmt::format("{}: {}, and run again not there", text_of_path(path),
                                 text_of(recorded, path.back(), path.back().index)));
  }
  void ReportModified(const Message& recorded, const Message& again, const std::vector<Field>& path) override {
    const Field& last = path.back();
    if (last.field != nullptr && last.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      return;  // its fields are told of
    lines_.push_back(fmt::format("{}: {}, and run again {}", text_of_path(path), text_of(recorded, last, last.index),
                                 text_of(again, last, last.new_index)));
  }

 private:
  // As params[lr].value.
  std::string text_of_path(const std::vector<Field>& path) const {
    std::string text;
    const Message* at = &root_;
    for (const Field& step : path) {
      if (step.field == nullptr) break;
      text += (text.empty() ? "" : ".") + std::string(step.field->name());
      if (step.field->is_map() || step.field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        if (step.index >= 0 && step.field->is_repeated()) text += fmt::format("[{}]", step.index);
        break;
      }
      if (step.field->is_repeated()) {
        const bool there =
            at != nullptr && step.index >= 0 && step.index < at->GetReflection()->FieldSize(*at, step.field);
        at = there ? &at->GetReflection()->GetRepeatedMessage(*at, step.field, step.index) : nullptr;
        text += fmt::format("[{}]", at != nullptr ? name_of_element(*at, step.index)
                                                  : std::to_string(std::max(step.index, step.new_index)));
      } else {
        at = at != nullptr ? &at->GetReflection()->GetMessage(*at, step.field) : nullptr;
      }
    }
    return text;
  }

  const Message& root_;
  std::vector<std::string> lines_;
};

std::vector<std::string> compare(const Message& recorded, const Message& replayed, const std::string& prefix = "") {
  MessageDifferencer differencer;
  differencer.set_message_field_comparison(MessageDifferencer::EQUAL);
  Lines lines(recorded);
  differencer.ReportDifferencesTo(&lines);
  differencer.Compare(recorded, replayed);
  std::vector<std::string> found = lines.take();
  for (std::string& line : found) line = prefix + line;
  return found;
}

// The record without what is not compared.
record::RunRecord comparable(record::RunRecord record, bool has_end) {
  for (const char* field : {"id", "name", "created", "places", "checkpoints", "launches", "tags", "group", "note",
                            "description", "forked_from", "forked_at"})
    record.GetReflection()->ClearField(&record, record.GetDescriptor()->FindFieldByName(field));
  if (!has_end) {  // as of an older launch's end, or when it was saved last
    record.clear_steps();
    record.clear_summaries();
  }
  for (auto& summary : *record.mutable_summaries()) {
    if (!summary.varies()) continue;
    summary.clear_value();
    summary.clear_step();
  }
  for (auto& param : *record.mutable_params()) param.clear_source();
  auto* hyperparameters = record.mutable_hyperparameters();
  hyperparameters->erase(
      std::remove_if(hyperparameters->begin(), hyperparameters->end(), [](const auto& h) { return h.execution(); }),
      hyperparameters->end());
  for (auto& data : *record.mutable_data()) {
    data.clear_path();
    for (auto& file : *data.mutable_files()) file.clear_path();
  }
  return record;
}

// Of a launch: where it began, what program it ran, and what built that.
record::Launch comparable(const record::Launch& launch) {
  record::Launch kept;
  kept.set_first_step(launch.first_step());
  kept.set_first_tick(launch.first_tick());
  kept.mutable_build()->set_compiler(launch.build().compiler());
  kept.mutable_build()->set_flags(launch.build().flags());
  kept.mutable_build()->set_build_type(launch.build().build_type());
  kept.mutable_program()->set_sha256(launch.program().sha256());
  std::vector<std::pair<std::string, std::string>> libraries;
  for (const auto& library : launch.program().shared_objects()) {
    if (library.kept()) libraries.emplace_back(library.soname(), library.sha256());
  }
  std::sort(libraries.begin(), libraries.end());  // loaded in whatever order
  for (const auto& [soname, sha256] : libraries) {
    auto* library = kept.mutable_program()->add_shared_objects();
    library->set_soname(soname);
    library->set_sha256(sha256);
  }
  return kept;
}

// How the run ended, but for when.
record::End comparable(const record::End& end) {
  record::End kept;
  kept.set_status(end.status());
  kept.set_exit_code(end.exit_code());
  kept.set_message(end.message());
  kept.set_last_step(end.last_step());
  return kept;
}

bool holds(const record::RunRecord& record, const record::Dataset& data) {
  return std::ranges::any_of(record.data(), [&](const record::Dataset& other) {
    return other.name() == data.name() && other.split() == data.split();
  });
}

bool is_lost(const record::Dataset& data, const record::RunRecord& recorded, const record::RunRecord& replayed,
             RunStatus status) {
  const bool ended = status == RunStatus::finished || status == RunStatus::failed;
  const bool was_killed = !ended && (status != RunStatus::interrupted || recorded.launches_size() > 1);
  return was_killed && !holds(replayed, data);
}

}  // namespace

std::vector<std::string> lost_data(const record::RunRecord& recorded, const record::RunRecord& replayed,
                                   RunStatus status) {
  std::vector<std::string> names;
  for (const auto& data : recorded.data()) {
    if (is_lost(data, recorded, replayed, status)) names.push_back(data.name());
  }
  return names;
}

std::vector<std::string> record_differences(const record::RunRecord& recorded, const record::RunRecord& replayed,
                                            const std::vector<Stretch>& stretches, RunStatus status) {
  const bool ended = status == RunStatus::finished || status == RunStatus::failed;
  const bool has_end = ended || status == RunStatus::interrupted;
  record::RunRecord was = comparable(recorded, has_end), is = comparable(replayed, has_end);
  auto* data = was.mutable_data();
  data->erase(
      std::remove_if(data->begin(), data->end(), [&](const auto& d) { return is_lost(d, recorded, replayed, status); }),
      data->end());
  if (!ended && was.digest_interval() == 0) is.clear_digest_interval();  // killed before it was saved
  std::vector<std::string> found = compare(was, is);
  const auto add = [&](const std::vector<std::string>& lines) {
    found.insert(found.end(), lines.begin(), lines.end());
  };
  for (size_t i = 0; i < stretches.size() && static_cast<int>(i) < replayed.launches_size(); ++i) {
    const auto at = static_cast<int>(stretches[i].launch);
    add(compare(comparable(recorded.launches(at)), comparable(replayed.launches(static_cast<int>(i))),
                fmt::format("launches[{}].", at)));
  }
  const auto last_end = [](const record::RunRecord& r) { return comparable(r.launches(r.launches_size() - 1).end()); };
  if (ended && replayed.launches_size() > 0)
    add(compare(last_end(recorded), last_end(replayed), "the last launch's end."));
  return found;
}

const std::vector<std::string>& not_compared() {
  static const std::vector<std::string> parts{
      "names, groups, tags, notes and descriptions",
      "where parameters came from",
      "places and paths",
      "checkpoint rules and marks",
      "command lines, working folders and environment variables",
      "threads, instruction set and device",
      "machines and library versions",
      "times, waits for the log's disk, process ids and hosts",
      "source state and patch",
      "what it was forked from, and execution settings",
      "--allow-nan",
      "how an interruption came about",
      "how launches before the last one ended, and those of which nothing is left",
      "notes and output.log"};
  return parts;
}

}  // namespace stet::tracking
