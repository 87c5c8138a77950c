#include "stet/tracking/record/event_log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "stet/tensor/error.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/crc32c.h"
#include "stet/tracking/record/encoding.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/host.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kNamePrefix = "events.out.tfevents.";
constexpr int64_t kLastSegment = int64_t{1} << 32, kLastSecond = int64_t{1} << 40;  // none is counted on from
constexpr size_t kBufferLimit = size_t{1} << 18;

// For a file's name, which some file systems take in UTF-8 alone.
std::string plain_host_name() {
  std::string host = host_name();
  if (host.empty()) return "localhost";
  const auto is_plain = [](char c) { return c > ' ' && c != '/' && c != 0x7F; };
  std::replace_if(
      host.begin(), host.end(), [&](char c) { return !is_plain(c); }, '-');
  return host;
}

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return {};
  return value;
}

std::optional<Segment> parse_segment(const Entry& entry) {
  const std::string_view name = entry.name();
  if (!is_segment_name(name)) return {};
  std::string_view rest = name.substr(kNamePrefix.size());
  auto seconds = parse_number(rest.substr(0, rest.find('.')));
  auto number = parse_number(rest.substr(rest.rfind('.') + 1));
  if (!seconds || !number || std::count(rest.begin(), rest.end(), '.') < 3) return {};
  return Segment{*number, *seconds, entry};
}

}  // namespace

bool is_segment_name(std::string_view name) { return name.starts_with(kNamePrefix); }

std::vector<Segment> list_segments(const Folder& run) {
  std::vector<Segment> segments;
  for (const std::string& name : run.names()) {
    auto segment = parse_segment(run / name);
    if (!segment) continue;
    if (segment->number > kLastSegment || segment->seconds > kLastSecond)
      raise<DataError>("{}: has a number that no segment has; it is not of this run", (run / name).path().string());
    segments.push_back(std::move(*segment));
  }
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) { return a.number < b.number; });
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i].number == segments[i - 1].number) {
      raise<DataError>("{}: has the same segment number as {}; one of them is not of this run",
                       segments[i].entry.path().string(), segments[i - 1].entry.name());
    }
  }
  return segments;
}

std::string frame(std::string_view payload) {
  if (payload.size() > kEventLimit)
    raise("run: an event of {} bytes is logged, and at most {} can be; log less at once", payload.size(), kEventLimit);
  std::string out;
  out.reserve(payload.size() + 16);
  append_little_endian(out, static_cast<uint64_t>(payload.size()));
  append_little_endian(out, mask_crc(crc32c(as_bytes(std::string_view(out).substr(0, 8)))));
  out += payload;
  append_little_endian(out, mask_crc(crc32c(as_bytes(payload))));
  return out;
}

EventWriter::EventWriter(FileSystem& fs, const Folder& run, std::optional<LogPosition> resume_from, int64_t next_step) {
  auto seconds = static_cast<int64_t>(std::max(0.0, unix_time()));  // a name has digits alone
  auto older = list_segments(run);
  if (!older.empty()) {
    if (!resume_from) raise("{}: has event segments already; say from where this one goes on", run.path().string());
    segment_ = older.back().number + 1;
    for (const Segment& segment : older) seconds = std::max(seconds, segment.seconds + 1);
  }
  const Entry entry =
      run / fmt::format("{}{:010d}.{}.{}.{}", kNamePrefix, seconds, plain_host_name(), ::getpid(), segment_);
  path_ = entry.path();
  file_ = fs.open(entry, OpenMode::exclusive);
  record::Event event;
  event.set_file_version("brain.Event:2");
  append(event);
  if (!older.empty()) {
    event.set_step(next_step);
    event.mutable_session_log()->set_status(record::SessionLog::START);
    append(event);
    event.mutable_resume()->set_segment(resume_from->segment);
    event.mutable_resume()->set_offset(resume_from->offset);
    append(event);
  }
  sync();
  fs.sync_directory(run);
}

void EventWriter::append(const record::Event& event) {
  std::string payload;
  if (event.wall_time() != 0) {
    payload = event.SerializeAsString();
  } else {
    record::Event stamped = event;
    stamped.set_wall_time(unix_time());
    payload = stamped.SerializeAsString();
  }
  append_frames(frame(payload));
}

void EventWriter::append_frames(std::string_view frames) {
  buffer_ += frames;
  offset_ += static_cast<int64_t>(frames.size());
  if (buffer_.size() >= kBufferLimit) flush();
}

void EventWriter::flush() {
  if (failed_)
    throw IoError(path_.string() + ": can't write: an earlier write failed; resume to go on in a new segment", EIO);
  if (buffer_.empty()) return;
  failed_ = true;
  file_->write(as_bytes(buffer_));
  failed_ = false;
  buffer_.clear();
}

void EventWriter::sync() {
  flush();
  failed_ = true;  // after a failed sync, the system may have dropped what was written
  file_->sync();
  failed_ = false;
}

}  // namespace stet::tracking
