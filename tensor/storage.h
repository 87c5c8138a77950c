// Memory of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "stet/tensor/device.h"

namespace stet {

/// A block of a device's memory, aligned to 64 bytes. Freed blocks are kept for the next tensor of their size class, so
/// a steady training step asks the system for nothing.
class Storage {
 public:
  /// Throws MemoryError that names the size asked for.
  Storage(size_t bytes, Device device);
  /// Memory of the CPU that `owner` keeps alive, of any alignment.
  Storage(std::byte* data, size_t bytes, std::shared_ptr<void> owner)
      : data_(data), bytes_(bytes), owner_(std::move(owner)) {}
  /// A block that the device's backend has given; it is released to it.
  Storage(std::byte* data, size_t bytes, Device device) : data_(data), bytes_(bytes), device_(device) {}
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

 private:
  std::byte* data_;
  size_t bytes_;
  Device device_;
  std::shared_ptr<void> owner_;
};

/// What the CPU's caching allocator has done so far.
struct MemoryStats {
  int64_t system_allocations = 0;  ///< blocks asked of the system since the start
  int64_t bytes_in_use = 0;        ///< held by live tensors
  int64_t bytes_held = 0;          ///< held by live tensors and the cache
  int64_t peak_bytes = 0;          ///< highest bytes_in_use so far
};
MemoryStats memory_stats();

/// Gives the cache's free blocks back to the system.
void release_cached_memory();

}  // namespace stet
