// The memory of the emulated GPU. As with a real one, the host can't touch it but by copies: a program that does ends
// at once and says why. Under the address sanitizer, which watches the blocks' ends instead, the host may.
#pragma once

#include <cstddef>

namespace stet::cuda::emulation {

/// A block aligned to 256 bytes, filled with 0xff: with nothing that looks like a result. Throws std::bad_alloc.
void* allocate_memory(size_t bytes);
void free_memory(void* data, size_t bytes);

/// While one lives, the memory can be touched: for kernels and copies.
class MemoryAccess {
 public:
  MemoryAccess();
  ~MemoryAccess();
  MemoryAccess(const MemoryAccess&) = delete;
  MemoryAccess& operator=(const MemoryAccess&) = delete;
};

}  // namespace stet::cuda::emulation
