#include "stet/tracking/reading/run_index.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "stet/tracking/reading/index/index_file.h"
#include "stet/tracking/reading/index/loaded.h"
#include "stet/tracking/reading/index/names.h"
#include "stet/tracking/reading/index/refresh.h"
#include "stet/tracking/reading/index/remarks.h"
#include "stet/tracking/reading/index/sql.h"
#include "stet/tracking/reading/index/store.h"
#include "stet/tracking/reading/index/threads.h"
#include "stet/tracking/reading/index/windows.h"

namespace stet::tracking {

using query::Expression;
using query::Value;

class RunIndex::Impl {
 public:
  Impl(Path runs, Freshness freshness, std::string only = {})
      : runs_(std::move(runs)), file_(index_path(runs_)), only_(std::move(only)) {
    if (auto database = open_index(file_)) database_.emplace(std::move(*database));
    else use_memory();
    repaired([&] {
      const bool knows = freshness != Freshness::refresh && database_->prepare("SELECT 1 FROM reading LIMIT 1").step();
      if (!knows && freshness != Freshness::kept) tracking::refresh(*database_, runs_, file_, only_);
      begin();
      return 0;
    });
  }

  // Does something with the index. Where its file turns out to be damaged a new one is made, and where that won't do
  // either, one in memory.
  template <class F> std::invoke_result_t<F> repaired(const F& f) {
    try {
      return f();
    } catch (const DatabaseError& e) { replace(e.is_damage()); }
    try {
      tracking::refresh(*database_, runs_, file_, only_);
      return f();
    } catch (const DatabaseError&) { replace(false); }
    tracking::refresh(*database_, runs_, file_, only_);
    return f();
  }

  std::vector<IndexedRun> matching(const Expression& condition) {
    const SqlCondition sql = to_sql(condition);
    Statement rows =
        database_->prepare(fmt::format("SELECT key, id, folder FROM run WHERE {} ORDER BY id, folder", sql.text));
    const int places = std::min(rows.places(), static_cast<int>(sql.bound.size()));
    for (int i = 0; i < places; ++i) bind(rows, i + 1, sql.bound[static_cast<size_t>(i)]);
    std::vector<IndexedRun> runs;
    const Path folder = whole_path();
    while (rows.step()) runs.push_back({rows.integer(0), generation_, rows.text(1), folder / rows.text(2)});
    if (sql.exact || runs.empty()) return runs;
    const Loaded loaded(*database_, runs, {&condition});
    std::vector<char> holds(runs.size());
    for_all(runs.size(), query::reads_curves(condition) ? 8 : 100'000,
            [&](size_t i) { holds[i] = query::holds(condition, Loaded::Values(loaded, runs[i], i)); });
    std::vector<IndexedRun> left;
    for (size_t i = 0; i < runs.size(); ++i) {
      if (holds[i]) left.push_back(std::move(runs[i]));
    }
    return left;
  }

  std::vector<std::vector<Value>> values(const std::vector<IndexedRun>& wanted,
                                         const std::vector<const Expression*>& expressions) {
    std::vector<IndexedRun> runs = wanted;
    for (IndexedRun& run : runs) run.key = key_of(run);
    std::vector<std::vector<Value>> table(runs.size());
    const Loaded loaded(*database_, runs, expressions);
    const bool curves =
        std::any_of(expressions.begin(), expressions.end(), [](auto* e) { return query::reads_curves(*e); });
    for_all(runs.size(), curves ? 8 : 100'000, [&](size_t i) {
      const Loaded::Values run(loaded, runs[i], i);
      for (const Expression* e : expressions) table[i].push_back(query::evaluate(*e, run));
    });
    return table;
  }

  void refresh() {
    if (in_transaction_) database_->run("COMMIT");
    in_transaction_ = false;
    tracking::refresh(*database_, runs_, file_, only_);
    begin();
  }

  std::optional<IndexedRun> with_id(const std::string& id) {
    Statement rows =
        database_->prepare("SELECT key, id, folder FROM run WHERE id = ? ORDER BY folder <> id, folder LIMIT 1");
    rows.bind(1, std::string_view(id));
    if (!rows.step()) return {};
    return IndexedRun{rows.integer(0), generation_, rows.text(1), whole_path() / rows.text(2)};
  }

  std::map<std::string, RunVersion> versions() {
    std::map<std::string, RunVersion> all;
    Statement rows = database_->prepare(
        "SELECT run.folder, id, status, read_at FROM run JOIN reading ON reading.key = run.key ORDER BY run.folder");
    while (rows.step())
      all.emplace_hint(all.end(), rows.text(0), RunVersion{rows.text(1), rows.text(2), rows.integer(3)});
    return all;
  }

  IndexedNames names_of(const std::vector<IndexedRun>& wanted) {
    std::vector<int64_t> keys;
    for (const IndexedRun& run : wanted) keys.push_back(key_of(run));
    return indexed_names(*database_, keys);
  }

  RunFacts facts(const IndexedRun& run) { return IndexStore(*database_).facts(key_of(run)); }

  std::optional<IndexedRun> find(const Path& run) {
    Statement found = database_->prepare("SELECT key, id, folder FROM run WHERE folder = ?");
    found.bind(1, std::string_view((run.has_filename() ? run : run.parent_path()).filename().string()));
    if (!found.step()) return {};
    return IndexedRun{found.integer(0), generation_, found.text(1), whole_path() / found.text(2)};
  }

