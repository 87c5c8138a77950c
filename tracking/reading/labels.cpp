#include "stet/tracking/reading/labels.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/run_name.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// Tags in the order in which they were added, each once.
class Tags {
 public:
  void add(const std::string& tag) {
    if (places_.emplace(tag, next_).second) tags_.emplace(next_++, tag);
  }
  void remove(const std::string& tag) {
    const auto place = places_.find(tag);
    if (place == places_.end()) return;
    tags_.erase(place->second);
    places_.erase(place);
  }
  std::vector<std::string> all() const {
    std::vector<std::string> all;
    for (const auto& [place, tag] : tags_) all.push_back(tag);
    return all;
  }

 private:
  int64_t next_ = 0;
  std::map<int64_t, std::string> tags_;
  std::unordered_map<std::string, int64_t> places_;
};

void apply(RunLabels& labels, Tags& tags, const record::Act& act) {
  if (!act.name().empty()) labels.name = act.name();
  for (const std::string& tag : act.remove_tags()) tags.remove(tag);
  for (const std::string& tag : act.add_tags()) tags.add(tag);
  if (!act.note().empty()) labels.notes.push_back({act.time(), act.author(), act.host(), act.note()});
  if (act.has_archived()) labels.archived = act.archived();
}

// Of a run, not of any folder; nor of one elsewhere that a link among runs leads to.
void act_on(const Path& path, record::Act act) {
  if (std::filesystem::is_symlink(path))
    raise("{}: is a link among runs; name the run that it leads to", path.string());
  const Folder run(path);
  read_record(run);
  write_act(file_system(), run, std::move(act));
}

}  // namespace

RunLabels labels_of(const Folder& run, const record::RunRecord& record) {
  RunLabels labels{.name = record.name(),
                   .group = record.group(),
                   .description = record.description(),
                   .tags = {},
                   .notes = {},
                   .archived = false,
                   .unreadable = {}};
  if (!record.note().empty()) labels.notes.push_back({record.created(), "", "", record.note()});
  Tags tags;
  for (const std::string& tag : record.tags()) tags.add(tag);
  Acts acts = read_acts(run);
  for (const record::Act& act : acts.acts) apply(labels, tags, act);
  labels.tags = tags.all();
  labels.unreadable = std::move(acts.unreadable);
  return labels;
}

RunLabels read_labels(const Path& run) {
  const Folder folder(run);
  return labels_of(folder, read_record(folder));
}

void tag_run(const Path& run, const std::vector<std::string>& add, const std::vector<std::string>& remove) {
  record::Act act;
  for (const std::string& tag : add) {
    require_tag("tag", tag);
    act.add_add_tags(tag);
  }
  for (const std::string& tag : remove) {
    require_tag("tag", tag);
    if (std::ranges::find(add, tag) != add.end()) raise("tag: '{}' is to be added and taken away", tag);
    act.add_remove_tags(tag);
  }
  if (add.empty() && remove.empty()) raise("tag: names no tag");
  act_on(run, std::move(act));
}

void note_run(const Path& run, const std::string& text) {
  require_utf8("note", "the text", text);
  if (text.find_first_not_of(" \t\r\n") == text.npos) raise("note: the text is empty");
  record::Act act;
  act.set_note(text);
  act_on(run, std::move(act));
}

void rename_run(const Path& run, const std::string& name) {
  require_run_name("rename", name);
  record::Act act;
  act.set_name(name);
  act_on(run, std::move(act));
}

void archive_run(const Path& run, bool archived) {
  record::Act act;
  act.set_archived(archived);
  act_on(run, std::move(act));
}

}  // namespace stet::tracking
