#include "stet/tensor/pages.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace stet {
namespace {

constexpr size_t kLine = 64, kPage = 4096, kHugePage = size_t{2} << 20;

// Smaller blocks lie where the heap puts them.
constexpr size_t kPlaced = 4 * kPage;

// Five eighths of a page on from the last: any three blocks in a row start a quarter of a page apart and more.
size_t next_start() {
  static std::atomic<size_t> count{0};
  return count.fetch_add(1, std::memory_order_relaxed) * (5 * kPage / 8) % kPage;
}

// Unlike aligned_alloc's, the size need not be a multiple of the alignment.
void* allocate(size_t alignment, size_t size) {
  void* block = nullptr;
  if (posix_memalign(&block, alignment, size) != 0) throw std::bad_alloc();
  return block;
}

size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

void* allocate_pages(size_t bytes) {
  if (bytes < kPlaced) return allocate(kLine, bytes);
  const bool huge = bytes >= kHugePage;
  const size_t size = round_up(bytes + kPage, kPage);
  void* base = allocate(huge ? kHugePage : kPage, size);
#ifdef __linux__
  // A request: where the system has no huge pages, or none free, small ones do. A rest of less than a huge page stays
  // small.
  if (huge) madvise(base, size / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  return static_cast<char*>(base) + next_start();
}

void free_pages(void* block, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  std::free(bytes < kPlaced ? block : reinterpret_cast<void*>(address / kPage * kPage));
}

}  // namespace stet
