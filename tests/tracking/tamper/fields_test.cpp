// Each field of run.json changed, removed and doubled, and the seal made anew: verify catches every field that it
// vouches for.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "stet/tensor/error.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/sealing.h"
#include "tracking/tamper/tamper.h"
#include "tracking/temp_folder.h"

namespace stet::tracking::tamper {
namespace {

using google::protobuf::util::MessageDifferencer;
using Json = nlohmann::ordered_json;
using Pointer = Json::json_pointer;

// What verify says that it does not vouch for: as not_compared() of tracking/reading has it in words.
const std::regex kNotVouchedFor(
    "/(id|name|created|forked_from|forked_at|places|checkpoints|tags|group|note|description|allow_nan)(/.*)?"
    "|/params/\\d+/source|/data/\\d+/path|/data/\\d+/files/\\d+/path|/hyperparameters/\\d+/execution/.*"
    "|/launches/\\d+/"
    "(argv|cwd|machine|source|environment|threads|isa|device|pid|started|notes|log_waits|log_wait_seconds)(/.*)?"
    "|/launches/\\d+/build/libraries(/.*)?|/launches/\\d+/program/path"
    "|/launches/\\d+/program/shared_objects/\\d+/path|/launches/0/end(/.*)?"
    "|/launches/\\d+/end/(time|wall_seconds|cpu_seconds|seal)(/.*)?");

Json changed(const Json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>() + 1;
  if (value.is_number()) return value.get<double>() + 1;
  if (!value.is_string()) return value;
  const auto text = value.get<std::string>();
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos && text.size() < 10;
  if (digits) return std::to_string(std::stoll(text) + 1);
  if (text == "FINISHED") return "FAILED";
  std::string other = text.empty() ? "x" : text;
  other.back() = other.back() == 'a' ? 'b' : 'a';
  return other;
}

// Every value of a record: leaves, and what holds them.
void collect(const Json& value, const Pointer& at, std::vector<Pointer>& found) {
  if (!at.empty()) found.push_back(at);
  if (!value.is_structured()) return;
  for (const auto& [key, part] : value.items()) {
    collect(part, value.is_array() ? at / static_cast<size_t>(std::stoul(key)) : at / key, found);
  }
}

record::RunRecord without_seal(record::RunRecord record) {
  for (auto& launch : *record.mutable_launches()) {
    if (launch.has_end()) launch.mutable_end()->clear_seal();
  }
  return record;
}

class TamperFields : public testing::Test {
 protected:
  // Two launches.
  void SetUp() override {
    ASSERT_EQ(run_tampered(folder_.path(), {"--max-steps", "4"}).status, 0);
    ASSERT_EQ(run_tampered(folder_.path(), {"--resume", "latest"}).status, 0);
    run_ = only_run(folder_.path());
    record_ = Json::parse(read_file(run_ / "run.json"));
    original_ = without_seal(read_record(Folder(run_)));
    ASSERT_FALSE(is_refused(run_));
  }

  // False where the edited text is no record, or an edit that no one can see.
  bool seal(const Json& edited) {
    overwrite(run_ / "run.json", edited.dump());
    seal_anew(run_);
    return !MessageDifferencer::Equals(without_seal(read_record(Folder(run_))), original_);
  }

  void try_edit(const Json& edited, const Pointer& at, const std::string& how, Tally& tally) {
    SCOPED_TRACE(at.to_string() + " " + how);
    ++tally.tried;
    overwrite(run_ / "run.json", edited.dump());
    EXPECT_FALSE(looks_sealed(run_)) << "with the old seal";
    try {
      if (!seal(edited)) {
        ++tally.harmless;  // a field that was empty is gone
        return;
      }
    } catch (const Error&) {
      ++tally.detected;  // no record
      return;
    }
    const bool vouched = !std::regex_match(at.to_string(), kNotVouchedFor) && !is_execution(at);
    const bool refused = vouched && is_refused(run_);
    EXPECT_TRUE(refused || !vouched);
    refused ? ++tally.detected : ++tally.harmless;
  }

  // Hyperparameters that no result depends on, and libraries that belong to the machine.
  bool is_execution(const Pointer& at) const {
    static const std::regex kElement("(/hyperparameters/\\d+|/launches/\\d+/program/shared_objects/\\d+)(/.*)?");
    std::smatch match;
    const std::string text = at.to_string();
    if (!std::regex_match(text, match, kElement)) return false;
    const Json& element = record_.at(Pointer(match[1]));
    return element.value("execution", false) ||
           (element.contains("kept") && element["kept"] == false && match[2] != "/kept");
  }

  TempFolder folder_;
  Path run_;
  Json record_;
  record::RunRecord original_;
};

TEST_F(TamperFields, EachChangedRemovedAndDoubled) {
  Tally tally("fields of run.json, sealed anew");
  std::vector<Pointer> places;
  collect(record_, Pointer(), places);
  size_t edit = 0;
  for (const Pointer& at : places) {
    const Json& value = record_.at(at);
    if (!value.is_structured() && is_chosen(edit++)) {
      Json edited = record_;
      edited[at] = changed(value);
      try_edit(edited, at, "changed", tally);
    }
    const Pointer parent = at.parent_pointer();
    if (is_chosen(edit++)) {
      Json edited = record_;
      if (edited.at(parent).is_array()) edited.at(parent).erase(static_cast<size_t>(std::stoul(at.back())));
      else edited.at(parent).erase(at.back());
      try_edit(edited, at, "removed", tally);
    }
    if (record_.at(parent).is_array() && parent != Pointer("/launches") && is_chosen(edit++)) {
      Json edited = record_;
      edited.at(parent).push_back(value);
      try_edit(edited, at, "doubled", tally);
    }
  }
}

}  // namespace
}  // namespace stet::tracking::tamper
