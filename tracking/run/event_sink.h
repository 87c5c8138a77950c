// The run's end of the log: stamps what happens with step, tick and time, and sees that it comes into the log in its
// order, also when a device's values come late.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/run/log_queue.h"
#include "stet/tracking/run/outbox.h"
#include "stet/tracking/run/position.h"

namespace stet::tracking {

/// All but leave_to_parent(), is_open(), failed() and first_failure() need an open log. What hands events on throws
/// what an event's completion throws, and IoError.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  /// Opens it, once.
  void open(std::unique_ptr<EventWriter> log) { log_ = std::make_unique<LogQueue>(std::move(log)); }
  ~EventSink();
  /// In a child that was forked, which has no thread that writes: it is never touched again.
  void leave_to_parent() { parents_ = true; }
  bool is_open() const { return log_ != nullptr; }

  /// Stamps the event and puts it behind those before it; `complete` waits for the reads.
  void put(Instant at, record::Event event, Reads reads = {}, Completion complete = {});
  /// As put; outside of a step what was put before is waited for.
  void put_logged(Instant at, record::Event event);
  /// The same of a metric's value.
  void put_scalar(Instant at, const ScalarForm& form, double value);
  /// Values as fields of a Summary, in an event of their own, ahead of those that wait: from any thread.
  void put_apart(EventStamp at, const std::string& values) { log_->append_apart(at, values); }

  /// At a boundary: hands on to the log what has arrived, and waits for what lies too far behind.
  void catch_up(Instant now);
  /// Waits for everything.
  void drain();
  /// Waits where too many boundaries are on their way to the disk.
  void boundary() { log_->boundary(); }
  void flush() { log_->flush(); }
  void sync() { log_->sync(); }
  LogPosition position() const { return log_->position(); }
  int64_t waits() const { return log_->waits(); }
  double wait_seconds() const { return log_->wait_seconds(); }

  /// The event whose values, when they came, ended the run.
  const std::optional<Outgoing>& failed() const { return failed_; }
  /// The program caught that, and went on.
  void forget_failure() { failed_.reset(); }
  /// `message`, or what failed before: the program may have gone on for some steps before a device's values show that
  /// an earlier one failed.
  std::string first_failure(const std::string& message);

  /// Before the end: waits for everything. Behind an event that failed, nothing is part of the record.
  void settle();
  /// The STOP mark, synced. Returns when the run ended: at the event that failed, or `now`.
  Instant stop(Instant now, const std::string& message);

 private:
  void send(int64_t wait_before);

  std::unique_ptr<LogQueue> log_;
  bool parents_ = false;
  Outbox outbox_;
  std::optional<Outgoing> failed_;
};

}  // namespace stet::tracking
