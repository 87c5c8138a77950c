#include "stet/tracking/run/log_queue.h"

#include <chrono>
#include <utility>

#include "stet/tensor/threads.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/encoding.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/no_signals.h"

namespace stet::tracking {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int64_t kMostBoundaries = 16, kWakeAt = kMostBoundaries / 2;
constexpr auto kMostTime = 300ms;
constexpr double kMostAge = 0.4;  // seconds that an event waits for further values: with both and the write, a second
constexpr size_t kEventBytes = size_t{1} << 16, kQueueBytes = size_t{4} << 20;

// Keys of an event's fields, as Protobuf writes them.
constexpr char kWallTime = 1 << 3 | 1, kStep = 2 << 3, kSummary = 5 << 3 | 2;
constexpr std::string_view kTick = "\xf0\x06";  // 110 << 3

// As Protobuf writes the Event of this summary.
std::string event_bytes(double time, EventStamp at, const std::string& summary) {
  std::string out(1, kWallTime);
  append_little_endian(out, time);
  if (at.step != 0) append_varint(out += kStep, static_cast<uint64_t>(at.step));
  append_varint(out += kSummary, summary.size());
  out += summary;
  if (at.tick != 0) append_varint(out += kTick, at.tick);
  return out;
}

bool is_same(EventStamp a, EventStamp b) { return a.step == b.step && a.tick == b.tick; }

}  // namespace

LogQueue::LogQueue(std::unique_ptr<EventWriter> log) : log_(std::move(log)) {
  const NoSignals inherited;
  thread_ = start_thread("the run's log", [this] { work(); });
}

LogQueue::~LogQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogQueue::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, kMostTime,
                   [this] { return ending_ || boundaries_ >= kWakeAt || queue_.size() > kQueueBytes; });
    if (ending_ || failure_) return;
    try {
      if (is_old()) close_event();
    } catch (...) {
      failure_ = std::current_exception();
      return written_.notify_all();
    }
    if (queue_.empty()) continue;
    const std::string frames = std::exchange(queue_, {});
    in_writing_ = std::exchange(boundaries_, 0);
    writing_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
      log_->append_frames(frames);
      log_->flush();
    } catch (...) { failure = std::current_exception(); }
    lock.lock();
    failure_ = failure;
    writing_ = false;
    in_writing_ = 0;
    written_.notify_all();
  }
}

// No exception leaves with the lock: one that nobody catches ends the program without unwinding, and how it ends is
// logged.
template <class Do> auto LogQueue::locked(Do&& what) {
  std::unique_lock lock(mutex_);
  try {
    return what(lock);
  } catch (...) {
    lock.unlock();
    throw;
  }
}

void LogQueue::refuse_after_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

// Or the clock was set back.
bool LogQueue::is_old() const {
  const double age = unix_time() - time_;
  return !(age >= 0 && age < kMostAge);
}

void LogQueue::close_event() {
  if (event_.empty()) return;
  queue_ += frame(event_bytes(time_, stamp_, event_));
  event_.clear();
}

bool LogQueue::is_full() const {
  return boundaries_ + in_writing_ > kMostBoundaries || queue_.size() > 2 * kQueueBytes;
}

void LogQueue::open_event(EventStamp at, double time) {
  if (!event_.empty() && is_same(at, stamp_) && event_.size() < kEventBytes) return;
  close_event();
  stamp_ = at;
  time_ = time;
}

void LogQueue::append(const record::Event& event) {
  const bool joins = event.has_summary();
  const std::string bytes = joins ? event.summary().SerializeAsString() : frame(event.SerializeAsString());
  locked([&](auto&) {
    refuse_after_failure();
    if (joins) {
      open_event({event.step(), event.tick()}, event.wall_time());
      event_ += bytes;
    } else {
      close_event();
      queue_ += bytes;
    }
  });
}

void LogQueue::append_scalar(EventStamp at, const ScalarForm& form, double value) {
  locked([&](auto&) {
    refuse_after_failure();
    if (event_.empty() || !is_same(at, stamp_) || event_.size() >= kEventBytes) open_event(at, unix_time());
    form.append(event_, value);
  });
}

void LogQueue::append_apart(EventStamp at, const std::string& values) {
  const std::string framed = frame(event_bytes(unix_time(), at, values));
  locked([&](auto&) {
    refuse_after_failure();
    close_event();
    queue_ += framed;
  });
}

void LogQueue::boundary() {
  locked([this](auto& lock) {
    refuse_after_failure();
    if (queue_.empty() && event_.empty()) return;
    if (++boundaries_ == kWakeAt || queue_.size() > kQueueBytes) wake_.notify_one();
    if (!is_full()) return;
    const auto start = Clock::now();
    wake_.notify_one();
    written_.wait(lock, [this] { return !is_full() || failure_; });
    ++waits_;
    wait_seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
    refuse_after_failure();
  });
}

// Under the lock, so that the thread writes nothing meanwhile.
template <class How> void LogQueue::write_all(How&& how) {
  locked([&](auto& lock) {
    written_.wait(lock, [this] { return !writing_; });
    refuse_after_failure();
    try {
      close_event();
      boundaries_ = 0;
      log_->append_frames(std::exchange(queue_, {}));
      how();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  });
}

void LogQueue::flush() {
  write_all([this] { log_->flush(); });
}

void LogQueue::sync() {
  write_all([this] { log_->sync(); });
}

LogPosition LogQueue::position() {
  return locked([this](auto& lock) {
    written_.wait(lock, [this] { return !writing_; });
    close_event();
    LogPosition end = log_->position();
    end.offset += static_cast<int64_t>(queue_.size());
    return end;
  });
}

}  // namespace stet::tracking
