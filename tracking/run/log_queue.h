// The log's events on their way to the disk: what a training thread logs is put into a queue, and a thread of its own
// writes it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {

/// When an event happened, as the log has it.
struct EventStamp {
  int64_t step = 0;
  uint64_t tick = 0;
};

/// At most 16 boundaries lie in the queue, and nothing for more than a second, as far as the disk follows: where it
/// doesn't, boundaries wait. Metrics of one stamp that follow one another closely come into one event. Any thread may
/// log; the rest is one thread's. What writes throws IoError, and so does, from then on, every call.
class LogQueue {
 public:
  explicit LogQueue(std::unique_ptr<EventWriter> log);
  LogQueue(const LogQueue&) = delete;
  LogQueue& operator=(const LogQueue&) = delete;
  /// Drops what was not flushed.
  ~LogQueue();

  void append(const record::Event& event);
  void append_scalar(EventStamp at, const ScalarForm& form, double value);
  /// Values as fields of a Summary, in an event of their own.
  void append_apart(EventStamp at, const std::string& values);
  /// Waits while the queue is full.
  void boundary();
  /// Hands everything to the operating system: a killed process loses nothing of it.
  void flush();
  /// flush, and returns once it is on the device.
  void sync();
  /// The end of what was appended.
  LogPosition position();

  /// How often a boundary found the queue full, and how long such waits took in all.
  int64_t waits() const { return waits_; }
  double wait_seconds() const { return wait_seconds_; }

 private:
  void work();
  template <class Do> auto locked(Do&& what);
  void refuse_after_failure() const;
  void open_event(EventStamp at, double time);
  template <class How> void write_all(How&& how);
  bool is_old() const;
  void close_event();
  bool is_full() const;

  std::unique_ptr<EventWriter> log_;
  std::mutex mutex_;
  std::condition_variable wake_, written_;
  std::string event_;  // values of the event that more may come into
  EventStamp stamp_;
  double time_ = 0;
  std::string queue_;                        // frames
  int64_t boundaries_ = 0, in_writing_ = 0;  // boundaries in the queue, and in what is written now
  bool writing_ = false, ending_ = false;
  std::exception_ptr failure_;
  int64_t waits_ = 0;
  double wait_seconds_ = 0;
  std::thread thread_;
};

}  // namespace stet::tracking
