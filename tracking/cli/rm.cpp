// stet rm.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/chosen_runs.h"
#include "stet/tracking/cli/confirm.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/run_words.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/keeping/trash.h"
#include "stet/tracking/reading/runs.h"
#include "stet/tracking/reading/tree_size.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

constexpr size_t kMostListed = 20, kWidestName = 24;

struct Options {
  std::vector<std::string> runs;
  bool undo = false, list = false, yes = false, dry_run = false;
};

// A run that is to go.
struct Doomed {
  Path folder;
  std::string name, status;
  TreeSize size;
  bool stays = false;  // a process holds it
};

// One that can't be read may go all the same.
Doomed look_at_run(const Path& folder) {
  Doomed doomed{.folder = folder, .name = "?", .status = "unreadable", .size = {}};
  if (std::filesystem::is_symlink(folder)) {
    doomed.status = "a link";
    return doomed;
  }
  try {
    doomed.size = tree_size(Folder(folder));
    const RunSummary run = read_summary(folder);
    doomed.name = run.name;
    doomed.status = name_of(run.status);
    doomed.stays = is_held(Folder(folder));
  } catch (const Error&) {  // its status says so
  }
  return doomed;
}

// Lines of at most so many, and how many more there are.
template <class T, class F> void put_list(const std::vector<T>& all, const F& line) {
  for (size_t i = 0; i < std::min(all.size(), kMostListed); ++i) put_line("  " + line(all[i]));
  if (all.size() > kMostListed) put_line(fmt::format("  and {} more", all.size() - kMostListed));
}

// Its columns, beside those of others.
std::string line_of(const Doomed& d, size_t width) {
  const std::string name = printable(d.name);
  const size_t used = std::min(display_width(name), width);
  return fmt::format("{}  {}{}  {:<11}  {:>9}{}", d.folder.filename().string(), name, std::string(width - used, ' '),
                     d.status, size_text(d.size.bytes), d.stays ? "; a process holds it: it stays" : "");
}

size_t width_of_names(const std::vector<Doomed>& doomed) {
  size_t width = 0;
  for (const Doomed& d : doomed) width = std::max(width, std::min(display_width(printable(d.name)), kWidestName));
  return width;
}

// `goes`: nobody is asked any more, and what went is said behind.
void say(const std::vector<Doomed>& doomed, bool goes) {
  put_list(doomed, [width = width_of_names(doomed)](const Doomed& d) { return line_of(d, width); });
  for (const Doomed& d : doomed) {
    for (const std::string& link : d.size.links)
      put_line(fmt::format("  {}/{} is no file: it goes along, and not what it leads to", d.folder.filename().string(),
                           link));
  }
  if (goes) return;
  int64_t bytes = 0;
  size_t going = 0;
  for (const Doomed& d : doomed) {
    if (!d.stays) ++going, bytes += d.size.bytes;
  }
  put_line(fmt::format("{}, {}, {} to the trash; {} that space until stet gc deletes {}", counted(going, "run"),
                       size_text(bytes), going == 1 ? "goes" : "go", going == 1 ? "it takes" : "they take",
                       going == 1 ? "it" : "them"));
}

// From each folder of runs its own, as a run may be named by a path.
Moved remove_all_of(const std::vector<Doomed>& doomed) {
  std::map<Path, std::vector<std::string>> by_runs;
  for (const Doomed& d : doomed) by_runs[d.folder.parent_path()].push_back(d.folder.filename().string());
  Moved all;
  for (const auto& [runs, names] : by_runs) {
    Moved moved = remove_runs(file_system(), runs, names);
    all.names.insert(all.names.end(), moved.names.begin(), moved.names.end());
    all.problems.insert(all.problems.end(), moved.problems.begin(), moved.problems.end());
  }
  return all;
}

// Without those that are in the trash already, as after a removal that was cut short.
std::vector<std::string> words_left(const Options& options, const Common& common) {
  std::vector<std::string> words;
  const std::vector<TrashedRun> trashed = trashed_runs(common.runs);
  for (const std::string& word : options.runs) {
    const auto is_it = [&](const TrashedRun& run) { return run.name == word; };
    const bool is_in_trash = std::ranges::any_of(trashed, is_it) && !std::filesystem::exists(Path(common.runs) / word);
    if (is_in_trash) put_error(word + ": is in the trash already");
    else words.push_back(word);
  }
  return words;
}

