#include "stet/cuda/emulation/block.h"

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "stet/cuda/emulation/address_sanitizer.h"
#include "stet/cuda/emulation/memory.h"
#include "stet/tensor/float_env.h"

#ifdef STET_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace stet::cuda::emulation {
namespace {

namespace context = boost::context;

constexpr unsigned kWarp = 32, kMostThreads = 1024;
#ifdef STET_ADDRESS_SANITIZER
constexpr size_t kStack = 256 * 1024;
#else
constexpr size_t kStack = 64 * 1024;
#endif

// Stacks that are used again.
std::vector<std::unique_ptr<char[]>>& free_stacks() {
  static auto& stacks = *new std::vector<std::unique_ptr<char[]>>;
  return stacks;
}

struct PooledStack {
  const void*& bottom;  // where the stack that is taken begins

  context::stack_context allocate() {
    auto& stacks = free_stacks();
    if (stacks.empty()) stacks.emplace_back(new char[kStack]);
    context::stack_context s;
    s.size = kStack;
    bottom = stacks.back().get();
    s.sp = stacks.back().release() + kStack;
    stacks.pop_back();
    return s;
  }
  void deallocate(context::stack_context& s) {
    char* const stack = static_cast<char*>(s.sp) - kStack;
#ifdef STET_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(stack, kStack);  // its last frames never returned
#endif
    free_stacks().emplace_back(stack);
  }
};

// What a thread throws that is to end since its launch is given up.
struct GivenUp {};

// Tells the address sanitizer of a change of stacks.
class StackSwitch {
 public:
  void leave([[maybe_unused]] const void* bottom, [[maybe_unused]] size_t size,
             [[maybe_unused]] bool for_good = false) {
#ifdef STET_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_, bottom, size);
#endif
  }
  void arrive([[maybe_unused]] const void** bottom, [[maybe_unused]] size_t* size) {
#ifdef STET_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fake_, bottom, size);
#endif
  }

 private:
  [[maybe_unused]] void* fake_ = nullptr;
};

// What copy_async was asked for.
struct Copy {
  void* to;
  const void* from;
  int size, bytes, group;

  void make() const {
    if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
    std::memset(static_cast<char*>(to) + bytes, 0, static_cast<size_t>(size - bytes));
  }
};

enum class State { ready, at_warp, at_block, done };

struct Thread {
  Index index;
  State state = State::ready;
  unsigned exchanges = 0;
  std::vector<Copy> copies;  // not made yet
  int groups = 0;            // of copies, committed
  context::fiber fiber, scheduler;
  const void* stack_bottom = nullptr;
  StackSwitch stack;
};

struct Warp {
  // Two sets of slots in turn: nobody can write one before all have read it, since a barrier lies between.
  uint64_t slots[2][kWarp];
};

class Block {
 public:
  Block(unsigned threads, size_t shared)
      : threads_(threads),
        warps_(threads / kWarp),
        shared_(new unsigned char[std::max<size_t>(shared, 1)]),
        shared_bytes_(shared) {}
  /// Where a launch is given up, ends the threads that are under way.
  ~Block();

  void run(const std::function<void()>& body, std::mt19937_64& random) {
    std::memset(shared_.get(), 0xff, shared_bytes_);
    for (unsigned i = 0; i < threads_.size(); ++i) start(i, body);
    std::vector<unsigned> order(warps_.size());
    std::iota(order.begin(), order.end(), 0u);
    while (true) {
      std::shuffle(order.begin(), order.end(), random);
      for (unsigned w : order) run_warp(w, random);
      const auto in = [&](State s) {
        return std::count_if(threads_.begin(), threads_.end(), [s](auto& t) { return t.state == s; });
      };
      const auto waiting = in(State::at_block), done = in(State::done);
      if (waiting == 0) return;
      if (done != 0) stuck("__syncthreads", waiting, done);
      for (Thread& t : threads_) t.state = State::ready;
    }
  }

  void* shared(size_t bytes) {
    if (bytes != shared_bytes_) {
      throw std::logic_error("a kernel takes " + std::to_string(bytes) + " bytes of shared memory, its launch gave " +
                             std::to_string(shared_bytes_));
    }
    return shared_.get();
  }
  Warp& warp_of(const Thread& t) { return warps_[t.index.x / kWarp]; }

 private:
  static void stuck(const char* barrier, int64_t waiting, int64_t done) {
    throw std::logic_error(std::to_string(waiting) + " threads wait at a " + barrier + " that " + std::to_string(done) +
                           " never reach");
  }

  void start(unsigned i, const std::function<void()>& body);
  void resume(Thread& t);
  void switch_to(Thread& t);

  void run_warp(unsigned w, std::mt19937_64& random) {
    Thread* const lanes = &threads_[w * kWarp];
    unsigned order[kWarp];
    std::iota(order, order + kWarp, 0u);
    while (true) {
      std::shuffle(order, order + kWarp, random);
      int waiting = 0, elsewhere = 0;
      for (unsigned l : order) {
        if (lanes[l].state == State::ready) resume(lanes[l]);
        (lanes[l].state == State::at_warp ? waiting : elsewhere) += 1;
      }
      if (waiting == 0) return;
      if (elsewhere != 0) stuck("barrier of its warp", waiting, elsewhere);
      for (unsigned l = 0; l < kWarp; ++l) lanes[l].state = State::ready;
    }
  }

  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::unique_ptr<unsigned char[]> shared_;
  size_t shared_bytes_;
  std::exception_ptr error_;  // what a thread threw
  bool given_up_ = false;
  const void* host_bottom_ = nullptr;
  size_t host_size_ = 0;
  StackSwitch host_stack_;

