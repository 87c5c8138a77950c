#include "stet/tracking/record/acts.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <random>
#include <tuple>

#include "stet/tensor/error.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/host.h"
#include "stet/tracking/record/json_bounds.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kFolder = "notes", kPrefix = "act-", kSuffix = ".json";
constexpr size_t kMostActs = 100'000, kTagLimit = 200;
constexpr int kMostTags = 1'000;  // of an act
constexpr int64_t kMostTagsInAll = 200'000;
constexpr double kLastTime = 253402300800;  // the year 9999 ends

struct Dated {
  record::Act act;
  std::string name;
};

int tags_of(const record::Act& act) { return act.add_tags_size() + act.remove_tags_size(); }

}  // namespace

record::Act parse_act(const std::string& text, const std::string& name) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // a newer version's has some
  const google::protobuf::LogSilencer mute;
  record::Act act;
  const bool parsed = is_within_bounds(text) && google::protobuf::util::JsonStringToMessage(text, &act, options).ok();
  if (!parsed || !(act.time() >= 0 && act.time() < kLastTime) || tags_of(act) > kMostTags)
    raise<DataError>("{}: can't be read as an act on a run", name);
  return act;
}

namespace {

record::Act read_act(const Entry& file) { return parse_act(read_file(file, kActLimit), file.path().string()); }

std::string text_of(const record::Act& act) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(act, &text, options);
  if (!status.ok()) raise<Error>("notes: an act can't be written as JSON: {}", status.ToString());
  return text;
}

// As act-20261128-143000-123456-1a2b.json: the order of names is that of times.
std::string file_name(double time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}{:04}{:02}{:02}-{:02}{:02}{:02}-{:06}-{:04x}{}", kPrefix, utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     static_cast<int>((time - std::floor(time)) * 1e6), std::random_device()() & 0xFFFFu, kSuffix);
}

}  // namespace

bool is_act_name(std::string_view name) { return name.starts_with(kPrefix) && name.ends_with(kSuffix); }

Acts read_acts(const Folder& run) {
  Acts found;
  const auto notes = find_folder(run / kFolder);
  if (!notes) return found;
  std::vector<Dated> dated;
  int64_t tags = 0;
  for (const std::string& name : notes->names()) {
    if (!is_act_name(name)) continue;
    try {
      if (dated.size() == kMostActs) raise<DataError>("{}: has more acts than are read", notes->path().string());
      Dated act{read_act(*notes / name), name};
      tags += tags_of(act.act);
      if (tags > kMostTagsInAll) raise<DataError>("{}: names more tags than are read", notes->path().string());
      dated.push_back(std::move(act));
    } catch (const Error& e) { found.unreadable.emplace_back(e.what()); }
  }
  const auto order = [](const Dated& d) { return std::tuple(d.act.time(), std::string_view(d.name)); };
  std::sort(dated.begin(), dated.end(), [&](const Dated& a, const Dated& b) { return order(a) < order(b); });
  for (Dated& d : dated) found.acts.push_back(std::move(d.act));
  return found;
}

void write_act(FileSystem& fs, const Folder& run, record::Act act) {
  const Acts before = read_acts(run);
  double time = std::clamp(unix_time(), 0.0, kLastTime - 1);
  if (!before.acts.empty()) {  // a microsecond is lost in a time that lies far ahead
    const double last = before.acts.back().time(), next = std::nextafter(last, kLastTime);
    time = std::max(time, std::min(std::max(last + 1e-6, next), std::nextafter(kLastTime, 0.0)));
  }
  act.set_time(time);
  act.set_author(login_name());
  act.set_host(host_name());
  replace_file(fs, make_folder(fs, run / kFolder) / file_name(time), as_bytes(text_of(act) + "\n"));
}

std::string present_name(const Folder& run, const record::RunRecord& record) {
  std::string name = record.name();
  for (const record::Act& act : read_acts(run).acts) {
    if (!act.name().empty()) name = act.name();
  }
  return name;
}

void require_tag(std::string_view call, std::string_view tag) {
  require_utf8(call, "the tag", tag);
  const bool plain = !tag.empty() && tag.size() <= kTagLimit && tag.find(',') == tag.npos && printable(tag) == tag;
  const bool framed = plain && (tag.front() == ' ' || tag.back() == ' ' || tag.front() == '+' || tag.front() == '-');
  if (!plain || framed)
    raise("{}: '{}' can't be a tag: one has 1 to {} bytes in one line, no comma, and neither +, - nor a blank in front",
          call, printable(tag), kTagLimit);
}

}  // namespace stet::tracking
