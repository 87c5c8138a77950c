// Scratch memory of kernels: kept by each thread and grown at need, so that a steady step asks the system for none.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace stet {

/// A buffer that only grows. Its content is lost when it does.
class Workspace {
 public:
  /// At least `count` elements of T, aligned to a cache line. What an earlier call returned is invalid.
  template <class T> T* get(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    if (bytes > size_) {
      data_.reset();
      size_ = 0;
      data_.reset(::operator new (bytes + bytes / 4, std::align_val_t{64}));
      size_ = bytes + bytes / 4;
    }
    return static_cast<T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(void* p) const { ::operator delete (p, std::align_val_t{64}); }
  };
  std::unique_ptr<void, Free> data_;
  size_t size_ = 0;
};

}  // namespace stet
