#include "stet/tracking/reading/selection.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace stet::tracking {
namespace {

// Is a part of the condition about that field? Then it is not added.
bool asks_for_archived(const query::Expression& condition) {
  bool asks = false;
  query::for_each_part(condition, [&](const query::Expression& e) {
    asks =
        asks || (e.op == query::Expression::Op::field && std::string_view(query::kFields[e.index].name) == "archived");
  });
  return asks;
}

}  // namespace

query::Expression without_archived(query::Expression condition) {
  if (asks_for_archived(condition)) return condition;
  query::Expression both = query::parse("not archived and true");
  both.operands[1] = std::move(condition);
  return both;
}

void sort_runs(RunIndex& index, std::vector<IndexedRun>& runs, const std::vector<query::Term>& by) {
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : by) expressions.push_back(&term.value);
  const std::vector<std::vector<query::Value>> keys = index.values(runs, expressions);
  std::vector<size_t> order(runs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    for (size_t k = 0; k < by.size(); ++k) {
      if (query::sorts_before(keys[a][k], keys[b][k], by[k].descending)) return true;
      if (query::sorts_before(keys[b][k], keys[a][k], by[k].descending)) return false;
    }
    return false;
  });
  std::vector<IndexedRun> sorted;
  for (const size_t i : order) sorted.push_back(std::move(runs[i]));
  runs = std::move(sorted);
}

}  // namespace stet::tracking
