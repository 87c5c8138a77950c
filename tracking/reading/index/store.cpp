#include "stet/tracking/reading/index/store.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "stet/tracking/reading/index/log_state.h"
#include "stet/tracking/reading/index/long_series.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {
namespace {

using query::Value;

constexpr char kTables[] = R"(
CREATE TABLE reading(
  key INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, stamp BLOB, settled INTEGER, open TEXT, read_at INTEGER,
  problem TEXT, has_run INTEGER, segment INTEGER, "offset" INTEGER, steps INTEGER, digest TEXT, "time" REAL,
  state BLOB);
CREATE TABLE run(
  key INTEGER PRIMARY KEY, folder TEXT NOT NULL, id TEXT, name TEXT, program TEXT, "group" TEXT, status TEXT,
  made REAL, ended REAL, duration REAL, steps INTEGER, seed TEXT, numerics INTEGER, digest TEXT, tags TEXT, note TEXT,
  archived INTEGER, parent TEXT, forked_at INTEGER, sweep TEXT, trial INTEGER, verified INTEGER, size INTEGER,
  host TEXT, cpu TEXT, isa TEXT, device TEXT, gpu TEXT, threads INTEGER, launches INTEGER,
  git_commit TEXT, git_branch TEXT, git_dirty INTEGER, git_remote TEXT);
CREATE INDEX run_id ON run(id, folder);
CREATE TABLE param(name TEXT, run INTEGER, kind TEXT, value, PRIMARY KEY(name, run)) WITHOUT ROWID;
CREATE INDEX param_run ON param(run);
CREATE TABLE metric(
  name TEXT, context TEXT, run INTEGER, alone INTEGER, count INTEGER, nan INTEGER, inf INTEGER, "first" REAL,
  "last" REAL, step INTEGER, "min" REAL, "max" REAL, sum REAL, argmin INTEGER, argmax INTEGER,
  series INTEGER, tag TEXT, first_step INTEGER, low_step INTEGER, high_step INTEGER,
  PRIMARY KEY(name, run, context)) WITHOUT ROWID;
CREATE INDEX metric_run ON metric(run);
CREATE TABLE medium(
  run INTEGER, name TEXT, kind INTEGER, count INTEGER, step INTEGER, bytes INTEGER,
  PRIMARY KEY(run, name)) WITHOUT ROWID;
CREATE TABLE data(name TEXT, run INTEGER, digest TEXT, samples INTEGER, PRIMARY KEY(name, run)) WITHOUT ROWID;
CREATE INDEX data_run ON data(run);
CREATE TABLE tag(name TEXT, run INTEGER, PRIMARY KEY(name, run)) WITHOUT ROWID;
CREATE INDEX tag_run ON tag(run);
CREATE VIEW runs AS SELECT id, folder, name, program, "group", status, datetime(made, 'unixepoch') AS made,
  datetime(ended, 'unixepoch') AS ended, duration, steps,
  CASE WHEN seed < '09223372036854775808' THEN CAST(seed AS INTEGER) ELSE ltrim(seed, '0') END AS seed,
  numerics, digest, tags, note, archived, parent, forked_at, sweep, trial, verified, size, host, cpu, isa, device, gpu,
  threads, launches, git_commit, git_branch, git_dirty, git_remote FROM run;
CREATE VIEW params AS SELECT run.id AS run, param.name, kind,
  CASE kind WHEN 'unsigned' THEN ltrim(value, '0') ELSE value END AS value FROM param JOIN run ON run.key = param.run;
CREATE VIEW metrics AS SELECT run.id AS run, metric.name, context, count, nan, inf, "first", "last", step, "min", "max",
  sum / (count - nan) AS mean, argmin, argmax FROM metric JOIN run ON run.key = metric.run;
)";

int64_t pragma(Database& database, const char* name) {
  Statement statement = database.prepare(fmt::format("PRAGMA {}", name));
  return statement.step() ? statement.integer(0) : 0;
}