  friend void pause(State);
};

size_t most_shared_bytes = 227 * 1024;

// One launch runs at a time.
Index block_at, threads_in_block, blocks_in_grid;
Block* block = nullptr;
Thread* running = nullptr;

std::mt19937_64& order_of_threads() {
  static std::mt19937_64 random(1);
  return random;
}

void Block::start(unsigned i, const std::function<void()>& body) {
  Thread& t = threads_[i];
  t.index = {i, 0, 0};
  t.state = State::ready;
  t.exchanges = 0;
  t.copies.clear();
  t.groups = 0;
  t.stack = {};
  t.fiber =
      context::fiber(std::allocator_arg, PooledStack{t.stack_bottom}, [this, &t, &body](context::fiber&& scheduler) {
        t.stack.arrive(&host_bottom_, &host_size_);
        t.scheduler = std::move(scheduler);
        try {
          if (!given_up_) body();
        } catch (const GivenUp&) {
        } catch (...) { error_ = std::current_exception(); }
        t.state = State::done;
        t.stack.leave(host_bottom_, host_size_, true);
        return std::move(t.scheduler);
      });
}

Block::~Block() {
  given_up_ = true;
  for (Thread& t : threads_) {
    if (t.fiber) switch_to(t);
  }
  block = nullptr;
}

void Block::resume(Thread& t) {
  switch_to(t);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Block::switch_to(Thread& t) {
  running = &t;
  host_stack_.leave(t.stack_bottom, kStack);
  t.fiber = std::move(t.fiber).resume();
  host_stack_.arrive(nullptr, nullptr);
}

void pause(State state) {
  Thread& t = *running;
  t.state = state;
  t.stack.leave(block->host_bottom_, block->host_size_);
  t.scheduler = std::move(t.scheduler).resume();
  t.stack.arrive(&block->host_bottom_, &block->host_size_);
  if (block->given_up_) throw GivenUp();
}

}  // namespace

size_t most_shared() { return most_shared_bytes; }
void set_most_shared(size_t bytes) { most_shared_bytes = bytes; }

void set_order(uint64_t seed) { order_of_threads().seed(seed); }

void run_blocks(Index blocks, unsigned threads, size_t shared, const std::function<void()>& thread) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  if (threads == 0 || threads % kWarp != 0 || threads > kMostThreads)
    throw std::logic_error("a block of " + std::to_string(threads) + " threads");
  if (shared > most_shared_bytes)
    throw std::logic_error("a block with " + std::to_string(shared) + " bytes of shared memory");
  const ContractFloatEnv env;
  const MemoryAccess access;
  std::mt19937_64& random = order_of_threads();
  std::vector<uint64_t> order(uint64_t{blocks.x} * blocks.y * blocks.z);
  std::iota(order.begin(), order.end(), uint64_t{0});
  std::shuffle(order.begin(), order.end(), random);
  blocks_in_grid = blocks;
  threads_in_block = {threads, 1, 1};
  Block one(threads, shared);
  block = &one;
  for (uint64_t b : order) {
    block_at = {static_cast<unsigned>(b % blocks.x), static_cast<unsigned>(b / blocks.x % blocks.y),
                static_cast<unsigned>(b / blocks.x / blocks.y)};
    one.run(thread, random);
  }
}

const Index& thread_index() { return running->index; }
const Index& block_index() { return block_at; }
const Index& block_extent() { return threads_in_block; }
const Index& grid_extent() { return blocks_in_grid; }
int lane() { return static_cast<int>(running->index.x % kWarp); }
void wait_for_block() { pause(State::at_block); }
void wait_for_warp() { pause(State::at_warp); }

uint64_t exchange(unsigned mask, uint64_t bits, int from) {
  if (mask != 0xffffffffu) throw std::logic_error("an exchange of a part of a warp");
  uint64_t* const slots = block->warp_of(*running).slots[running->exchanges++ % 2];
  slots[lane()] = bits;
  wait_for_warp();
  return slots[from];
}

unsigned ballot(unsigned mask, bool predicate) {
  if (mask != 0xffffffffu) throw std::logic_error("a ballot of a part of a warp");
  uint64_t* const slots = block->warp_of(*running).slots[running->exchanges++ % 2];
  slots[lane()] = predicate ? 1 : 0;
  wait_for_warp();
  unsigned votes = 0;
  for (unsigned l = 0; l < kWarp; ++l) votes |= static_cast<unsigned>(slots[l]) << l;
  return votes;
}

void copy_async(void* to, const void* from, int size, int bytes) {
  const auto misaligned = [&](const void* p) {
    return reinterpret_cast<uintptr_t>(p) % static_cast<unsigned>(size) != 0;
  };
  if (bytes < 0 || bytes > size || misaligned(to) || misaligned(from))
    throw std::logic_error("an asynchronous copy that a GPU would refuse");
  const Copy copy{to, from, size, bytes, running->groups};
  if (order_of_threads()() % 2 == 0) copy.make();
  else running->copies.push_back(copy);
}

void commit_copies() { ++running->groups; }

void wait_for_copies(int groups) {
  std::erase_if(running->copies, [&](const Copy& copy) {
    const bool due = copy.group < running->groups - groups;
    if (due) copy.make();
    return due;
  });
}

void* shared_memory(size_t bytes) { return block->shared(bytes); }

}  // namespace stet::cuda::emulation
