#include "stet/data/pipeline.h"

#include <unistd.h>

#include "stet/tensor/error.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/threads.h"

namespace stet::data {

Pipeline::Pipeline(Make make, int64_t begin, int64_t end, int workers, int64_t ahead)
    : make_(std::move(make)), end_(end), ahead_(ahead), claimed_(begin), delivered_(begin), process_(::getpid()) {
  add_threads(workers_, static_cast<size_t>(workers), [this] { work(); });
  if (workers_.empty()) raise("loader: the system gives no thread for a worker; take workers = 0");
}

Pipeline::~Pipeline() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& w : workers_) w.join();
}

bool Pipeline::is_of_this_process() const { return ::getpid() == process_; }

std::vector<Tensor> Pipeline::next() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return results_.contains(delivered_); });
  Result result = std::move(results_.extract(delivered_).mapped());
  ++delivered_;
  lock.unlock();
  room_.notify_one();
  if (result.error) std::rethrow_exception(result.error);
  return std::move(result.value);
}

void Pipeline::work() {
  const InlineScope alone;
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock, [&] { return stopping_ || claimed_ == end_ || claimed_ < delivered_ + ahead_; });
    if (stopping_ || claimed_ == end_) return;
    const int64_t index = claimed_++;
    lock.unlock();
    Result result = attempt(index);
    lock.lock();
    results_.emplace(index, std::move(result));
    ready_.notify_one();
  }
}

Pipeline::Result Pipeline::attempt(int64_t index) const {
  Result result;
  try {
    result.value = make_(index);
  } catch (...) { result.error = std::current_exception(); }
  return result;
}

}  // namespace stet::data