uint64_t number_of(std::string_view digits) {
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

const char* column_kind_of(const Value& value) {
  if (value.get_if<uint64_t>()) return "unsigned";
  if (value.get_if<int64_t>()) return "integer";
  if (value.get_if<double>()) return "number";
  if (value.get_if<bool>()) return "boolean";
  return value.kind() == query::Kind::list ? "list" : "text";
}

Value scalar_of(const nlohmann::json& json) {
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_integer() && !json.is_number_unsigned()) return Value(json.get<int64_t>());
  if (json.is_number_unsigned()) return Value(json.get<uint64_t>());
  if (json.is_number()) return Value(json.get<double>());
  return Value(json.is_string() ? json.get<std::string>() : json.dump());
}

nlohmann::json json_of(const Value& value) {
  if (const auto* b = value.get_if<bool>()) return *b;
  if (const auto* i = value.get_if<int64_t>()) return *i;
  if (const auto* u = value.get_if<uint64_t>()) return *u;
  if (const auto* d = value.get_if<double>()) return *d;
  const auto* text = value.get_if<std::string>();
  return text ? *text : "";
}

query::List list_of(const std::string& text) {
  query::List list;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return list;
  for (const auto& element : json) list.push_back(scalar_of(element));
  return list;
}

std::string text_of(const query::List& list) {
  nlohmann::json json = nlohmann::json::array();
  for (const Value& value : list) json.push_back(json_of(value));
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string columns_of_fields() {
  std::string columns;
  for (const query::Field& field : query::kFields) columns += std::string(", ") + field.column;
  return columns;
}

std::string places(size_t count) {
  std::string text = "?";
  for (size_t i = 1; i < count; ++i) text += ",?";
  return text;
}

}  // namespace

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void make_tables(Database& database) {
  Transaction transaction(database);
  database.run(kTables);
  database.run(kLongSeriesTables);
  database.run(fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", kSchemaVersion, kApplication));
  transaction.commit();
}

bool has_tables(Database& database) {
  return pragma(database, "user_version") == kSchemaVersion && pragma(database, "application_id") == kApplication;
}

std::string digits_of(uint64_t value) { return fmt::format("{:020}", value); }

void bind(Statement& statement, int place, const Value& value) {
  const auto& data = value.data();
  if (const auto* b = std::get_if<bool>(&data)) statement.bind(place, *b);
  else if (const auto* i = std::get_if<int64_t>(&data)) statement.bind(place, *i);
  else if (const auto* u = std::get_if<uint64_t>(&data)) statement.bind(place, std::string_view(digits_of(*u)));
  else if (const auto* d = std::get_if<double>(&data)) statement.bind(place, *d);
  else if (const auto* s = std::get_if<std::string>(&data)) statement.bind(place, std::string_view(*s));
  else if (const auto* date = std::get_if<query::Date>(&data)) statement.bind(place, date->seconds);
  else if (const auto* duration = std::get_if<query::Duration>(&data)) statement.bind(place, duration->seconds);
  else if (const auto* list = std::get_if<query::List>(&data)) statement.bind(place, std::string_view(text_of(*list)));
  else statement.bind_null(place);
}

Value field_of(const Statement& row, int column, const query::Field& field) {
  if (row.is_null(column)) return Value();
  switch (field.type) {
    case query::Type::boolean: return Value(row.integer(column) != 0);
    case query::Type::number:
      return row.is_text(column) ? Value(number_of(row.view(column))) : Value(row.integer(column));
    case query::Type::date: return Value(query::Date{row.real(column)});
    case query::Type::duration: return Value(query::Duration{row.real(column)});
    case query::Type::list: return Value(list_of(row.text(column)));
    default: return Value(row.text(column));
  }
}

Value param_of(const Statement& row, int kind_column, int value_column) {
  const std::string_view kind = row.view(kind_column);
  if (kind == "integer") return Value(row.integer(value_column));
  if (kind == "number") return Value(row.real(value_column));
  if (kind == "boolean") return Value(row.integer(value_column) != 0);
  if (kind == "unsigned") return Value(number_of(row.view(value_column)));
  if (kind == "list") return Value(list_of(row.text(value_column)));
  return Value(row.text(value_column));
}

std::string context_json(const query::SeriesName& series) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : series.context) json[key] = value;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

