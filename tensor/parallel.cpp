#include "stet/tensor/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"

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

class Pool {
 public:
  ~Pool() { stop(); }

  int size() {
    std::lock_guard lock(use_);
    return wanted();
  }

  void resize(int n) {
    std::lock_guard lock(use_);
    stop();
    wanted_ = n;
  }

  // One job at a time: a second thread that calls an op meanwhile computes its own inline.
  bool run(Job& job) {
    std::unique_lock use(use_, std::try_to_lock);
    if (!use) return false;
    start();
    {
      std::lock_guard lock(mutex_);
      job_ = &job;
      busy_ = static_cast<int>(workers_.size());
      ++generation_;
    }
    wake_.notify_all();
    job.run();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return busy_ == 0; });
    job_ = nullptr;
    return true;
  }

 private:
  int wanted() {
    if (wanted_ == 0) wanted_ = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    return wanted_;
  }

  void start() {
    while (static_cast<int>(workers_.size()) < wanted() - 1) {
      workers_.emplace_back([this, seen = generation_]() mutable { work(seen); });
    }
  }

  void work(uint64_t seen) {
    for (;;) {
      Job* job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
        if (stopping_) return;
        seen = generation_;
        job = job_;
      }
      job->run();
      std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

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

  std::mutex use_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  Job* job_ = nullptr;
  uint64_t generation_ = 0;
  int busy_ = 0, wanted_ = 0;
  bool stopping_ = false;
};

Pool& pool() {
  static Pool instance;
  return instance;
}

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
