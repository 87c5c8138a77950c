#include "stet/tracking/run/event_sink.h"

#include <exception>
#include <limits>
#include <utility>

#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// A device may be so many boundaries behind the program before it is waited for.
constexpr int64_t kMostBehind = 16;

}  // namespace

void EventSink::put(Instant at, record::Event event, Reads reads, Completion complete) {
  event.set_step(at.step());
  event.set_tick(at.tick());
  event.set_wall_time(unix_time());
  outbox_.put(*log_, {std::move(event), at, std::move(reads), std::move(complete)});
}

EventSink::~EventSink() {
  if (parents_) static_cast<void>(log_.release());
}

void EventSink::put_logged(Instant at, record::Event event) {
  put(at, std::move(event));
  if (!at.in_step) drain();
}

void EventSink::put_scalar(Instant at, const ScalarForm& form, double value) {
  if (outbox_.empty()) return log_->append_scalar({at.step(), at.tick()}, form, value);
  std::string values;
  form.append(values, value);
  record::Event event;
  event.mutable_summary()->ParseFromString(values);
  put_logged(at, std::move(event));
}

void EventSink::send(int64_t wait_before) {
  try {
    outbox_.send(*log_, wait_before);
  } catch (...) {
    failed_ = outbox_.take_failed();
    throw;
  }
}

void EventSink::catch_up(Instant now) { send(now.committed.tick - kMostBehind); }

void EventSink::drain() { send(std::numeric_limits<int64_t>::max()); }

std::string EventSink::first_failure(const std::string& message) {
  if (failed_ || !is_open()) return message;
  try {
    drain();
  } catch (const std::exception& e) {
    if (failed_) return e.what();
  }
  return message;
}

void EventSink::settle() {
  if (failed_) outbox_.clear();
  drain();
}

Instant EventSink::stop(Instant now, const std::string& message) {
  record::Event event;
  event.mutable_session_log()->set_status(record::SessionLog::STOP);
  event.mutable_session_log()->set_msg(to_utf8(message));
  const Instant end = failed_ ? failed_->at : now;
  put(end, std::move(event));
  sync();
  return end;
}

}  // namespace stet::tracking