  std::vector<SeriesWindow> windows(const std::vector<RunWindow>& wanted) {
    std::vector<RunWindow> asked = wanted;
    for (RunWindow& one : asked) one.run.key = key_of(one.run);
    return read_windows(*database_, asked);
  }

  std::vector<std::string> problems() {
    std::vector<std::string> lines;
    Statement rows = database_->prepare("SELECT problem FROM reading WHERE problem <> '' ORDER BY folder");
    while (rows.step()) lines.push_back(rows.text(0));
    return lines;
  }

  std::vector<std::string> remarks(const std::vector<const Expression*>& expressions) {
    return size() == 0 ? std::vector<std::string>() : remarks_on(*database_, expressions);
  }

  size_t size() {
    Statement count = database_->prepare("SELECT count(*) FROM run");
    return count.step() ? static_cast<size_t>(count.integer(0)) : 0;
  }

  std::vector<std::string> names(const std::string& table) { return distinct_names(*database_, table); }

  std::vector<query::SeriesName> series() {
    std::vector<query::SeriesName> all;
    Statement rows = database_->prepare("SELECT DISTINCT name, context FROM metric ORDER BY name, context");
    while (rows.step()) all.push_back(series_of(rows.text(0), rows.text(1)));
    return all;
  }

 private:
  // All that is read from now on is of one moment.
  void begin() {
    database_->run("BEGIN");
    in_transaction_ = true;
  }

  Path whole_path() const { return std::filesystem::absolute(runs_).lexically_normal(); }

  void replace(bool damaged) {
    database_.reset();
    in_transaction_ = false;
    ++generation_;
    if (damaged) discard_index(file_);
    auto database = damaged ? open_index(file_) : std::nullopt;
    if (database) database_.emplace(std::move(*database));
    else use_memory();
  }

  // Its key, which is another one in an index that was made anew since; 0 where it is gone.
  int64_t key_of(const IndexedRun& run) {
    if (run.generation == generation_) return run.key;
    Statement found = database_->prepare("SELECT key FROM run WHERE folder = ?");
    found.bind(1, std::string_view(run.folder.filename().string()));
    return found.step() ? found.integer(0) : 0;
  }

  void use_memory() {
    file_.clear();
    database_.emplace(Database::in_memory());
    make_tables(*database_);
  }

  Path runs_, file_;
  std::string only_;  // the one run that it is kept up to date for; empty: all
  std::optional<Database> database_;
  bool in_transaction_ = false;
  int generation_ = 0;  // of the index: how often it was replaced
};

RunIndex::RunIndex(Path runs, Freshness freshness) : impl_(std::make_unique<Impl>(std::move(runs), freshness)) {}
RunIndex::RunIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RunIndex RunIndex::of_run(const Path& run) {
  Path folder = std::filesystem::absolute(run).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // it ended in a slash
  return RunIndex(std::make_unique<Impl>(folder.parent_path(), Freshness::refresh, folder.filename().string()));
}

RunIndex::~RunIndex() = default;
RunIndex::RunIndex(RunIndex&&) noexcept = default;

Path RunIndex::path_of(const Path& runs) { return index_path(runs); }
void RunIndex::discard(const Path& runs) {
  if (const Path file = index_path(runs); !file.empty()) discard_index(file);
}

std::vector<IndexedRun> RunIndex::matching(const Expression& condition) {
  return impl_->repaired([&] { return impl_->matching(condition); });
}
std::vector<std::vector<Value>> RunIndex::values(const std::vector<IndexedRun>& runs,
                                                 const std::vector<const Expression*>& expressions) {
  return impl_->repaired([&] { return impl_->values(runs, expressions); });
}
void RunIndex::refresh() {
  impl_->repaired([&] {
    impl_->refresh();
    return 0;
  });
}
std::optional<IndexedRun> RunIndex::with_id(const std::string& id) {
  return impl_->repaired([&] { return impl_->with_id(id); });
}
std::map<std::string, RunVersion> RunIndex::versions() {
  return impl_->repaired([&] { return impl_->versions(); });
}
IndexedNames RunIndex::names(const std::vector<IndexedRun>& runs) {
  return impl_->repaired([&] { return impl_->names_of(runs); });
}
RunFacts RunIndex::facts(const IndexedRun& run) {
  return impl_->repaired([&] { return impl_->facts(run); });
}
std::optional<IndexedRun> RunIndex::find(const Path& run) {
  return impl_->repaired([&] { return impl_->find(run); });
}
std::vector<SeriesWindow> RunIndex::windows(const std::vector<RunWindow>& asked) {
  return impl_->repaired([&] { return impl_->windows(asked); });
}
std::vector<std::string> RunIndex::problems() {
  return impl_->repaired([&] { return impl_->problems(); });
}
std::vector<std::string> RunIndex::remarks(const std::vector<const Expression*>& expressions) {
  return impl_->repaired([&] { return impl_->remarks(expressions); });
}
size_t RunIndex::size() {
  return impl_->repaired([&] { return impl_->size(); });
}

std::vector<std::string> RunIndex::names(Names which) {
  static constexpr const char* kTables[] = {"param", "metric", "data", "tag"};
  return impl_->repaired([&] { return impl_->names(kTables[static_cast<size_t>(which)]); });
}
std::vector<query::SeriesName> RunIndex::series() {
  return impl_->repaired([&] { return impl_->series(); });
}

}  // namespace stet::tracking
