#include "stet/tracking/reading/run_facts.h"

#include <algorithm>
#include <cstring>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/labels.h"
#include "stet/tracking/reading/newest_verdict.h"
#include "stet/tracking/reading/passing_error.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/reading/tree_size.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

using query::Date;
using query::Duration;
using query::Value;

size_t index_of(std::string_view name) {
  const auto* found = std::find_if(std::begin(query::kFields), std::end(query::kFields),
                                   [&](const query::Field& field) { return field.name == name; });
  return static_cast<size_t>(found - std::begin(query::kFields));
}

// A record has texts that are empty where there is nothing.
Value text(const std::string& value) { return value.empty() ? Value() : Value(value); }
Value integer(int64_t value) { return Value(value); }

struct ToValue {
  template <class T> Value operator()(T value) const { return Value(std::move(value)); }
  Value operator()(const std::vector<ParameterScalar>& elements) const {
    query::List list;
    for (const ParameterScalar& element : elements) list.push_back(std::visit(*this, element));
    return Value(std::move(list));
  }
};

Value value_of_param(const RunParameter& param) { return std::visit(ToValue(), param.typed()); }

void add_launch(RunFacts& facts, const record::Launch& launch) {
  facts.field("host") = text(launch.machine().host());
  facts.field("cpu") = text(launch.machine().cpu());
  facts.field("gpu") = text(launch.machine().gpu());
  facts.field("isa") = text(launch.isa());
  facts.field("device") = text(launch.device());
  facts.field("threads") = integer(launch.threads());
  const record::Source& source = launch.source();
  facts.field("git.commit") = text(source.commit());
  facts.field("git.branch") = text(source.branch());
  facts.field("git.remote") = text(source.remote());
  const bool known = !source.commit().empty() && source.unknown().empty();
  facts.field("git.dirty") = known ? Value(source.dirty()) : Value();
}

// How long its launches took; one without an end mark as long as it logged.
double seconds_of(const record::RunRecord& record, double last_event) {
  double seconds = 0;
  for (const record::Launch& launch : record.launches()) {
    if (launch.has_end()) seconds += launch.end().wall_seconds();
    else if (&launch == &record.launches(record.launches_size() - 1))
      seconds += std::max(0.0, last_event - launch.started());
  }
  return seconds;
}

void add_record(RunFacts& facts, const record::RunRecord& record) {
  facts.field("id") = text(record.id());
  facts.field("program") = text(record.program());
  facts.field("made") = Value(Date{record.created()});
  facts.field("seed") = Value(static_cast<uint64_t>(record.seed()));
  facts.field("numerics") = integer(record.numerics());
  facts.field("digest") = text(record.final_digest());
  facts.field("parent") = text(record.forked_from());
  if (!record.forked_from().empty()) facts.field("forked_at") = integer(record.forked_at());
  facts.field("launches") = integer(record.launches_size());
  for (const record::Param& param : record.params()) facts.params[param.name()] = value_of_param(value_of(param));
  for (const record::Dataset& data : record.data()) facts.data[data.name()] = {data.samples_sha256(), data.count()};
  if (record.launches_size() == 0) return;
  const record::Launch& last = record.launches(record.launches_size() - 1);
  add_launch(facts, last);
  if (last.has_end()) facts.field("ended") = Value(Date{last.end().time()});
}

void add_labels(RunFacts& facts, const RunLabels& labels) {
  facts.field("name") = text(labels.name);
  facts.field("group") = text(labels.group);
  facts.field("archived") = Value(labels.archived);
  query::List tags;
  for (const std::string& tag : labels.tags) tags.push_back(Value(tag));
  facts.field("tags") = Value(std::move(tags));
  std::string note;
  for (const RunNote& one : labels.notes) note += (note.empty() ? "" : "\n") + one.text;
  facts.field("note") = text(note);
}

void add_log(RunFacts& facts, const Folder& run, const record::RunRecord& record, RunStatus status) {
  try {
    read_on(facts.log, run, record.checkpoints().best_metric());
  } catch (const Error& e) {
    facts.problem = e.what();
    facts.passing = is_passing(e);
  }
  facts.field("steps") = integer(committed_steps(record, status, facts.log.committed.count()));
  if (facts.field("digest").is_none()) facts.field("digest") = text(facts.log.digest);
  if (record.launches_size() > 0) facts.field("duration") = Value(Duration{seconds_of(record, facts.log.time)});
}

}  // namespace

Value& RunFacts::field(std::string_view name) { return fields[index_of(name)]; }
const Value& RunFacts::field(std::string_view name) const { return fields[index_of(name)]; }

RunFacts read_facts(const Folder& run, LogFacts before) {
  RunFacts facts;
  facts.log = std::move(before);
  const record::RunRecord record = read_record(run);
  add_record(facts, record);
  add_labels(facts, labels_of(run, record));
  const RunStatus status = status_of(run, record);
  facts.open = status == RunStatus::running || status == RunStatus::dead;
  facts.field("status") = Value(std::string(name_of(status)));
  add_log(facts, run, record, status);
  if (const auto verified = newest_verdict(run, facts.passing)) facts.field("verified") = Value(*verified);
  facts.field("size") = integer(tree_size(run).bytes);
  return facts;
}

const std::pair<const query::SeriesName, SeriesFacts>* find_series(const std::map<query::SeriesName, SeriesFacts>& all,
                                                                   const query::SeriesName& wanted) {
  const auto exact = all.find(wanted);
  if (exact != all.end()) return &*exact;
  if (!wanted.context.empty()) return nullptr;
  const auto first = all.lower_bound(wanted);
  if (first == all.end() || first->first.name != wanted.name) return nullptr;
  const auto next = std::next(first);
  return next != all.end() && next->first.name == wanted.name ? nullptr : &*first;
}

Value FactValues::param(const std::string& name) const {
  const auto found = facts_.params.find(name);
  return found == facts_.params.end() ? Value() : found->second;
}

Value FactValues::data_digest(const std::string& name) const {
  const auto found = facts_.data.find(name);
  return found == facts_.data.end() ? Value() : text(found->second.digest);
}

Value FactValues::data_samples(const std::string& name) const {
  const auto found = facts_.data.find(name);
  return found == facts_.data.end() ? Value() : integer(found->second.samples);
}

query::List FactValues::params() const {
  query::List names;
  for (const auto& [name, value] : facts_.params) names.push_back(Value(name));
  return names;
}

query::List FactValues::metrics() const {
  query::List names;
  for (const auto& [series, summary] : facts_.log.series) names.push_back(Value(series.name));
  return names;
}

query::List FactValues::data() const {
  query::List names;
  for (const auto& [name, data] : facts_.data) names.push_back(Value(name));
  return names;
}

const query::CurveSummary* FactValues::summary(const query::SeriesName& name) const {
  const auto* found = find_series(facts_.log.series, name);
  return found ? &found->second : nullptr;
}

const query::Curve& FactValues::curve(const query::SeriesName& name) const {
  const auto* found = find_series(facts_.log.series, name);
  const query::SeriesName& full = found ? found->first : name;
  const auto known = curves_.find(full);
  if (known != curves_.end()) return known->second;
  return curves_[full] = read_curve(Folder(folder_), full);
}

}  // namespace stet::tracking
