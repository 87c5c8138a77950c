// Transfers of a real GPU, through page-locked memory, which it reads and writes without the host.
#include "stet/cuda/transfers.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "stet/cuda/status.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/storage.h"

namespace stet::cuda {
namespace {

/// Page-locked memory; making and freeing it stops the GPU, so blocks are kept for the next of their size, a power of
/// two.
class PinnedMemory {
 public:
  void* take(size_t bytes) {
    const size_t size = size_of_block(bytes);
    std::lock_guard lock(mutex_);
    auto& free = free_[size];
    void* block = nullptr;
    if (free.empty()) {
      const cudaError_t status = cudaHostAlloc(&block, size, cudaHostAllocPortable);
      if (status == cudaErrorMemoryAllocation)
        raise<MemoryError>("cuda: no page-locked memory of the host is left: {} bytes asked for", size);
      check(status, "allocating page-locked memory");
    } else {
      block = free.back();
      free.pop_back();
    }
    taken_.insert(block);
    return block;
  }

  void give(void* block, size_t bytes) {
    std::lock_guard lock(mutex_);
    taken_.erase(block);
    free_[size_of_block(bytes)].push_back(block);
  }

  /// Does a block begin there?
  bool holds(const void* data) {
    std::lock_guard lock(mutex_);
    return taken_.contains(data);
  }

 private:
  static size_t size_of_block(size_t bytes) { return std::bit_ceil(std::max<size_t>(bytes, 256)); }

  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
  std::set<const void*> taken_;
};

// Of all GPUs; never destroyed, as tensors may outlive it otherwise.
PinnedMemory& pinned() {
  static PinnedMemory& memory = *new PinnedMemory;
  return memory;
}

/// Events that nothing waits for now.
class Events {
 public:
  cudaEvent_t take() {
    std::lock_guard lock(mutex_);
    if (unused_.empty()) {
      cudaEvent_t event;
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
      return event;
    }
    const cudaEvent_t event = unused_.back();
    unused_.pop_back();
    return event;
  }
  void give(cudaEvent_t event) {
    std::lock_guard lock(mutex_);
    unused_.push_back(event);
  }

 private:
  std::mutex mutex_;
  std::vector<cudaEvent_t> unused_;
};

/// A place in a stream.
class Mark {
 public:
  Mark(Events& events, cudaStream_t stream) : events_(&events), event_(events.take()) {
    check(cudaEventRecord(event_, stream), "recording an event");
  }
  Mark(Mark&& other) noexcept : events_(other.events_), event_(std::exchange(other.event_, nullptr)) {}
  ~Mark() {
    if (event_) events_->give(event_);
  }

  bool passed() const { return cudaEventQuery(event_) != cudaErrorNotReady; }  // an error is for wait() to report
  void wait() const { check(cudaEventSynchronize(event_), "waiting for the GPU"); }
  void hold_back(cudaStream_t stream) const { check(cudaStreamWaitEvent(stream, event_, 0), "waiting for a copy"); }

 private:
  Events* events_;
  cudaEvent_t event_;
};

/// The values, and behind them what kernels had reported when they were copied.
class Read final : public PendingRead {
 public:
  Read(Queue& queue, Events& events, const void* data, size_t bytes)
      : queue_(queue), bytes_(bytes), block_(static_cast<std::byte*>(pinned().take(size()))) {
    if (bytes > 0) check(cudaMemcpyAsync(block_, data, bytes, cudaMemcpyDeviceToHost, stream()), "copying to the host");
    check(cudaMemcpyAsync(block_ + fault_at(), queue.fault(), sizeof(Fault), cudaMemcpyDeviceToHost, stream()),
          "asking for reports");
    mark_.emplace(events, stream());
  }
  ~Read() override {
    if (!arrived()) cudaStreamSynchronize(stream());
    pinned().give(block_, size());
  }

  bool arrived() override { return mark_->passed(); }
  std::span<const std::byte> bytes() override {
    mark_->wait();
    queue_.throw_fault(*reinterpret_cast<const Fault*>(block_ + fault_at()));
    return {block_, bytes_};
  }

 private:
  size_t fault_at() const { return (bytes_ + 15) / 16 * 16; }
  size_t size() const { return fault_at() + sizeof(Fault); }
  cudaStream_t stream() const { return static_cast<cudaStream_t>(queue_.stream()); }

  Queue& queue_;
  size_t bytes_;
  std::byte* block_;
  std::optional<Mark> mark_;
};

}  // namespace

struct Transfers::Copies {
  Events events;
  // Each keeps the memory that it reads until it is done.
  struct Copy {
    Mark done;
    Tensor from;
  };
  std::deque<Copy> under_way;
  std::mutex mutex;  // of under_way
};

Transfers::Transfers(Queue& queue) : queue_(queue), copies_(std::make_unique<Copies>()) {}
Transfers::~Transfers() = default;

Tensor Transfers::stage(const Tensor& x) {
  const size_t bytes = static_cast<size_t>(x.elements()) * size_of(x.dtype());
  if (bytes == 0 || x.device() != cpu || !x.is_contiguous() || pinned().holds(x.data())) return x;
  queue_.choose();  // the memory is the host's, but made by a GPU
  auto* block = static_cast<std::byte*>(pinned().take(bytes));
  std::memcpy(block, x.data(), bytes);
  std::shared_ptr<void> owner(block, [bytes](void* b) { pinned().give(b, bytes); });
  return Tensor::over(std::make_shared<Storage>(block, bytes, std::move(owner)), x.shape(), x.dtype());
}

void* Transfers::upload(const Tensor& x) {
  const size_t bytes = static_cast<size_t>(x.elements()) * size_of(x.dtype());
  if (bytes == 0) return queue_.allocate(0);
  const Tensor from = stage(x);
  void* data = queue_.allocate_ahead(bytes);
  const auto stream = static_cast<cudaStream_t>(queue_.copy_stream());
  check(cudaMemcpyAsync(data, from.data(), bytes, cudaMemcpyHostToDevice, stream), "copying to the GPU");
  Mark done(copies_->events, stream);
  done.hold_back(static_cast<cudaStream_t>(queue_.stream()));
  std::lock_guard lock(copies_->mutex);
  auto& under_way = copies_->under_way;
  while (!under_way.empty() && under_way.front().done.passed()) under_way.pop_front();
  under_way.push_back({std::move(done), from});
  return data;
}

std::shared_ptr<PendingRead> Transfers::read_later(const void* data, size_t bytes) {
  queue_.choose();  // as in stage()
  return std::make_shared<Read>(queue_, copies_->events, data, bytes);
}

}  // namespace stet::cuda
