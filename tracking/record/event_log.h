// The event log: append-only segments of CRC-framed Protobuf events, in files that TensorBoard reads as they are.
//
// A frame is TFRecord's: u64 length | u32 masked CRC-32C of the length | bytes | u32 masked CRC-32C of the bytes,
// little endian. A run that is resumed opens a new segment, whose Resume event says from where in which older one it
// goes on; nothing is ever truncated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking::record {
class Event;
}

namespace stet::tracking {

/// A place in a run's log: `offset` bytes into segment `segment`.
struct LogPosition {
  int64_t segment = 0;
  int64_t offset = 0;
  bool operator==(const LogPosition&) const = default;
};

/// One segment's file: events.out.tfevents.<seconds, 10 digits>.<host>.<pid>.<segment>. The seconds rise from segment
/// to segment, so that the order of names is the order of segments.
struct Segment {
  int64_t number;
  int64_t seconds;
  Entry entry;
};

/// Is it the name of a segment's file, or made to look like one?
bool is_segment_name(std::string_view name);

/// A run's segments in order. Throws DataError when two have the same number.
std::vector<Segment> list_segments(const Folder& run);

/// An event has at most so many bytes: what a damaged log claims to hold beyond that is not read.
constexpr uint64_t kEventLimit = uint64_t{256} << 20;

/// `payload` as one TFRecord frame. Throws UsageError where it is longer than an event may be.
std::string frame(std::string_view payload);

/// Appends to a segment of its own, made on construction. Not thread-safe.
class EventWriter {
 public:
  /// Opens the next segment in a run's folder: its file version and, when there are older segments, SessionLog START at
  /// `next_step` and Resume from `resume_from`. Flushed and, with the folder's entry, synced. Throws IoError;
  /// UsageError when there are older segments and no `resume_from`.
  EventWriter(FileSystem& fs, const Folder& run, std::optional<LogPosition> resume_from = {}, int64_t next_step = 0);
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;
  /// Drops what was not flushed.
  ~EventWriter() = default;

  /// Adds an event to the buffer, which is flushed when it is large. An event without a wall time gets the present one.
  void append(const record::Event& event);
  /// The same of frames that frame() made.
  void append_frames(std::string_view frames);
  /// Hands the buffer to the operating system: a killed process loses nothing of it.
  void flush();
  /// flush, and returns once it is on the device: a power cut loses nothing of it.
  void sync();
  /// The end of what was appended, flushed or not.
  LogPosition position() const { return {segment_, offset_}; }
  /// For messages.
  const Path& path() const { return path_; }

 private:
  Path path_;
  int64_t segment_ = 0;
  int64_t offset_ = 0;
  std::unique_ptr<File> file_;
  std::string buffer_;
  bool failed_ = false;  // a failed write may have left a part of a frame, so nothing may follow it
};

/// Reads a run's effective log: each segment up to the offset from which a later one goes on, along the chain of Resume
/// events that ends in the last segment. A segment that a crash cut before its Resume event counts as not there.
class EventReader {
 public:
  /// Throws DataError when the chain is broken.
  explicit EventReader(const Folder& run);
  /// The log as a resume from `end` will see it: what lies behind is left out.
  EventReader(const Folder& run, LogPosition end);
  ~EventReader();

  /// The next event; false at the log's end, where a call after more was written goes on. File versions, STARTs and
  /// Resumes are delivered as well. A frame cut short at a segment's end is a crash and ends the log; a wrong CRC with
  /// frames after it throws DataError that names the file and the offset.
  bool next(record::Event& event);
  /// The same, as the event's bytes, which stay until the next call.
  bool next(std::string_view& bytes);
  /// Throws DataError: the bytes that next() gave are no event.
  [[noreturn]] void refuse() const;
  /// Before anything was read: goes on from where another reader of the log was, whose events are passed over. False
  /// where the log has another last segment since, or a shorter one.
  bool go_on(LogPosition from);
  /// Goes to where an event begins, as position() told it. False where the log does not hold that place.
  bool seek(LogPosition to);
  /// Where the last event that next() gave ends.
  LogPosition position() const;

 private:
  struct Part;
  template <class Out> bool next_of_parts(Out& out);
  std::vector<std::unique_ptr<Part>> parts_;
  size_t current_ = 0;
};

}  // namespace stet::tracking
