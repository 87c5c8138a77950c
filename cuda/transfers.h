// Copies between the host and a GPU that go on while both do other things.
#pragma once

#include <memory>

#include "stet/cuda/queue.h"
#include "stet/tensor/pending_read.h"
#include "stet/tensor/tensor.h"

namespace stet::cuda {

/// As Backend's functions of these names, for any thread.
class Transfers {
 public:
  explicit Transfers(Queue& queue);
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  Tensor stage(const Tensor& x);
  /// On a stream of its own, so that a batch is copied while the step before it runs.
  void* upload(const Tensor& x);
  std::shared_ptr<PendingRead> read_later(const void* data, size_t bytes);

 private:
  struct Copies;
  Queue& queue_;
  std::unique_ptr<Copies> copies_;
};

}  // namespace stet::cuda
