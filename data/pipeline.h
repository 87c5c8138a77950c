// Worker threads that make batches ahead of the consumer, handed out in order.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet::data {

/// Calls make(begin), …, make(end - 1) on worker threads, at most `ahead` of the consumer.
class Pipeline {
 public:
  using Make = std::function<std::vector<Tensor>(int64_t)>;
  Pipeline(Make make, int64_t begin, int64_t end, int workers, int64_t ahead);
  /// Discards what was made and not taken; waits for the workers.
  ~Pipeline();
  /// False in a child that was forked since: it has none of the workers, and must neither ask nor destroy the object,
  /// whose mutex they may hold.
  bool is_of_this_process() const;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// The result of the next index, in order, waiting for it; must not be called past the end. Throws what make threw
  /// for it.
  std::vector<Tensor> next();
  /// The index that next() gives.
  int64_t position() const { return delivered_; }

 private:
  struct Result {
    std::vector<Tensor> value;
    std::exception_ptr error;
  };
  void work();
  Result attempt(int64_t index) const;

  const Make make_;
  const int64_t end_, ahead_;
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::map<int64_t, Result> results_;  // made, not yet delivered
  int64_t claimed_, delivered_;        // next index to make; next to deliver (written by the consumer alone)
  bool stopping_ = false;
  std::vector<std::thread> workers_;
  const pid_t process_;
};

/// Leaves to the parent what is its own.
struct PipelineDeleter {
  void operator()(Pipeline* pipeline) const {
    if (pipeline->is_of_this_process()) delete pipeline;
  }
};

}  // namespace stet::data
