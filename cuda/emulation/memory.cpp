#include "stet/cuda/emulation/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/cuda/emulation/address_sanitizer.h"

namespace stet::cuda::emulation {

#ifdef STET_ADDRESS_SANITIZER

void* allocate_memory(size_t bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, 256, std::max<size_t>(bytes, 1)) != 0) throw std::bad_alloc();
  std::memset(data, 0xff, bytes);
  return data;
}

void free_memory(void* data, size_t) { std::free(data); }

MemoryAccess::MemoryAccess() = default;
MemoryAccess::~MemoryAccess() = default;

#else

namespace {

// Addresses that are reserved once, and handed out in blocks of a power of two bytes.
class Arena {
 public:
  Arena() {
    void* reserved = mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) throw std::bad_alloc();
    begin_ = static_cast<char*>(reserved) + kHuge - reinterpret_cast<uintptr_t>(reserved) % kHuge;
    madvise(begin_, kReserved - kHuge, MADV_HUGEPAGE);  // a change of access takes time for each page
    struct sigaction on_fault = {};
    on_fault.sa_sigaction = explain;
    on_fault.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &on_fault, &before_);
  }

  void* take(size_t bytes) {
    std::lock_guard lock(mutex_);
    auto& blocks = free_[size_class(bytes)];
    if (blocks.empty()) blocks.push_back(extend(size_t{1} << size_class(bytes)));
    void* block = blocks.back();
    blocks.pop_back();
    fresh_.push_back({block, bytes});
    if (open_ > 0) clear_fresh();
    return block;
  }

  void give(void* block, size_t bytes) {
    std::lock_guard lock(mutex_);
    free_[size_class(bytes)].push_back(block);
  }

  void open() {
    std::lock_guard lock(mutex_);
    if (open_++ > 0) return;
    allow(PROT_READ | PROT_WRITE);
    clear_fresh();
  }

  void close() {
    std::lock_guard lock(mutex_);
    if (--open_ == 0) allow(PROT_NONE);
  }

 private:
  static constexpr size_t kReserved = size_t{1} << 36, kHuge = size_t{1} << 21;

  static size_t size_class(size_t bytes) {
    return static_cast<size_t>(std::bit_width(std::max<size_t>(bytes, 256) - 1));
  }

  void* extend(size_t bytes) {
    if (bytes > kReserved - kHuge - used_) throw std::bad_alloc();
    void* block = begin_ + used_;
    used_ += bytes;
    if (open_ > 0) allow(PROT_READ | PROT_WRITE);
    return block;
  }

  // Blocks' first bytes are set when the memory is open anyway.
  void clear_fresh() {
    for (const auto& [block, bytes] : fresh_) std::memset(block, 0xff, bytes);
    fresh_.clear();
  }

  void allow(int access) {
    if (mprotect(begin_, (used_ + kHuge - 1) / kHuge * kHuge, access) != 0) std::abort();
  }

  static void explain(int, siginfo_t* fault, void*);

  std::mutex mutex_;
  char* begin_ = nullptr;
  size_t used_ = 0;
  int open_ = 0;
  std::array<std::vector<void*>, 64> free_;
  std::vector<std::pair<void*, size_t>> fresh_;
  struct sigaction before_ = {};
};

// Never destroyed: tensors in static storage may outlive it otherwise.
Arena& arena() {
  static Arena& instance = *new Arena;
  return instance;
}

// The instruction then runs again, and meets what was set for faults before.
void Arena::explain(int, siginfo_t* fault, void*) {
  const Arena& a = arena();
  const auto* at = static_cast<const char*>(fault->si_addr);
  if (at >= a.begin_ && at < a.begin_ + kReserved) {
    constexpr std::string_view text =
        "The host touched memory of the GPU, which is emulated here: a real one would end the program too. Use "
        "to(cpu).\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  }
  sigaction(SIGSEGV, &a.before_, nullptr);
}

}  // namespace

void* allocate_memory(size_t bytes) { return arena().take(bytes); }

void free_memory(void* data, size_t bytes) { arena().give(data, bytes); }

MemoryAccess::MemoryAccess() { arena().open(); }
MemoryAccess::~MemoryAccess() { arena().close(); }

#endif

}  // namespace stet::cuda::emulation