int remove(const Options& options, const Common& common) {
  if (options.runs.empty()) raise("rm: say which runs, or a condition, as 'status == \"failed\"'");
  std::vector<Doomed> doomed;
  const std::vector<std::string> words = words_left(options, common);
  require_all_or_none(words, common);
  for (const Path& folder : selected_runs(words, common, {.with_archived = false, .by_text = false}))
    doomed.push_back(look_at_run(folder));
  int64_t bytes = 0;
  for (const Doomed& d : doomed) bytes += d.size.bytes;
  if (!common.json) say(doomed, options.yes && !options.dry_run);
  Moved moved;
  const bool goes = !options.dry_run && !doomed.empty() && confirmed("rm", "Remove them?", options.yes);
  if (goes) moved = remove_all_of(doomed);
  if (common.json) {
    Json runs = Json::array();
    for (const Doomed& d : doomed)
      runs.push_back({{"folder", d.folder.string()},
                      {"name", d.name},
                      {"status", d.status},
                      {"bytes", d.size.bytes},
                      {"links", d.size.links}});
    put_json({{"runs", runs}, {"bytes", bytes}, {"removed", moved.names}, {"problems", moved.problems}});
  } else if (goes && !moved.names.empty()) {
    put_line(fmt::format("removed {}; stet rm --undo brings {} back", counted(moved.names.size(), "run"),
                         moved.names.size() == 1 ? "it" : "them"));
  }
  return put_problems(moved.problems);
}

// Of runs of one name in the trash, the one that was removed last.
TrashedRun trashed_run(const std::vector<TrashedRun>& all, const Path& runs, const std::string& word) {
  std::vector<const TrashedRun*> found;
  for (auto run = all.rbegin(); run != all.rend(); ++run) {
    const bool is_it = run->name == word || (!word.empty() && run->name.starts_with(word));
    const bool is_known = std::ranges::any_of(found, [&](const auto* other) { return other->name == run->name; });
    if (is_it && !is_known) found.push_back(&*run);
    if (run->name == word) return *run;
  }
  if (found.size() == 1) return *found.front();
  for (auto run = all.rbegin(); found.empty() && run != all.rend(); ++run) {
    try {
      if (read_labels(run->folder).name == word) return *run;
    } catch (const Error&) {  // another run's broken record is no reason to refuse this one
    }
  }
  if (found.empty())
    raise("{}: there is no run '{}' in its trash; stet rm --list lists what is there", runs.string(), word);
  raise("run '{}': fits {} runs in the trash; give more of the id", word, found.size());
}

int undo(const Options& options, const Common& common) {
  const std::vector<TrashedRun> all = trashed_runs(common.runs);
  if (all.empty()) raise("{}: there is nothing in its trash", common.runs);
  std::vector<TrashedRun> wanted;
  for (const std::string& word : options.runs) {
    const TrashedRun run = trashed_run(all, common.runs, word);
    const auto is_it = [&](const TrashedRun& other) { return other.folder == run.folder; };
    if (std::ranges::none_of(wanted, is_it)) wanted.push_back(run);
  }
  if (options.runs.empty())
    std::ranges::copy_if(all, std::back_inserter(wanted),
                         [&](const TrashedRun& run) { return run.batch == all.back().batch; });
  const Moved moved = restore_runs(file_system(), common.runs, wanted);
  if (common.json) put_json({{"restored", moved.names}, {"problems", moved.problems}});
  else if (!moved.names.empty()) {
    put_list(moved.names, [](const std::string& name) { return name; });
    put_line("restored " + counted(moved.names.size(), "run"));
  }
  return put_problems(moved.problems);
}

int list(const Common& common) {
  Json json = Json::array();
  int64_t bytes = 0;
  const std::vector<TrashedRun> all = trashed_runs(common.runs);
  std::vector<Doomed> doomed;
  for (const TrashedRun& run : all) doomed.push_back(look_at_run(run.folder));
  const size_t width = width_of_names(doomed);
  for (size_t i = 0; i < all.size(); ++i) {
    const TrashedRun& run = all[i];
    const Doomed& d = doomed[i];
    bytes += d.size.bytes;
    json.push_back({{"folder", run.folder.string()},
                    {"name", d.name},
                    {"status", d.status},
                    {"bytes", d.size.bytes},
                    {"removed", run.removed}});
    if (!common.json) put_line(fmt::format("{}, removed {}", line_of(d, width), local_time(run.removed)));
  }
  if (common.json) put_json(json);
  else put_line(fmt::format("{} in the trash, {}", counted(all.size(), "run"), size_text(bytes)));
  return 0;
}

int run(const Options& options, const Common& common) {
  if (options.list) return list(common);
  return options.undo ? undo(options, common) : remove(options, common);
}

}  // namespace

Verb rm() {
  const auto options = std::make_shared<Options>();
  return {"rm",
          "Move runs to the trash, from which --undo brings them back",
          {{{"stet rm mnist --yes", "move a run to the trash without asking; stet rm --undo mnist brings it back"},
            {"stet rm 'status == \"failed\"' --dry-run", "say which runs would go, and how much they take"}}},
          [options](Arguments& arguments) {
            arguments.words("RUN", options->runs, "runs, or a condition, as 'status == \"failed\"'", Takes::runs);
            arguments.flag("--undo", options->undo,
                           "bring back runs from the trash, by id, its beginning or name; none: what was removed last");
            arguments.flag("--list", options->list, "print what is in the trash");
            arguments.flag("--dry-run,-n", options->dry_run, "only say what would go");
            arguments.flag("--yes,-y", options->yes, "don't ask");
          },
          [options](const Common& common) { return run(*options, common); }};
}

}  // namespace stet::tracking::cli
