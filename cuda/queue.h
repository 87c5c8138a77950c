// One GPU's memory and its queue of work, in which everything happens in the order it was asked for. Any thread may
// ask.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <type_traits>

#include "stet/cuda/fault.h"
#ifdef STET_CUDA_EMULATED
#include <functional>
#include <vector>

#include "stet/cuda/emulation/block.h"
#else
#include <map>
#endif

namespace stet::cuda {

/// The shape of a launch: blocks along x, y, z, threads a block (a multiple of 32, at most 1024) along x, and bytes of
/// shared memory a block.
struct Grid {
  struct Blocks {
    int64_t x = 1, y = 1, z = 1;
  };
  /// What CUDA takes: along x, and along y or z. A tensor's extent belongs on x, or is dealt out to several launches.
  static constexpr int64_t kMostX = 0x7fffffff, kMostYZ = 65535;

  Blocks blocks;
  unsigned threads = 256;
  size_t shared = 0;

  /// Enough threads for n elements at `each` a thread, but no more than keep a GPU busy: kernels loop by
  /// global_threads().
  static Grid over(int64_t n, int64_t each = 1) {
    const int64_t wanted = (n + 256 * each - 1) / (256 * each);
    return {.blocks = {wanted < 16384 ? wanted : 16384}};
  }
};

class Queue {
 public:
  /// Throws UsageError that says what is missing: a driver, a GPU, or one of that index.
  explicit Queue(int index);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  int index() const { return index_; }
  /// "cuda:0", …
  const char* name() const { return name_.c_str(); }
  /// Makes this queue's GPU the one that the runtime's calls of this thread are about. Other threads, and other
  /// libraries, may have chosen another one, so whatever calls the runtime has to choose first.
  void choose() const noexcept;
  /// The runtime's stream, for work in it, and chooses; emulated, null.
  void* stream() const noexcept;
  /// The same, of copies that run beside it.
  void* copy_stream() const noexcept;
  /// Streaming multiprocessors: for choices that change no result.
  int multiprocessors() const { return multiprocessors_; }
  /// Bytes of shared memory that a block may have: for the same.
  size_t most_shared() const;

  /// The GPU's name, the driver's version and the CUDA runtime's.
  std::string gpu() const;
  std::string driver() const;
  std::string runtime() const;

  /// Memory aligned to 256 bytes, from a pool. Throws MemoryError with the sizes asked for, held and free; before that
  /// it waits for the GPU and gives back what the pool keeps.
  void* allocate(size_t bytes);
  /// The same for what copy_stream() fills: it may be written to before the work is done that was asked for earlier.
  void* allocate_ahead(size_t bytes);
  /// Work that was asked for before may still use it.
  void release(void* data, size_t bytes);
  void fill_zero(void* data, size_t bytes);
  void copy(const void* from, void* to, size_t bytes);
  /// Returns when `to` may be read; throws what kernels reported until then (fault.h).
  void to_host(const void* from, void* to, size_t bytes);
  /// Returns when `from` may be changed, which waits for the GPU; transfers.h has what doesn't.
  void to_device(const void* from, void* to, size_t bytes);
  /// Waits for all that was asked for. Throws what kernels reported.
  void wait();
  /// Where the kernel reports to that is launched with it; another launch's reports take another.
  Reports reports() { return {fault_, ++reporting_}; }
  /// What was reported, on the device.
  const Fault* fault() const { return fault_; }
  /// Throws what `seen`, a copy of it, reports; then that is forgotten.
  void throw_fault(const Fault& seen);

  /// kernel<<<grid>>>(arguments...). Without blocks, nothing. Throws UsageError where they are more than a grid has.
  template <class... P> void launch(void (*kernel)(P...), const Grid& grid, std::type_identity_t<P>... arguments) {
    static_assert((std::is_trivially_copyable_v<P> && ...));
    if (grid.blocks.x == 0 || grid.blocks.y == 0 || grid.blocks.z == 0) return;
    if (grid.blocks.x > Grid::kMostX || grid.blocks.y > Grid::kMostYZ || grid.blocks.z > Grid::kMostYZ)
      too_many_blocks(grid);
#ifdef STET_CUDA_EMULATED
    catch_up();
    emulation::run_blocks(grid.blocks, grid.threads, grid.shared, [&] { kernel(arguments...); });
#else
    void* pointers[] = {&arguments...};
    launch(reinterpret_cast<const void*>(kernel), grid, pointers);
#endif
  }

#ifdef STET_CUDA_EMULATED
  /// Puts a copy off until anything else is asked for, as one beside the queue may be done late.
  void later(std::function<void()> copy);
  /// Does what was put off.
  void catch_up();
#endif

 private:
  [[noreturn]] static void too_many_blocks(const Grid& grid);
  void launch(const void* kernel, const Grid& grid, void** arguments);
  void allow_shared(const void* kernel, size_t bytes);
  void* allocate_on(void* stream, size_t bytes);

  int index_;
  std::string name_;
  int multiprocessors_ = 1;
  size_t most_shared_ = 0;
  Fault* fault_ = nullptr;                         // on the device
  std::atomic<unsigned long long> reporting_ = 0;  // launches that may report
  void* stream_ = nullptr;
  void* copy_stream_ = nullptr;
  std::atomic<size_t> held_ = 0;  // bytes of live blocks
  std::mutex mutex_;              // of what follows
#ifdef STET_CUDA_EMULATED
  std::vector<std::function<void()>> put_off_;
#else
  std::map<const void*, size_t> allowed_shared_;  // bytes of shared memory that kernels were allowed
#endif
};

/// The queue that cuda_backend(index) works in. Throws as the constructor.
Queue& queue_of(int index);

/// n elements of memory for as long as the work that this scope asks for takes.
template <class T> class Scratch {
 public:
  Scratch(Queue& queue, int64_t n)
      : queue_(queue), bytes_(static_cast<size_t>(n) * sizeof(T)), data_(static_cast<T*>(queue.allocate(bytes_))) {}
  ~Scratch() { queue_.release(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() { return data_; }

 private:
  Queue& queue_;
  size_t bytes_;
  T* data_;
};

}  // namespace stet::cuda
