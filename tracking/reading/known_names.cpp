#include "stet/tracking/reading/known_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

using Known = query::KnownNames::Known;
using KnownSeries = query::KnownNames::KnownSeries;

std::string detail_of(const NamedSeries& series) {
  return fmt::format("in {}, to {}", counted(series.runs, "run"), counted(series.most_points, "point"));
}

std::vector<Known> without_details(std::vector<std::string> names) {
  std::vector<Known> all;
  for (std::string& name : names) all.push_back({std::move(name), ""});
  return all;
}

std::vector<Known> known_texts(RunIndex& index, const std::vector<IndexedRun>& runs, const query::Expression& of) {
  std::vector<Known> all;
  for (const auto& [text, count] : counted_texts(index, runs, of)) all.push_back({text, counted(count, "run")});
  return all;
}

}  // namespace

std::map<std::string, int64_t> counted_texts(RunIndex& index, const std::vector<IndexedRun>& runs,
                                             const query::Expression& of) {
  std::map<std::string, int64_t> counts;
  const auto count = [&](const query::Value& value) {
    if (const auto* text = value.get_if<std::string>()) ++counts[*text];
  };
  for (const auto& row : index.values(runs, {&of})) {
    count(row[0]);
    if (const auto* list = row[0].get_if<query::List>()) std::for_each(list->begin(), list->end(), count);
  }
  return counts;
}

std::vector<Known> QuickNames::params() { return without_details(index_.names(RunIndex::Names::params)); }
std::vector<Known> QuickNames::metrics() { return without_details(index_.names(RunIndex::Names::metrics)); }
std::vector<Known> QuickNames::data() { return without_details(index_.names(RunIndex::Names::data)); }
std::vector<KnownSeries> QuickNames::series() {
  std::vector<KnownSeries> all;
  for (query::SeriesName& name : index_.series()) all.push_back({std::move(name), ""});
  return all;
}
std::vector<Known> QuickNames::texts(const query::Expression& of) {
  return known_texts(index_, index_.matching(query::parse("")), of);
}

std::vector<Known> CountedNames::params() {
  std::vector<Known> all;
  for (const auto& [name, p] : names_.params)
    all.push_back({name, fmt::format("{} in {}", counted(p.distinct, "value"), counted(p.runs, "run"))});
  return all;
}
std::vector<Known> CountedNames::metrics() {
  std::vector<Known> all;
  int64_t contexts = 0;
  for (const auto& [series, s] : names_.series) {
    const bool again = !all.empty() && all.back().name == series.name;
    contexts = again ? contexts + 1 : 1;
    if (again) all.back().detail = fmt::format("in {} contexts", contexts);
    else all.push_back({series.name, detail_of(s)});
  }
  return all;
}
std::vector<KnownSeries> CountedNames::series() {
  std::vector<KnownSeries> all;
  for (const auto& [name, s] : names_.series) all.push_back({name, detail_of(s)});
  return all;
}
std::vector<Known> CountedNames::data() {
  std::vector<Known> all;
  for (const auto& [name, runs] : names_.data) all.push_back({name, fmt::format("in {}", counted(runs, "run"))});
  return all;
}
std::vector<Known> CountedNames::texts(const query::Expression& of) { return known_texts(index_, runs_, of); }

}  // namespace stet::tracking
