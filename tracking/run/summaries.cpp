#include "stet/tracking/run/summaries.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

MetricContext sorted(MetricContext context) {
  std::sort(context.begin(), context.end());
  return context;
}

bool is_better(Best best, double value, double before) {
  if (std::isnan(value)) return false;
  if (std::isnan(before) || best == Best::last) return true;
  return best == Best::max ? value > before : value < before;
}

record::BestValue::Best to_record(Best best) {
  switch (best) {
    case Best::min: return record::BestValue::MIN;
    case Best::max: return record::BestValue::MAX;
    case Best::last: break;
  }
  return record::BestValue::LAST;
}

}  // namespace

void Summaries::add(std::string_view name, MetricContext context, Best best) {
  context = sorted(std::move(context));
  const auto same = [&](const Kept& k) { return k.name == name && k.context == context && k.best == best; };
  if (std::any_of(kept_.begin(), kept_.end(), same)) raise("summary: '{}' is asked for twice", name);
  kept_.push_back({std::string(name), std::move(context), best, std::numeric_limits<double>::quiet_NaN()});
}

void Summaries::note(int64_t step, std::string_view name, const MetricContext& context, double value, bool varies) {
  for (Kept& kept : kept_) {
    if (kept.name != name || kept.context != sorted(context)) continue;
    kept.varies |= varies;
    if (is_better(kept.best, value, kept.value)) std::tie(kept.value, kept.step) = std::pair(value, step);
  }
}

void Summaries::recall(const Folder& run) {
  if (kept_.empty()) return;
  EventReader reader(run);
  for (record::Event event; reader.next(event);) {
    for (const auto& value : event.summary().value()) {
      if (!value.has_double_value()) continue;
      MetricContext context;
      for (const auto& c : value.context()) context.emplace_back(c.name(), c.value());
      note(event.step(), metric_name(value), context, value.double_value(), value.varies());
    }
  }
}

void Summaries::describe(record::RunRecord& record) const {
  record.clear_summaries();
  for (const Kept& kept : kept_) {
    auto* summary = record.add_summaries();
    summary->set_metric(kept.name);
    for (const auto& [name, value] : kept.context) {
      auto* entry = summary->add_context();
      entry->set_name(name);
      entry->set_value(value);
    }
    summary->set_best(to_record(kept.best));
    summary->set_value(kept.value);
    summary->set_step(kept.step);
    summary->set_varies(kept.varies || is_system_metric(kept.name));
  }
}

}  // namespace stet::tracking
