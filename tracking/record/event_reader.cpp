#include <algorithm>
#include <limits>
#include <string_view>

#include "stet/tensor/error.h"
#include "stet/tracking/record/crc32c.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_bounds.h"
#include "stet/tracking/record/event_log.h"

namespace stet::tracking {
namespace {

constexpr int64_t kHeaderSize = 12, kTrailerSize = 4;
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr size_t kWindowSize = size_t{1} << 20;
// A crash spoils what was written since the last sync. Where more follows than that can be, it is not looked through.
constexpr size_t kSpoiledLimit = size_t{64} << 20;

template <class Int> Int get_little_endian(std::string_view bytes) {
  Int value = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) value |= static_cast<Int>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

bool crc_holds(std::string_view bytes, std::string_view masked) {
  return mask_crc(crc32c(as_bytes(bytes))) == get_little_endian<uint32_t>(masked);
}

// Does an intact frame begin anywhere in `bytes`? So many headers that hold as make this long are no crash's doing
// either: the answer is yes.
bool holds_frame(std::string_view bytes) {
  size_t checked = 0;
  for (size_t at = 0; at + kHeaderSize + kTrailerSize <= bytes.size(); ++at) {
    std::string_view rest = bytes.substr(at);
    if (!crc_holds(rest.substr(0, 8), rest.substr(8, 4))) continue;
    auto length = get_little_endian<uint64_t>(rest);
    if (length > rest.size() - kHeaderSize - kTrailerSize) continue;
    checked += length;
    if (checked > 4 * kSpoiledLimit) return true;
    if (crc_holds(rest.substr(kHeaderSize, length), rest.substr(kHeaderSize + length, kTrailerSize))) return true;
  }
  return false;
}

}  // namespace

// One segment of the effective log, read through a window.
struct EventReader::Part {
  Part(const Segment& segment, int64_t limit_) : number(segment.number), entry(segment.entry), limit(limit_) {}

  // Open while it is read: a run may have more segments than a process has descriptors.
  InputFile& file() {
    if (!opened) opened.emplace(entry);
    return *opened;
  }
  void close() {
    opened.reset();
    window = {};
  }

  // Up to `count` bytes at `from`; fewer at the file's end.
  std::string_view bytes_at(int64_t from, size_t count) {
    bool inside = from >= window_begin &&
                  from + static_cast<int64_t>(count) <= window_begin + static_cast<int64_t>(window.size());
    if (!inside) load(from, std::max(count, kWindowSize));
    return std::string_view(window).substr(static_cast<size_t>(from - window_begin)).substr(0, count);
  }

  void load(int64_t from, size_t count) {
    window.resize(std::min(count, static_cast<size_t>(std::max<int64_t>(file().identity().size - from, 0))));
    window.resize(file().read_at(from, window));
    window_begin = from;
  }

  // Does the file hold so many bytes from there on? What lies in the window was read from it.
  bool holds(int64_t from, int64_t count) {
    const int64_t window_end = window_begin + static_cast<int64_t>(window.size());
    return (from >= window_begin && from + count <= window_end) || count <= file().identity().size - from;
  }

  // The bytes in the frame at `offset`, behind which it moves; false where the segment ends.
  bool next(std::string_view& bytes) {
    begin = offset;
    if (offset == limit) return false;
    std::string_view header = bytes_at(offset, kHeaderSize);
    if (header.size() < kHeaderSize) return cut();
    if (!crc_holds(header.substr(0, 8), header.substr(8, 4))) return damaged();
    auto length = get_little_endian<uint64_t>(header);
    if (length > kEventLimit) raise_damaged("a frame of more bytes than an event has");
    if (!holds(offset, kHeaderSize + static_cast<int64_t>(length) + kTrailerSize)) return cut();
    std::string_view body = bytes_at(offset + kHeaderSize, length + kTrailerSize);
    if (body.size() < length + kTrailerSize) return cut();
    if (!crc_holds(body.substr(0, length), body.substr(length))) return damaged();
    int64_t end = offset + kHeaderSize + static_cast<int64_t>(length) + kTrailerSize;
    if (end > limit) raise_damaged("a later segment goes on from inside a frame");
    bytes = body.substr(0, length);
    offset = end;
    return true;
  }

  bool next(record::Event& event) {
    std::string_view bytes;
    if (!next(bytes)) return false;
    if (!parse_event(event, bytes)) refuse();
    return true;
  }

  [[noreturn]] void refuse() {
    offset = begin;
    raise_damaged("the frame is no event");
  }

