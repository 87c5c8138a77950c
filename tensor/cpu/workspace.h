// Scratch memory of kernels: kept by each thread and grown at need, so that a steady step asks the system for none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stet::cpu_kernels {

/// A buffer that only grows; only for `thread_local` variables. Its content is lost when it grows, and its memory is
/// given back when the thread ends. It needs no destructor, so ops in the destructors of static objects find it usable,
/// though the thread's own objects are gone by then: what it takes there goes with the process.
class Workspace {
 public:
  constexpr Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// At least `count` elements of T, aligned to a cache line. What an earlier call returned is invalid.
  template <class T> T* get(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    if (bytes > size_) grow(bytes + bytes / 4);
    return static_cast<T*>(data_);
  }

 private:
  friend struct ThreadWorkspaces;
  void grow(size_t bytes);
  void free();

  void* data_ = nullptr;
  size_t size_ = 0;
  bool known_ = false;  // to the thread, which frees it
};

}  // namespace stet::cpu_kernels
