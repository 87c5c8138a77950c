#include "stet/tracking/reading/index/long_series.h"

#include <algorithm>
#include <limits>

#include "stet/tracking/reading/index/packed.h"

namespace stet::tracking {
namespace {

constexpr int kChunkBits = 6;                        // a row holds the buckets of 64 places
constexpr uint64_t kMostPoints = uint64_t{1} << 40;  // of a bucket: so many that their sums stay in 64 bits
constexpr int64_t kFirst = std::numeric_limits<int64_t>::min(), kLast = std::numeric_limits<int64_t>::max();

uint64_t distance(int64_t to, int64_t from) { return static_cast<uint64_t>(to) - static_cast<uint64_t>(from); }
int64_t behind(int64_t from, uint64_t distance) { return static_cast<int64_t>(static_cast<uint64_t>(from) + distance); }

void pack(Packer& out, const SeriesBucket& b, int64_t begin) {
  out.number(static_cast<uint64_t>(b.count));
  out.number(distance(b.first_step, begin));
  out.number(distance(b.last_step, b.first_step));
  for (const double value : {b.first_time, b.last_time, b.first, b.last}) out.real(value);
  const int64_t others = b.count - b.finite();
  out.number(static_cast<uint64_t>(others));
  if (others > 0) {
    for (const int64_t count : {b.nan, b.above}) out.number(static_cast<uint64_t>(count));
  }
  if (b.finite() == 0) return;
  for (const double value : {b.min, b.max, b.sum}) out.real(value);
  for (const int64_t step : {b.min_step, b.max_step}) out.number(distance(step, begin));
}

uint64_t at_most(uint64_t value, uint64_t most) {
  if (value > most) raise_damaged();
  return value;
}

// One whose steps lie in a range of 4^level from `begin` on.
SeriesBucket unpack(Unpacker& in, int64_t begin, int level) {
  const uint64_t last = (uint64_t{1} << (2 * level)) - 1;
  const auto counted = [&](int64_t most) {
    return static_cast<int64_t>(at_most(in.number(), static_cast<uint64_t>(most)));
  };
  SeriesBucket b;
  b.count = static_cast<int64_t>(at_most(in.number(), kMostPoints));
  const uint64_t first = at_most(in.number(), last);
  b.first_step = behind(begin, first);
  b.last_step = behind(b.first_step, at_most(in.number(), last - first));
  for (double* value : {&b.first_time, &b.last_time, &b.first, &b.last}) *value = in.real();
  const int64_t others = counted(b.count);
  if (others > 0) {
    b.nan = counted(others);
    b.above = counted(others - b.nan);
    b.below = others - b.nan - b.above;
  }
  b.min = b.max = std::numeric_limits<double>::quiet_NaN();
  b.min_step = b.max_step = b.first_step;
  if (others == b.count) return b;
  for (double* value : {&b.min, &b.max, &b.sum}) *value = in.real();
  for (int64_t* step : {&b.min_step, &b.max_step}) *step = behind(begin, at_most(in.number(), last));
  return b;
}

int level_of(int64_t stored) { return static_cast<int>(std::clamp<int64_t>(stored, 0, kLastLevel)); }

int64_t begin_of(int64_t place, int level) { return static_cast<int64_t>(static_cast<uint64_t>(place) << (2 * level)); }

void bind_all(Statement& statement, std::initializer_list<int64_t> values) {
  int place = 0;
  for (const int64_t value : values) statement.bind(++place, value);
}

}  // namespace

std::string pack(const LogPart& part) {
  Packer out;
  out.signed_number(part.begin.segment);
  out.signed_number(part.begin.offset);
  out.signed_number(part.events);
  out.signed_number(part.low_step);
  out.signed_number(part.high_step);
  std::string bits((part.series.size() + 7) / 8, '\0');
  for (size_t i = 0; i < part.series.size(); ++i)
    bits[i / 8] = static_cast<char>(bits[i / 8] | part.series[i] << i % 8);
  out.text(bits);
  return out.bytes();
}

LogPart part_of(std::string_view blob) {
  Unpacker in(blob);
  LogPart part;
  for (int64_t* value : {&part.begin.segment, &part.begin.offset, &part.events, &part.low_step, &part.high_step})
    *value = in.signed_number();
  if (part.begin.segment < 0 || part.begin.offset < 0 || part.events < 0 || part.events > kLogPart) raise_damaged();
  const std::string_view bits = in.text();
  part.series.resize(8 * bits.size());
  for (size_t i = 0; i < part.series.size(); ++i) part.series[i] = (bits[i / 8] >> i % 8 & 1) != 0;
  return part;
}

void LongSeries::remove(int64_t run) const {
  for (const char* table : {"level", "bucket", "part"}) {
    Statement statement = database_.prepare(fmt::format("DELETE FROM {} WHERE run = ?", table));
    bind_all(statement, {run});
    statement.run();
  }
}

void LongSeries::put(int64_t run, const LogFacts& facts) const {
  const LogGrowth& growth = facts.growth;
  if (growth.whole) remove(run);
  const auto full = (facts.events - facts.part.events) / kLogPart;
  int64_t number = full - static_cast<int64_t>(growth.parts.size());
  Statement row = database_.prepare("INSERT OR REPLACE INTO part VALUES(?, ?, ?)");
  for (const LogPart& part : growth.parts) {
    bind_all(row, {run, number++});
    row.bind_blob(3, pack(part));
    row.run();
  }
  if (growth.buckets.empty()) return;
  for (const auto& [name, series] : facts.series) {
    const auto added = growth.buckets.find(series.number);
    if (added != growth.buckets.end()) put_series(run, series.number, added->second, series.count);
  }
}

void LongSeries::put_series(int64_t run, int32_t series, LevelBuckets added, int64_t points) const {
  std::map<int, int64_t> sizes = levels(run, series);
  const int finest = sizes.empty() ? added.level() : std::max(sizes.begin()->first, added.level());
  while (added.level() < finest) added.widen();
  int level = finest;
  for (;; ++level, added.widen()) {
    if (sizes.empty() || sizes.contains(level)) add_to_level(run, series, added, sizes);
    else {  // of the next finer one, which has what was added already where it is of this turn
      LevelBuckets wider = whole(run, series, std::prev(sizes.lower_bound(level))->first);
      while (wider.level() < level) wider.widen();
      if (level == finest) wider.add(added);
      add_to_level(run, series, wider, sizes);
    }
    if (sizes[level] <= kFewBuckets || level == kLastLevel) break;
  }
  const auto too_fine = [&](const auto& size) {
    return size.first < finest || (size.second > std::max(kMostBuckets, points / 64) && size.first < level);
  };
  while (too_fine(*sizes.begin())) {
    remove_level(run, series, sizes.begin()->first);
    sizes.erase(sizes.begin());
  }
}

// Adds to a level, which is made where there is none; says in `sizes` how many buckets it has then.
void LongSeries::add_to_level(int64_t run, int32_t series, const LevelBuckets& added,
                              std::map<int, int64_t>& sizes) const {
  const int level = added.level();
  Statement put = database_.prepare("INSERT OR REPLACE INTO bucket VALUES(?, ?, ?, ?, ?)");
  auto next = added.buckets().begin();
  while (next != added.buckets().end()) {
    const int64_t chunk = next->first >> kChunkBits;
    LevelBuckets all(level);
    read_chunks(run, series, level, chunk, chunk, [&](int64_t, const SeriesBucket& bucket) { all.add(bucket); });
    sizes[level] -= all.size();
    for (; next != added.buckets().end() && next->first >> kChunkBits == chunk; ++next) all.add(next->second);
    sizes[level] += all.size();
    Packer out;
    for (const auto& [place, bucket] : all.buckets()) {
      out.number(static_cast<uint64_t>(place - (chunk << kChunkBits)));
      pack(out, bucket, begin_of(place, level));
    }
    bind_all(put, {run, series, level, chunk});
    put.bind_blob(5, out.bytes());
    put.run();
  }
  Statement size = database_.prepare("INSERT OR REPLACE INTO level VALUES(?, ?, ?, ?)");
  bind_all(size, {run, series, level, sizes[level]});
  size.run();
}

void LongSeries::remove_level(int64_t run, int32_t series, int level) const {
  for (const char* table : {"level", "bucket"}) {
    Statement statement =
        database_.prepare(fmt::format("DELETE FROM {} WHERE run = ? AND series = ? AND level = ?", table));
    bind_all(statement, {run, series, level});
    statement.run();
  }
}

std::map<int, int64_t> LongSeries::levels(int64_t run, int32_t series) const {
  std::map<int, int64_t> all;
  Statement rows = database_.prepare("SELECT level, count FROM level WHERE run = ? AND series = ? ORDER BY level");
  bind_all(rows, {run, series});
  while (rows.step()) all[level_of(rows.integer(0))] = rows.integer(1);
  return all;
}

std::map<int32_t, std::pair<int, int64_t>> LongSeries::finest(int64_t run) const {
  std::map<int32_t, std::pair<int, int64_t>> all;
  Statement rows = database_.prepare("SELECT series, min(level), count FROM level WHERE run = ? GROUP BY series");
  bind_all(rows, {run});
  while (rows.step()) all[static_cast<int32_t>(rows.integer(0))] = {level_of(rows.integer(1)), rows.integer(2)};
  return all;
}

void LongSeries::read_chunks(int64_t run, int32_t series, int level, int64_t first, int64_t last,
                             const Visit& visit) const {
  Statement rows = database_.prepare(
      "SELECT chunk, buckets FROM bucket WHERE run = ? AND series = ? AND level = ? AND chunk BETWEEN ? AND ? "
      "ORDER BY chunk");
  bind_all(rows, {run, series, level, first, last});
  while (rows.step()) {
    const int64_t chunk = rows.integer(0);
    for (Unpacker in(rows.view(1)); !in.empty();) {
      const uint64_t within = at_most(in.number(), (uint64_t{1} << kChunkBits) - 1);
      const auto place = static_cast<int64_t>((static_cast<uint64_t>(chunk) << kChunkBits) + within);
      SeriesBucket bucket = unpack(in, begin_of(place, level), level);
      visit(place, bucket);
    }
  }
}

LevelBuckets LongSeries::whole(int64_t run, int32_t series, int level) const {
  LevelBuckets all(level);
  read_chunks(run, series, level, kFirst, kLast, [&](int64_t, const SeriesBucket& bucket) { all.add(bucket); });
  return all;
}

std::vector<SeriesBucket> LongSeries::buckets(int64_t run, int32_t series, int level, int64_t first_place,
                                              int64_t last_place) const {
  std::vector<SeriesBucket> all;
  read_chunks(run, series, level, first_place >> kChunkBits, last_place >> kChunkBits,
              [&](int64_t place, const SeriesBucket& bucket) {
                if (place >= first_place && place <= last_place) all.push_back(bucket);
              });
  return all;
}

std::vector<LogPart> LongSeries::parts(int64_t run) const {
  std::vector<LogPart> all;
  Statement rows = database_.prepare("SELECT part FROM part WHERE run = ? ORDER BY number");
  bind_all(rows, {run});
  while (rows.step()) all.push_back(part_of(rows.view(0)));
  return all;
}

}  // namespace stet::tracking