  bool cut() const {
    if (limit == kNoLimit) return false;  // a crash, or a frame still being written
    raise<DataError>("{}: ends at byte {}, but the run goes on from byte {}; restore the file", entry.path().string(),
                     offset, limit);
  }

  // A power cut can leave garbage as the last frame, never in front of an intact one.
  bool damaged() {
    if (limit == kNoLimit && !frame_follows()) return false;
    raise_damaged("wrong CRC; restore the file");
  }

  bool frame_follows() {
    const auto left = static_cast<size_t>(std::max<int64_t>(file().identity().size - offset, 0));
    if (left > kSpoiledLimit) return true;
    load(offset, left);
    return window.size() > 1 && holds_frame(std::string_view(window).substr(1));
  }

  [[noreturn]] void raise_damaged(std::string_view why) const {
    raise<DataError>("{}: damaged at byte {}: {}", entry.path().string(), offset, why);
  }

  int64_t number;
  Entry entry;
  std::optional<InputFile> opened;
  int64_t limit;
  int64_t offset = 0;
  int64_t begin = 0;  // of the last frame
  std::string window;
  int64_t window_begin = 0;
};

namespace {

// Where a segment says that it goes on from; nothing when a crash came before its Resume. Other readers of the log take
// every segment, so one that holds more without a Resume is damage.
std::optional<LogPosition> resume_of(auto&& part) {
  record::Event event;
  for (int i = 0; part.next(event); ++i) {  // file version, START, Resume
    if (event.has_resume()) return LogPosition{event.resume().segment(), event.resume().offset()};
    if (i == 2 || !(event.has_file_version() || event.has_session_log()))
      part.raise_damaged("it holds events and no Resume, so it is not of this run; remove the file");
  }
  return {};
}

}  // namespace

EventReader::EventReader(const Folder& run) : EventReader(run, {kNoLimit, kNoLimit}) {}

EventReader::EventReader(const Folder& run, LogPosition end) {
  auto segments = list_segments(run);
  if (segments.empty()) return;
  const int64_t first = segments.front().number;
  for (size_t i = segments.size(); i-- > 0;) {
    const Segment& segment = segments[i];
    if (segment.number > end.segment) continue;
    bool named = segment.number == end.segment;
    if (!named && end.segment != kNoLimit) {
      raise<DataError>("{}: event segment {} is missing; restore it", run.path().string(), end.segment);
    }
    std::optional<LogPosition> from;
    if (segment.number != first && end.offset != 0) {
      from = resume_of(Part(segment, named ? end.offset : kNoLimit));
      if (!from && !named) continue;  // a crash before its Resume was written
      if (!from)
        raise<DataError>("{}: has no Resume event within its first {} bytes", segment.entry.path().string(),
                         end.offset);
      if (from->segment >= segment.number)
        raise<DataError>("{}: goes on from itself or a later segment", segment.entry.path().string());
    }
    parts_.push_back(std::make_unique<Part>(segment, named ? end.offset : kNoLimit));
    if (!from) {
      std::reverse(parts_.begin(), parts_.end());
      return;
    }
    end = *from;
  }
  raise<DataError>("{}: event segment {} is missing; restore it", run.path().string(), end.segment);
}

EventReader::~EventReader() = default;

template <class Out> bool EventReader::next_of_parts(Out& out) {
  while (current_ < parts_.size()) {
    if (parts_[current_]->next(out)) return true;
    if (current_ + 1 == parts_.size()) return false;
    parts_[current_++]->close();
  }
  return false;
}

bool EventReader::next(record::Event& event) { return next_of_parts(event); }
bool EventReader::next(std::string_view& bytes) { return next_of_parts(bytes); }
void EventReader::refuse() const { parts_.at(current_)->refuse(); }

bool EventReader::go_on(LogPosition from) {
  if (parts_.empty() || parts_.back()->number != from.segment) return false;
  if (from.offset > parts_.back()->file().identity().size) return false;
  current_ = parts_.size() - 1;
  parts_[current_]->offset = from.offset;
  return true;
}

bool EventReader::seek(LogPosition to) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = *parts_[i];
    if (part.number != to.segment) continue;
    if (to.offset > std::min(part.limit, part.file().identity().size)) return false;
    if (i != current_) parts_[current_]->close();
    current_ = i;
    part.offset = to.offset;
    return true;
  }
  return false;
}

LogPosition EventReader::position() const {
  if (parts_.empty()) return {};
  return {parts_[current_]->number, parts_[current_]->offset};
}

}  // namespace stet::tracking
