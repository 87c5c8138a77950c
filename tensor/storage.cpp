#include "stet/tensor/storage.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/pages.h"

namespace stet {
namespace {

constexpr size_t kAlignment = 64;

// Eight classes to the doubling: at most an eighth of a block is waste.
struct SizeClass {
  size_t index, bytes;
};
constexpr size_t kClasses = 8 * 56;

SizeClass size_class(size_t bytes) {
  if (bytes <= 8 * kAlignment) {
    const size_t steps = std::max<size_t>(1, (bytes + kAlignment - 1) / kAlignment);
    return {steps - 1, steps * kAlignment};
  }
  const size_t width = static_cast<size_t>(std::bit_width(bytes - 1)), step = (size_t{1} << (width - 1)) / 8;
  const size_t steps = (bytes + step - 1) / step;  // 9 to 16
  return {8 * (width - 9) + steps - 9, steps * step};
}

class Cache {
 public:
  void* take(size_t bytes) {
    const auto [index, size] = size_class(bytes);
    std::lock_guard lock(mutex_);
    auto& blocks = free_[index].blocks;
    void* block;
    if (blocks.empty()) {
      block = allocate_pages(size);
      ++stats_.system_allocations;
      stats_.bytes_held += static_cast<int64_t>(size);
    } else {
      block = blocks.back();
      blocks.pop_back();
    }
    stats_.bytes_in_use += static_cast<int64_t>(size);
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.bytes_in_use);
    return block;
  }

  void give(void* block, size_t bytes) {
    const auto [index, size] = size_class(bytes);
    std::lock_guard lock(mutex_);
    free_[index].bytes = size;
    free_[index].blocks.push_back(block);
    stats_.bytes_in_use -= static_cast<int64_t>(size);
  }

  void trim() {
    std::lock_guard lock(mutex_);
    for (auto& [size, blocks] : free_) {
      for (void* b : blocks) free_pages(b, size);
      stats_.bytes_held -= static_cast<int64_t>(size * blocks.size());
      blocks.clear();
    }
  }

  MemoryStats stats() {
    std::lock_guard lock(mutex_);
    return stats_;
  }

  // No fork finds it in another thread's hands, which the child would not have.
  std::mutex& mutex() { return mutex_; }

 private:
  std::mutex mutex_;
  struct Free {
    size_t bytes = 0;  // of each
    std::vector<void*> blocks;
  };
  std::array<Free, kClasses> free_;
  MemoryStats stats_;
};

// Never destroyed: tensors in static storage may outlive it otherwise.
Cache& cache() {
  static Cache& instance = *new Cache;
  return instance;
}

[[maybe_unused]] const int cache_held_while_forking = ::pthread_atfork(
    [] { cache().mutex().lock(); }, [] { cache().mutex().unlock(); }, [] { cache().mutex().unlock(); });

}  // namespace

namespace {

void* host_block(size_t bytes) {
  try {
    return cache().take(bytes);
  } catch (const std::bad_alloc&) {
    cache().trim();  // what no tensor uses may be enough
  }
  try {
    return cache().take(bytes);
  } catch (const std::bad_alloc&) {
    raise<MemoryError>("cpu: out of memory: {:.1f} MB asked for, {:.1f} MB held; take a smaller batch or model",
                       static_cast<double>(bytes) / 1e6, static_cast<double>(memory_stats().bytes_held) / 1e6);
  }
}

}  // namespace

Storage::Storage(size_t bytes, Device device) : bytes_(bytes), device_(device) {
  void* data = device.kind == Device::Kind::cpu ? host_block(bytes) : backend(device).allocate(bytes);
  data_ = static_cast<std::byte*>(data);
}

Storage::~Storage() {
  if (owner_) return;
  if (device_.kind == Device::Kind::cpu) {
    cache().give(data_, bytes_);
  } else {
    backend(device_).release(data_, bytes_);
  }
}

MemoryStats memory_stats() { return cache().stats(); }
void release_cached_memory() { cache().trim(); }

}  // namespace stet
