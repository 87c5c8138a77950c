#include <fmt/format.h>

#include <algorithm>

#include "stet/tracking/query/parser.h"
#include "stet/tracking/reading/selection.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/columns.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostQueries = 12;

// A query that says of `now` when it was asked is asked anew each time.
bool depends_on_time(const std::string& query) {
  return query.find("now") != query.npos || query.find("today") != query.npos;
}

}  // namespace

std::string Desk::question_of(uint64_t generation, const Parameters& p) {
  return fmt::format("{} {} {}\n{}", generation, p.flag("archived"), p.text("sort"), p.text("query", kMostQueryBytes));
}

Selection Desk::select(LiveIndex::Lease& lease, const Parameters& p) {
  const std::string question = question_of(lease.generation(), p);
  {
    const std::lock_guard guard(mutex_);
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      if (at->question != question) continue;
      kept_.splice(kept_.begin(), kept_, at);
      return kept_.front().selection;
    }
  }
  query::Expression condition = query::parse(p.text("query", kMostQueryBytes));
  const auto sort = p.has("sort") ? query::parse_terms(p.text("sort"), /*sorts=*/true) : std::vector<query::Term>();
  Selection selection;
  std::vector<const query::Expression*> expressions{&condition};
  for (const query::Term& term : sort) expressions.push_back(&term.value);
  selection.remarks = lease->remarks(expressions);
  if (!p.flag("archived")) condition = without_archived(std::move(condition));
  std::vector<IndexedRun> runs = lease->matching(condition);
  std::reverse(runs.begin(), runs.end());  // the newest first
  if (!sort.empty()) sort_runs(*lease, runs, sort);
  selection.runs = std::make_shared<const std::vector<IndexedRun>>(std::move(runs));
  if (depends_on_time(question)) return selection;
  const std::lock_guard guard(mutex_);
  kept_.push_front({question, selection});
  if (kept_.size() > kMostQueries) kept_.pop_back();
  return selection;
}

template <class F> void Desk::add(uint64_t generation, const Parameters& p, const F& to) {
  const std::string question = question_of(generation, p);
  const std::lock_guard guard(mutex_);
  for (Kept& kept : kept_) {
    if (kept.question == question) to(kept.selection);
  }
}

std::shared_ptr<const IndexedNames> Desk::names(LiveIndex::Lease& lease, const Parameters& p) {
  const Selection selection = select(lease, p);
  if (selection.names) return selection.names;
  auto names = std::make_shared<const IndexedNames>(lease->names(*selection.runs));
  add(lease.generation(), p, [&](Selection& kept) { kept.names = names; });
  return names;
}

std::shared_ptr<const TellingColumns> Desk::telling(LiveIndex::Lease& lease, const Parameters& p) {
  const Selection selection = select(lease, p);
  if (selection.telling) return selection.telling;
  const auto found = names(lease, p);
  auto telling = std::make_shared<const TellingColumns>(telling_columns(*lease, *selection.runs, *found));
  add(lease.generation(), p, [&](Selection& kept) { kept.telling = telling; });
  return telling;
}

IndexedRun run_of(RunIndex& index, const std::string& id) {
  auto run = index.with_id(id);
  if (!run) throw Refusal(404, fmt::format("there is no run {}", printable(id.substr(0, 100))));
  return *run;
}

}  // namespace stet::tracking::ui
