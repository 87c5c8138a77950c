#include "stet/tracking/reading/index/loaded.h"

#include <algorithm>
#include <limits>

#include "stet/tracking/reading/index/store.h"

namespace stet::tracking {
namespace {

using query::Value;
using Op = query::Expression::Op;

constexpr char kOfRun[] = " AND run = ?2";
constexpr size_t kNone = std::numeric_limits<size_t>::max();

}  // namespace

Loaded::Loaded(const Database& database, const std::vector<IndexedRun>& runs,
               const std::vector<const query::Expression*>& expressions)
    : database_(database), runs_(runs) {
  for (size_t row = 0; row < runs.size(); ++row) {
    const auto key = static_cast<size_t>(runs[row].key);
    if (key >= rows_.size()) rows_.resize(key + 1, kNone);
    rows_[key] = row;
  }
  Statement count = database.prepare("SELECT count(*) FROM run");
  few_ = count.step() && static_cast<int64_t>(runs.size()) * 10 < count.integer(0);
  for (const query::Expression* e : expressions)
    query::for_each_part(*e, [this](const query::Expression& part) { take(part); });
}

void Loaded::take(const query::Expression& part) {
  if (part.op == Op::field) load_field(part.index);
  if (part.op == Op::param) load_param(part.name);
  if (part.op == Op::data) load_data(part.name);
  if (part.op == Op::names) load_names(part.index);
  if (part.op == Op::series) load_series(part.series);
  if (part.op != Op::search) return;
  for (size_t i = 0; i < query::kFieldCount; ++i) {
    const std::string_view name = query::kFields[i].name;
    if (name == "name" || name == "group" || name == "tags" || name == "note") load_field(i);
  }
}

std::optional<size_t> Loaded::row_of(int64_t key) const {
  const auto place = static_cast<size_t>(key);
  if (place >= rows_.size() || rows_[place] == kNone) return {};
  return rows_[place];
}

// Runs `sql` with `name` as ?1, where it has one; column 0 is the run. `which`: the condition on one run, as ?2, where
// few runs are asked for.
template <class Visit>
void Loaded::for_rows(const std::string& sql, const char* which, const std::string& name, const Visit& visit) const {
  Statement statement = database_.prepare(few_ ? sql + which : sql);
  const auto all = [&] {
    while (statement.step()) {
      if (const auto row = row_of(statement.integer(0))) visit(statement, *row);
    }
  };
  statement.bind(1, std::string_view(name));
  if (!few_) return all();
  for (const IndexedRun& run : runs_) {
    statement.bind(2, run.key);
    all();
  }
}

void Loaded::load_field(size_t index) {
  if (!fields_[index].empty()) return;
  fields_[index].resize(runs_.size());
  for_rows(fmt::format("SELECT key, {} FROM run WHERE ?1 = ''", query::kFields[index].column), " AND key = ?2", "",
           [&](const Statement& row, size_t at) { fields_[index][at] = field_of(row, 1, query::kFields[index]); });
}

void Loaded::load_param(const std::string& name) {
  const auto found = params_.try_emplace(name, runs_.size());
  if (!found.second) return;
  std::vector<Value>& values = found.first->second;
  for_rows("SELECT run, kind, value FROM param WHERE name = ?1", kOfRun, name,
           [&](const Statement& row, size_t at) { values[at] = param_of(row, 1, 2); });
}

void Loaded::load_data(const std::string& name) {
  const auto found = digests_.try_emplace(name, runs_.size());
  if (!found.second) return;
  std::vector<Value>& digests = found.first->second;
  std::vector<Value>& samples = samples_.try_emplace(name, runs_.size()).first->second;
  for_rows("SELECT run, digest, samples FROM data WHERE name = ?1", kOfRun, name, [&](const Statement& row, size_t at) {
    digests[at] = row.is_null(1) ? Value() : Value(row.text(1));
    samples[at] = Value(row.integer(2));
  });
}

void Loaded::load_names(size_t which) {
  if (!names_[which].empty()) return;
  names_[which].resize(runs_.size());
  static constexpr const char* kTables[] = {"param", "metric", "data"};
  Statement statement =
      database_.prepare(fmt::format("SELECT name FROM {} WHERE run = ? ORDER BY name", kTables[which]));
  for (size_t row = 0; row < runs_.size(); ++row) {
    statement.bind(1, runs_[row].key);
    while (statement.step()) names_[which][row].push_back(Value(statement.text(0)));
  }
}

void Loaded::load_series(const query::SeriesName& name) {
  const auto found = series_.try_emplace(name);
  if (!found.second) return;
  Series& series = found.first->second;
  series.summaries.resize(runs_.size());
  series.names.resize(runs_.size());
  const std::string wanted = context_json(name);
  for_rows(fmt::format("SELECT run, context, alone, {} FROM metric WHERE name = ?1", kSummaryColumns), kOfRun,
           name.name, [&](const Statement& row, size_t at) {
             if (name.context.empty() ? row.integer(2) == 0 : row.view(1) != wanted) return;
             series.summaries[at] = summary_of(row, 3);
             series.names[at] = series_of(name.name, row.text(1));
           });
}

const query::CurveSummary* Loaded::Values::summary(const query::SeriesName& name) const {
  const auto& summary = loaded_.series_.at(name).summaries[row_];
  return summary ? &*summary : nullptr;
}

const query::Curve& Loaded::Values::curve(const query::SeriesName& name) const {
  const query::SeriesName& full = loaded_.series_.at(name).names[row_];
  const auto known = curves_.find(full);
  if (known != curves_.end()) return known->second;
  return curves_[full] = read_curve(Folder(run_.folder), full);
}

}  // namespace stet::tracking
