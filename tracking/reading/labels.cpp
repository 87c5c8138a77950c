#include "stet/tracking/reading/labels.h"

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

void apply(RunLabels& labels, const record::Act& act) {
  if (!act.name().empty()) labels.name = act.name();
  for (const std::string& tag : act.remove_tags()) std::erase(labels.tags, tag);
  for (const std::string& tag : act.add_tags()) {
    if (std::ranges::find(labels.tags, tag) == labels.tags.end()) labels.tags.push_back(tag);
  }
  if (!act.note().empty()) labels.notes.push_back({act.time(), act.author(), act.host(), act.note()});
  if (act.has_archived()) labels.archived = act.archived();
}

// Of a run, not of any folder.
void act_on(const Path& path, record::Act act) {
  const Folder run(path);
  read_record(run);
  write_act(file_system(), run, std::move(act));
}

void require_text(std::string_view call, std::string_view what, const std::string& text) {
  require_utf8(call, what, text);
  if (text.find_first_not_of(" \t\r\n") == text.npos) raise("{}: {} is empty", call, what);
}

}  // namespace

RunLabels labels_of(const Folder& run, const record::RunRecord& record) {
  RunLabels labels{.name = record.name(),
                   .group = record.group(),
                   .description = record.description(),
                   .tags = {record.tags().begin(), record.tags().end()},
                   .notes = {},
                   .archived = false,
                   .unreadable = {}};
  if (!record.note().empty()) labels.notes.push_back({record.created(), "", "", record.note()});
  Acts acts = read_acts(run);
  for (const record::Act& act : acts.acts) apply(labels, act);
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
  require_text("note", "the text", text);
  record::Act act;
  act.set_note(text);
  act_on(run, std::move(act));
}

void rename_run(const Path& run, const std::string& name) {
  require_text("rename", "the name", name);
  if (printable(name) != name) raise("rename: the name '{}' has characters that can't be seen", printable(name));
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
