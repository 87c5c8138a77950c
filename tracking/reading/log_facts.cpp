#include "stet/tracking/reading/log_facts.h"

#include <algorithm>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/logged_value.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_bounds.h"
#include "stet/tracking/record/event_scan.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// The event that a reader gave the bytes of.
void parse(record::Event& event, std::string_view bytes, const EventReader& reader) {
  if (!parse_event(event, bytes)) reader.refuse();
}

// Adds the events behind where reading stopped.
class FactsReader {
 public:
  FactsReader(LogFacts& facts, EventReader& reader) : facts_(facts), growth_(facts.growth), reader_(reader) {
    series_.resize(facts.series.size());
    for (auto& [name, series] : facts.series) {
      Known& known = series_.at(static_cast<size_t>(series.number));
      known = {&name, &series, series.level < 0 ? BucketBuilder() : BucketBuilder(series.level), series.count};
      mark_best(known);
    }
  }

  // Whatever stops it, what was read counts.
  void read() {
    try {
      read_events();
    } catch (...) {
      std::erase_if(facts_.series, [](const auto& series) { return series.second.count == 0; });  // of the last event
      series_.resize(facts_.series.size());
      finish();
      throw;
    }
    finish();
  }

  // Series that became long since they were read the first time: their first points are to be read again.
  std::vector<query::SeriesName> late() const {
    std::vector<query::SeriesName> names;
    for (const Known* known : late_) names.push_back(*known->name);
    return names;
  }
  void add_late(size_t which, const std::vector<Point>& points) {
    Known& known = *late_[which];
    known.builder = {};
    int64_t count = 0;
    for (const Point& point : points) {
      if (count == known.facts->count) break;  // it has grown since
      known.builder.add(point, ++count, facts_.events);
    }
    add_buckets(known);
  }

 private:
  void read_events() {
    for (std::string_view bytes; begin_event(), reader_.next(bytes); facts_.position = reader_.position()) {
      const bool scalars = scanner_.scan(bytes);
      if (!scalars) parse(event_, bytes, reader_);
      ++facts_.part.events, ++facts_.events;
      facts_.stopped = false;
      if (scalars) add_scalars();
      else add_event();
    }
  }

  struct Known {
    const query::SeriesName* name = nullptr;
    SeriesFacts* facts = nullptr;
    BucketBuilder builder;
    int64_t before = 0;  // points that were not read now
    bool is_best = false;
  };

  void mark_best(Known& known) const {
    known.is_best =
        !facts_.best_metric.empty() && known.name->name == facts_.best_metric && known.name->context.empty();
  }

  int number_of(const record::Summary::Value& value) {
    const auto [at, is_new] = facts_.series.try_emplace(series_name(value));
    if (is_new) {
      at->second.number = static_cast<int32_t>(series_.size());
      at->second.tag = tag_of(value);
      series_.push_back({&at->first, &at->second, BucketBuilder(), 0});
      mark_best(series_.back());
    }
    return at->second.number;
  }

  void begin_event() {
    if (facts_.part.events == kLogPart) growth_.parts.push_back(std::exchange(facts_.part, {}));
    if (facts_.part.events == 0) facts_.part.begin = reader_.position();
  }

  void add_point(int number, const Point& point) {
    Known& known = series_[static_cast<size_t>(number)];
    known.facts->add(point);
    if (known.before == 0 || known.facts->level >= 0) known.builder.add(point, known.facts->count, facts_.events);
    facts_.part.add(number, point.step);
    if (known.is_best) facts_.best_value = point.value;
  }

  void add_scalars() {
    facts_.time = scanner_.time();
    facts_.committed.add_logged(scanner_.step(), scanner_.tick());
    for (const EventScanner::Value& value : scanner_.values())
      add_point(value.series, {scanner_.step(), scanner_.time(), value.value, scanner_.tick(), false});
  }

  void add_event() {
    facts_.time = event_.wall_time();
    facts_.committed.add(event_);
    for (const auto& value : event_.summary().value()) {
      if (value.has_double_value())
        add_point(number_of(value), {event_.step(), event_.wall_time(), value.double_value(), event_.tick(), false});
      else if (value.has_tensor()) add_medium(value);
    }
    if (event_.has_session_log()) add_mark(event_.session_log());
    if (event_.has_state_digest() && (facts_.digest.empty() || event_.tick() > facts_.digest_tick)) {
      facts_.digest = hex_of(event_.state_digest().root());
      facts_.digest_tick = event_.tick();
    }
    if (event_.has_state_digest() || event_.has_loss_digest())
      facts_.steps = std::max<int64_t>(facts_.steps, event_.step());
  }

  void add_medium(const record::Summary::Value& value) {
    const auto [at, is_new] = facts_.media.try_emplace(tag_of(value));
    MediaFacts& media = at->second;
    if (is_new) media.kind = kind_of(value);
    ++media.count;
    media.step = event_.step();
    media.bytes = bytes_of(value);
  }

  void add_mark(const record::SessionLog& mark) {
    facts_.stopped = mark.status() == record::SessionLog::STOP;
    if (mark.status() == record::SessionLog::CHECKPOINT)
      facts_.checkpoints[event_.tick()] = {event_.step(), facts_.best_value};
  }

