// What the page changes: labels of runs, and saved views.
#include <fmt/format.h>

#include "stet/tensor/sha256.h"
#include "stet/tracking/reading/labels.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/host.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/answers.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostActedOn = 20'000, kMostTags = 50, kMostText = size_t{64} << 10, kMostName = 500;
constexpr size_t kMostViews = 500;
constexpr int64_t kMostViewBytes = int64_t{128} << 10;
constexpr char kViews[] = "views";

// A member of what was posted.
std::string text_of(const Json& body, const char* name, size_t most) {
  if (!body.is_object() || !body.contains(name) || !body[name].is_string())
    throw Refusal(400, fmt::format("the text {} is missing", name));
  std::string text = body[name].get<std::string>();
  if (text.size() > most) throw Refusal(400, fmt::format("{} is longer than {} bytes", name, most));
  return text;
}

std::vector<std::string> texts_of(const Json& body, const char* name, size_t most, bool must) {
  std::vector<std::string> all;
  if (!must && body.is_object() && !body.contains(name)) return all;
  if (!body.is_object() || !body.contains(name) || !body[name].is_array())
    throw Refusal(400, fmt::format("the array {} is missing", name));
  for (const Json& one : body[name]) {
    if (!one.is_string()) throw Refusal(400, fmt::format("{} is an array of texts", name));
    all.push_back(one.get<std::string>());
  }
  if (all.size() > most) throw Refusal(400, fmt::format("{} names more than {}", name, most));
  return all;
}

std::vector<IndexedRun> runs_of(Desk& desk, const std::vector<std::string>& ids) {
  LiveIndex::Lease lease = desk.index.lease();
  std::vector<IndexedRun> runs;
  for (const std::string& id : ids) runs.push_back(run_of(*lease, id));
  return runs;
}

// Does it to each run, and says what they are called then.
template <class F> Json act_on(Desk& desk, const std::vector<std::string>& ids, const F& act) {
  Json all = Json::array();
  const std::vector<IndexedRun> runs = runs_of(desk, ids);
  for (const IndexedRun& run : runs) act(run.folder);
  for (const IndexedRun& run : runs) {
    const RunLabels labels = read_labels(run.folder);
    Json notes = Json::array();
    for (const RunNote& n : labels.notes)
      notes.push_back({{"time", json_of(n.time)}, {"author", n.author}, {"host", n.host}, {"text", n.text}});
    all.push_back({{"id", run.id},
                   {"name", labels.name},
                   {"tags", labels.tags},
                   {"archived", labels.archived},
                   {"notes", notes}});
  }
  desk.index.refresh_now();
  return {{"runs", all}, {"generation", desk.index.generation()}};
}

// ---- Views.

std::string file_of(const std::string& name) { return sha256_hex(name).substr(0, 24) + ".json"; }

std::optional<Json> read_view(const Entry& entry) {
  try {
    const Json json = Json::parse(read_file(entry, kMostViewBytes), nullptr, /*allow_exceptions=*/false);
    for (const char* name : {"name", "state", "author"}) {
      if (!json.is_object() || !json.contains(name) || !json[name].is_string()) return {};
    }
    if (!json.contains("time") || !json["time"].is_number()) return {};
    return Json{{"name", json["name"]}, {"state", json["state"]}, {"time", json["time"]}, {"author", json["author"]}};
  } catch (const Error&) { return {}; }
}

}  // namespace

Json post_tag(Desk& desk, const Json& body) {
  const auto add = texts_of(body, "add", kMostTags, false), remove = texts_of(body, "remove", kMostTags, false);
  return act_on(desk, texts_of(body, "ids", kMostActedOn, true), [&](const Path& run) { tag_run(run, add, remove); });
}

Json post_note(Desk& desk, const Json& body) {
  const std::string text = text_of(body, "text", kMostText);
  return act_on(desk, {text_of(body, "id", kMostName)}, [&](const Path& run) { note_run(run, text); });
}

Json post_rename(Desk& desk, const Json& body) {
  const std::string name = text_of(body, "name", kMostName);
  return act_on(desk, {text_of(body, "id", kMostName)}, [&](const Path& run) { rename_run(run, name); });
}

Json post_archive(Desk& desk, const Json& body) {
  if (!body.is_object() || !body.contains("archived") || !body["archived"].is_boolean())
    throw Refusal(400, "archived is true or false");
  const bool archived = body["archived"].get<bool>();
  return act_on(desk, texts_of(body, "ids", kMostActedOn, true), [&](const Path& run) { archive_run(run, archived); });
}

Json views(Desk& desk, const Parameters&) {
  Json all = Json::array();
  std::error_code none;
  if (!std::filesystem::is_directory(desk.index.runs(), none)) return all;
  const auto folder = find_folder(Folder(desk.index.runs()) / kViews);
  for (const std::string& name : folder ? folder->names() : std::vector<std::string>()) {
    if (all.size() == kMostViews || !name.ends_with(".json") || !is_file(*folder / name)) continue;
    if (auto view = read_view(*folder / name)) all.push_back(std::move(*view));
  }
  return all;
}

Json post_view(Desk& desk, const Json& body) {
  const std::string name = text_of(body, "name", kMostName), state = text_of(body, "state", kMostText);
  if (name.empty() || printable(name) != name) throw Refusal(400, "a view's name is one line of visible characters");
  if (views(desk, {}).size() >= kMostViews) throw Refusal(400, fmt::format("there are {} views already", kMostViews));
  const Folder folder = make_folder(file_system(), Folder(desk.index.runs()) / kViews);
  const Json json{{"name", name}, {"state", state}, {"time", unix_time()}, {"author", login_name()}};
  replace_file(file_system(), folder / file_of(name), as_bytes(json.dump(2) + "\n"));
  return views(desk, {});
}

Json post_delete_view(Desk& desk, const Json& body) {
  const std::string name = text_of(body, "name", kMostName);
  if (const auto folder = find_folder(Folder(desk.index.runs()) / kViews))
    file_system().remove(*folder / file_of(name));
  return views(desk, {});
}

}  // namespace stet::tracking::ui
