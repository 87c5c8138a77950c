// Scratch memory of kernels: kept by each thread and grown at need, so that a steady step asks the system for none.
#pragma once

#include <cstdint>
#include <utility>

#include "stet/tensor/pages.h"

namespace stet::cpu_kernels {

/// A buffer that only grows. Its content is lost when it does.
class Workspace {
 public:
  Workspace() = default;
  Workspace(Workspace&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Workspace& operator=(Workspace&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Workspace() { free(); }

  /// At least `count` elements of T, aligned to a cache line. What an earlier call returned is invalid.
  template <class T> T* get(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    if (bytes > size_) {
      free();
      data_ = allocate_pages(bytes + bytes / 4);
      size_ = bytes + bytes / 4;
    }
    return static_cast<T*>(data_);
  }

 private:
  void free() {
    if (data_ != nullptr) free_pages(data_, size_);
    data_ = nullptr, size_ = 0;
  }

  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace stet::cpu_kernels