  void finish() {
    for (Known& known : series_) {
      SeriesFacts& facts = *known.facts;
      if (known.before > 0 && facts.level < 0 && (facts.count >= kLongSeries || is_rare(facts)))
        late_.push_back(&known);
      else add_buckets(known);
    }
  }

  // Is it tedious to look for its points?
  bool is_rare(const SeriesFacts& series) const {
    return facts_.events > kLogPart && series.count <= facts_.events / kEventsAPoint;
  }

  void add_buckets(Known& known) {
    if (!known.builder.is_long() && known.facts->level < 0 && is_rare(*known.facts)) known.builder.keep_steps();
    if (!known.builder.is_long()) return;
    known.facts->level = known.builder.buckets().level();
    if (!known.builder.buckets().empty()) growth_.buckets.emplace(known.facts->number, known.builder.buckets());
  }

  LogFacts& facts_;
  LogGrowth& growth_;
  EventReader& reader_;
  std::vector<Known> series_;  // by number
  std::vector<Known*> late_;
  record::Event event_;
  EventScanner scanner_{[this](const record::Summary::Value& value) { return number_of(value); }};
};

// Points of the wanted series, in events as they come.
class PointsReader {
 public:
  PointsReader(EventReader& reader, const std::vector<query::SeriesName>& wanted)
      : reader_(reader), wanted_(wanted), points_(wanted.size()) {}

  // False where there is no further event.
  bool next() {
    std::string_view bytes;
    if (!reader_.next(bytes)) return false;
    if (scanner_.scan(bytes)) {
      for (const EventScanner::Value& value : scanner_.values())
        add(value.series, {scanner_.step(), scanner_.time(), value.value, scanner_.tick(), false});
      return true;
    }
    parse(event_, bytes, reader_);
    for (const auto& value : event_.summary().value()) {
      if (value.has_double_value())
        add(number_of(value), {event_.step(), event_.wall_time(), value.double_value(), event_.tick(), false});
    }
    return true;
  }
  std::vector<std::vector<Point>> take() { return std::move(points_); }

 private:
  // Twice its place among those wanted, and one more where it varies; -1: it is not wanted.
  int number_of(const record::Summary::Value& value) const {
    const auto found = std::find(wanted_.begin(), wanted_.end(), series_name(value));
    return found == wanted_.end() ? -1 : static_cast<int>(found - wanted_.begin()) * 2 + varies(value);
  }

  void add(int number, Point point) {
    if (number < 0) return;
    point.varies = number % 2 == 1;
    points_[static_cast<size_t>(number / 2)].push_back(point);
  }

  EventReader& reader_;
  const std::vector<query::SeriesName>& wanted_;
  std::vector<std::vector<Point>> points_;
  record::Event event_;
  EventScanner scanner_{[this](const record::Summary::Value& value) { return number_of(value); }};
};

}  // namespace

void SeriesFacts::add(const Point& point) {
  if (count == 0) first_step = low_step = high_step = point.step;
  low_step = std::min(low_step, point.step);
  high_step = std::max(high_step, point.step);
  CurveSummary::add({point.step, point.value});
}

void LogPart::add(int32_t number, int64_t step) {
  low_step = std::min(low_step, step);
  high_step = std::max(high_step, step);
  const auto place = static_cast<size_t>(number);
  if (place >= series.size()) series.resize(place + 1);
  series[place] = true;
}

void read_on(LogFacts& facts, const Folder& run, const std::string& best_metric) {
  EventReader reader(run);
  const bool goes_on = facts.events > 0 && facts.best_metric == best_metric && reader.go_on(facts.position);
  if (!goes_on) facts = {};
  facts.best_metric = best_metric;
  facts.growth = {!goes_on, facts.position, {}, {}};
  FactsReader new_facts(facts, reader);
  new_facts.read();
  const std::vector<query::SeriesName> late = new_facts.late();
  if (late.empty()) return;
  const auto points = read_series(run, late);
  for (size_t i = 0; i < late.size(); ++i) new_facts.add_late(i, points[i]);
}

std::vector<std::vector<Point>> read_series(const Folder& run, const std::vector<query::SeriesName>& series) {
  EventReader reader(run);
  PointsReader points(reader, series);
  while (points.next()) {}
  return points.take();
}

std::optional<std::vector<Point>> read_parts(const Folder& run, const query::SeriesName& series,
                                             const std::vector<LogPart>& parts) try {
  EventReader reader(run);
  const std::vector<query::SeriesName> wanted{series};
  PointsReader points(reader, wanted);
  for (const LogPart& part : parts) {
    if (reader.position() != part.begin && !reader.seek(part.begin)) return {};
    for (int64_t i = 0; i < part.events; ++i) {
      if (!points.next()) return {};
    }
  }
  return std::move(points.take().front());
} catch (const DataError&) { return {}; }

query::Curve read_curve(const Folder& run, const query::SeriesName& series) {
  query::Curve curve;
  const auto points = read_series(run, {series});
  for (const Point& point : points.front()) curve.push_back({point.step, point.value});
  return curve;
}

}  // namespace stet::tracking
