#include "stet/tensor/parallel.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/threads.h"

namespace stet {
namespace {

thread_local bool inside_body = false;

struct Job {
  Job(RangeBody b, int64_t count, int64_t range) : body(b), n(count), step(range) {}

  RangeBody body;
  int64_t n, step;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;

  void run() {
    ContractFloatEnv env;
    inside_body = true;
    for (int64_t begin; (begin = next.fetch_add(step)) < n;) {
      try {
        body(begin, std::min(n, begin + step));
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
      }
    }
    inside_body = false;
  }
};

// Threads that wait for each other look for this long before they sleep: waking one takes longer than many an op.
constexpr std::chrono::microseconds kPatience{500};

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Looks until done() or patience ends; true if it was done.
template <class Done> bool spin(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

class Pool {
 public:
  Pool() = default;
  explicit Pool(int size) : size_(size) {}
  // This process's.
  static Pool* current();

  int size() const { return size_.load(std::memory_order_relaxed); }

  void resize(int n) {
    std::lock_guard lock(use_);
    stop();
    size_ = n > 0 ? n : cores();
  }

  // Ends the workers; the next job starts them again.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& w : workers_) w.join();
    workers_.clear();
    stopping_ = false;
  }

  // While a thread still runs an op, its workers end with the process.
  void stop_if_idle() {
    const std::unique_lock use(use_, std::try_to_lock);
    if (use) stop();
  }

  // One job at a time: a second thread that calls an op meanwhile computes its own inline.
  bool run(Job& job) {
    std::unique_lock use(use_, std::try_to_lock);
    if (!use) return false;
    start();
    job_ = &job;
    busy_ = static_cast<int>(workers_.size());
    ++generation_;
    // A worker counts itself as asleep before it looks at the generation for the last time.
    if (asleep_ > 0) {
      { std::lock_guard lock(mutex_); }
      wake_.notify_all();
    }
    job.run();
    if (this != current()) raise("fork: called within an op, whose other threads this process does not have");
    const auto done = [this] { return busy_ == 0; };
    if (!(may_spin() && spin(done))) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, done);
    }
    return true;
  }

 private:
  static int cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

  // More threads than cores would keep each other from working.
  bool may_spin() const { return size() <= cores_; }

  // Where the system gives no more threads, fewer do the work: no result depends on how many.
  void start() {
    add_threads(workers_, static_cast<size_t>(std::max(size() - 1, 0)),
                [this, seen = generation_.load()] { work(seen); });
  }

  void work(uint64_t seen) {
    for (;;) {
      const auto called = [&] { return stopping_ || generation_ != seen; };
      if (!(may_spin() && spin(called))) {
        std::unique_lock lock(mutex_);
        ++asleep_;
        wake_.wait(lock, called);
        --asleep_;
      }
      if (stopping_) return;
      ++seen;
      job_.load()->run();
      if (--busy_ == 0) {
        { std::lock_guard lock(mutex_); }
        done_.notify_one();
      }
    }
  }

  const int cores_ = cores();
  std::mutex use_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  std::atomic<Job*> job_{nullptr};
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> busy_{0}, asleep_{0}, size_{cores_};
  std::atomic<bool> stopping_{false};
};

// Never destroyed: destructors of static objects may run ops, which start the workers again.
std::atomic<Pool*> the_pool{nullptr};

int size_in_parent = 0;  // in a child that was forked

// A child that was forked has none of its parent's workers, and what they held stays held: it gets a pool of its own,
// once it needs one. Nothing is allocated here: not every allocator is free again as a child begins.
void leave_to_parent() {
  if (const Pool* pool = the_pool.exchange(nullptr)) size_in_parent = pool->size();
}

[[maybe_unused]] const int pool_left_while_forking = ::pthread_atfork(nullptr, nullptr, leave_to_parent);

Pool& pool() {
  if (Pool* pool = the_pool.load(std::memory_order_acquire)) return *pool;
  auto made = size_in_parent > 0 ? std::make_unique<Pool>(size_in_parent) : std::make_unique<Pool>();
  Pool* first = nullptr;  // another thread's
  return *(the_pool.compare_exchange_strong(first, made.get()) ? made.release() : first);
}

Pool* Pool::current() { return the_pool.load(std::memory_order_relaxed); }

// Joins the workers before the process ends.
struct AtExit {
  ~AtExit() {
    if (Pool* pool = Pool::current()) pool->stop_if_idle();
  }
} at_exit;

}  // namespace

int threads() { return pool().size(); }

void set_threads(int n) {
  if (n < 0 || n > 1024) raise("threads: {} is not between 0 (all cores) and 1024", n);
  pool().resize(n);
}

void parallel_for(int64_t n, int64_t grain, RangeBody body) {
  if (n <= 0) return;
  grain = std::max<int64_t>(1, grain);
  if (inside_body || n <= grain) {
    ContractFloatEnv env;
    return body(0, n);
  }
  // Four ranges a thread even out what the machine's other work delays.
  const int64_t ranges = std::min((n + grain - 1) / grain, int64_t{4} * threads());
  Job job(body, n, (n + ranges - 1) / ranges);
  if (threads() == 1 || !pool().run(job)) job.run();
  if (job.error) std::rethrow_exception(job.error);
}

InlineScope::InlineScope() : before_(inside_body) { inside_body = true; }
InlineScope::~InlineScope() { inside_body = before_; }

}  // namespace stet