query::SeriesName series_of(std::string name, const std::string& context) {
  query::SeriesName series{std::move(name), {}};
  const auto json = nlohmann::json::parse(context, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return series;
  for (const auto& [key, value] : json.items())
    series.context.emplace_back(key, value.is_string() ? value.get<std::string>() : "");
  return series;
}

query::CurveSummary summary_of(const Statement& row, int column) {
  query::CurveSummary s;
  s.count = row.integer(column);
  s.nan = row.integer(column + 1);
  s.inf = row.integer(column + 2);
  s.first = row.real(column + 3);  // NaN is NULL there
  s.last = row.real(column + 4);
  s.step = row.integer(column + 5);
  if (!s.has_numbers()) return s;
  s.min = row.real(column + 6);
  s.max = row.real(column + 7);
  s.sum = row.real(column + 8);
  s.min_step = row.integer(column + 9);
  s.max_step = row.integer(column + 10);
  return s;
}

std::map<std::string, Reading> IndexStore::readings(const std::string& only) const {
  std::map<std::string, Reading> all;
  Statement rows = database_.prepare(
      fmt::format("SELECT key, folder, stamp, settled, open, read_at, problem, has_run FROM reading {}",
                  only.empty() ? "ORDER BY folder" : "WHERE folder = ?"));
  if (!only.empty()) rows.bind(1, std::string_view(only));
  while (rows.step()) {
    all.emplace_hint(all.end(), rows.text(1),
                     Reading{.key = rows.integer(0),
                             .folder = rows.text(1),
                             .stamp = rows.text(2),
                             .settled = rows.integer(3) != 0,
                             .open = rows.text(4),
                             .read_at = rows.integer(5),
                             .problem = rows.text(6),
                             .has_run = rows.integer(7) != 0});
  }
  return all;
}

void IndexStore::remove_rows(int64_t key) {
  for (const char* table : {"run WHERE key", "param WHERE run", "metric WHERE run", "medium WHERE run",
                            "data WHERE run", "tag WHERE run"}) {
    Statement statement = database_.prepare(fmt::format("DELETE FROM {} = ?", table));
    statement.bind(1, key);
    statement.run();
  }
}

void IndexStore::remove(const std::string& folder) {
  Statement found = database_.prepare("SELECT key FROM reading WHERE folder = ?");
  found.bind(1, std::string_view(folder));
  if (!found.step()) return;
  const int64_t key = found.integer(0);
  found.reset();
  remove_rows(key);
  LongSeries(database_).remove(key);
  Statement statement = database_.prepare("DELETE FROM reading WHERE key = ?");
  statement.bind(1, key);
  statement.run();
}

void IndexStore::set_status(int64_t key, std::string_view status) {
  for (const char* sql : {"UPDATE run SET status = ? WHERE key = ?", "UPDATE reading SET open = ? WHERE key = ?"}) {
    Statement statement = database_.prepare(sql);
    statement.bind(1, status);
    statement.bind(2, key);
    statement.run();
  }
}

void IndexStore::put(const Reading& reading, const RunFacts* facts) {
  static const LogFacts none;
  const LogFacts& log = facts ? facts->log : none;
  Statement before = database_.prepare("SELECT key, read_at, segment, \"offset\" FROM reading WHERE folder = ?");
  before.bind(1, std::string_view(reading.folder));
  const bool known = before.step();
  // Another process may have read it since; not so one whose clock was ahead of this one's.
  if (known && before.integer(1) > reading.read_at && before.integer(1) <= now_ns()) return;
  const LogPosition position = known ? LogPosition{before.integer(2), before.integer(3)} : LogPosition();
  if (!log.growth.whole && position != log.growth.from) return;
  const int64_t old_key = known ? before.integer(0) : 0;
  before.reset();
  if (known) remove_rows(old_key);
  Statement statement = database_.prepare("INSERT OR REPLACE INTO reading VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  if (known) statement.bind(1, old_key);
  statement.bind(2, std::string_view(reading.folder));
  statement.bind_blob(3, reading.stamp);
  statement.bind(4, reading.settled);
  statement.bind(5, std::string_view(reading.open));
  statement.bind(6, reading.read_at);
  statement.bind(7, std::string_view(reading.problem));
  statement.bind(8, facts != nullptr);
  statement.bind(9, log.position.segment);
  statement.bind(10, log.position.offset);
  statement.bind(11, log.steps);
  statement.bind(12, std::string_view(log.digest));
  statement.bind(13, log.time);
  statement.bind_blob(14, state_of(log));
  statement.run();
  const int64_t key = database_.last_key();
  LongSeries(database_).put(key, log);
  if (!facts) return;
  put_run(key, reading.folder, *facts);
  put_series(key, *facts);
  put_media(key, log);
}

void IndexStore::put_run(int64_t key, const std::string& folder, const RunFacts& facts) {
  Statement run = database_.prepare(
      fmt::format("INSERT INTO run(key, folder{}) VALUES({})", columns_of_fields(), places(query::kFieldCount + 2)));
  run.bind(1, key);
  run.bind(2, std::string_view(folder));
  for (size_t i = 0; i < query::kFieldCount; ++i) {
    const Value& value = facts.fields[i];
    const auto* small = value.get_if<int64_t>();
    if (std::string_view(query::kFields[i].name) == "seed" && small)
      run.bind(static_cast<int>(i) + 3, std::string_view(digits_of(static_cast<uint64_t>(*small))));
    else bind(run, static_cast<int>(i) + 3, value);
  }
  run.run();
  Statement param = database_.prepare("INSERT OR REPLACE INTO param VALUES(?,?,?,?)");
  for (const auto& [name, value] : facts.params) {
    param.bind(1, std::string_view(name));
    param.bind(2, key);
    param.bind(3, std::string_view(column_kind_of(value)));
    bind(param, 4, value);
    param.run();
  }
  Statement data = database_.prepare("INSERT OR REPLACE INTO data VALUES(?,?,?,?)");
  for (const auto& [name, of] : facts.data) {
    data.bind(1, std::string_view(name));
    data.bind(2, key);
    if (of.digest.empty()) data.bind_null(3);
    else data.bind(3, std::string_view(of.digest));
    data.bind(4, of.samples);
    data.run();
  }
  const query::List* tags = facts.field("tags").get_if<query::List>();
  Statement tag = database_.prepare("INSERT OR REPLACE INTO tag VALUES(?,?)");
  for (const Value& value : tags ? *tags : query::List()) {
    bind(tag, 1, value);
    tag.bind(2, key);
    tag.run();
  }
}

void IndexStore::put_series(int64_t key, const RunFacts& facts) {
  Statement row = database_.prepare("INSERT OR REPLACE INTO metric VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const auto& all = facts.log.series;
  for (const auto& [series, s] : all) {
    row.bind(1, std::string_view(series.name));
    row.bind(2, std::string_view(context_json(series)));
    row.bind(3, key);
    const auto* alone = find_series(all, {series.name, {}});
    row.bind(4, alone && alone->first == series);
    row.bind(5, s.count);
    row.bind(6, s.nan);
    row.bind(7, s.inf);
    row.bind(8, s.first);
    row.bind(9, s.last);
    row.bind(10, s.step);
    const bool numbers = s.has_numbers();
    const double none = std::numeric_limits<double>::quiet_NaN();
    row.bind(11, numbers ? s.min : none);
    row.bind(12, numbers ? s.max : none);
    row.bind(13, numbers ? s.sum : none);
    for (const int place : {14, 15}) {
      if (numbers) row.bind(place, place == 14 ? s.min_step : s.max_step);
      else row.bind_null(place);
    }
    row.bind(16, int64_t{s.number});
    if (s.tag == metric_tag(series.name, series.context)) row.bind_null(17);
    else row.bind(17, std::string_view(s.tag));
    row.bind(18, s.first_step);
    row.bind(19, s.low_step);
    row.bind(20, s.high_step);
    row.run();
  }
}

void IndexStore::put_media(int64_t key, const LogFacts& log) {
  Statement row = database_.prepare("INSERT OR REPLACE INTO medium VALUES(?,?,?,?,?,?)");
  for (const auto& [name, m] : log.media) {
    row.bind(1, key);
    row.bind(2, std::string_view(name));
    row.bind(3, static_cast<int64_t>(m.kind));
    row.bind(4, m.count);
    row.bind(5, m.step);
    row.bind(6, m.bytes);
    row.run();
  }
}

namespace {

constexpr char kSeriesColumns[] = "series, tag, first_step, low_step, high_step";

// Of a row that begins with name, context, these columns and the summary's.
std::pair<query::SeriesName, SeriesFacts> series_facts(const Statement& row) {
  std::pair<query::SeriesName, SeriesFacts> found{series_of(row.text(0), row.text(1)), {}};
  SeriesFacts& series = found.second;
  static_cast<query::CurveSummary&>(series) = summary_of(row, 7);
  series.number = static_cast<int32_t>(row.integer(2));
  series.tag = row.is_null(3) ? metric_tag(found.first.name, found.first.context) : row.text(3);
  series.first_step = row.integer(4);
  series.low_step = row.integer(5);
  series.high_step = row.integer(6);
  return found;
}

}  // namespace

std::map<query::SeriesName, SeriesFacts> IndexStore::series(int64_t key, const std::string& name) const {
  std::map<query::SeriesName, SeriesFacts> all;
  Statement rows = database_.prepare(fmt::format("SELECT name, context, {}, {} FROM metric WHERE name = ? AND run = ?",
                                                 kSeriesColumns, kSummaryColumns));
  rows.bind(1, std::string_view(name));
  rows.bind(2, key);
  while (rows.step()) all.insert(series_facts(rows));
  return all;
}

LogPart IndexStore::last_part(int64_t key) const {
  Statement row = database_.prepare("SELECT state FROM reading WHERE key = ?");
  row.bind(1, key);
  LogFacts log;
  if (row.step()) set_state(log, row.view(0));
  return log.part;
}

LogFacts IndexStore::log(int64_t key) const {
  LogFacts log;
  Statement reading = database_.prepare(
      "SELECT segment, \"offset\", steps, digest, \"time\", state FROM reading WHERE key = ? AND has_run");
  reading.bind(1, key);
  if (!reading.step()) return log;
  log.position = {reading.integer(0), reading.integer(1)};
  log.steps = reading.integer(2);
  log.digest = reading.text(3);
  log.time = reading.real(4);
  set_state(log, reading.view(5));
  Statement rows = database_.prepare(
      fmt::format("SELECT name, context, {}, {} FROM metric WHERE run = ?", kSeriesColumns, kSummaryColumns));
  rows.bind(1, key);
  while (rows.step()) log.series.insert(series_facts(rows));
  const auto levels = LongSeries(database_).finest(key);
  for (auto& [name, series] : log.series) {
    const auto finest = levels.find(series.number);
    if (finest != levels.end()) std::tie(series.level, series.buckets) = finest->second;
  }
  Statement media = database_.prepare("SELECT name, kind, count, step, bytes FROM medium WHERE run = ?");
  media.bind(1, key);
  while (media.step())
    log.media[media.text(0)] = {static_cast<LoggedMedium::Kind>(media.integer(1)), media.integer(2), media.integer(3),
                                media.integer(4)};
  return log;
}

RunFacts IndexStore::facts(int64_t key) const {
  RunFacts facts;
  facts.log = log(key);
  Statement run = database_.prepare(fmt::format("SELECT key{} FROM run WHERE key = ?", columns_of_fields()));
  run.bind(1, key);
  if (!run.step()) return facts;
  for (size_t i = 0; i < query::kFieldCount; ++i)
    facts.fields[i] = field_of(run, static_cast<int>(i) + 1, query::kFields[i]);
  Statement reading = database_.prepare("SELECT problem FROM reading WHERE key = ?");
  reading.bind(1, key);
  if (reading.step()) facts.problem = reading.text(0);
  Statement params = database_.prepare("SELECT name, kind, value FROM param WHERE run = ?");
  params.bind(1, key);
  while (params.step()) facts.params[params.text(0)] = param_of(params, 1, 2);
  Statement data = database_.prepare("SELECT name, digest, samples FROM data WHERE run = ?");
  data.bind(1, key);
  while (data.step()) facts.data[data.text(0)] = {data.text(1), data.integer(2)};
  return facts;
}

}  // namespace stet::tracking
