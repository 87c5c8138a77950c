// Runs a kernel's blocks on the CPU, one after another. A block's threads take turns: each runs until it waits for the
// others. Blocks, warps and lanes come in an order that is drawn anew for each launch, so a kernel that lacks a barrier
// gives other bits now and then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace stet::cuda::emulation {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

/// Runs `thread` as every thread of blocks.x * blocks.y * blocks.z blocks. Throws std::logic_error where threads wait
/// for others that never come, and for blocks that a GPU would refuse; what grids it refuses, the queue knows.
template <class Blocks, class Thread>
void run_blocks(const Blocks& blocks, unsigned threads, size_t shared, const Thread& thread);
void run_blocks(Index blocks, unsigned threads, size_t shared, const std::function<void()>& thread);

template <class Blocks, class Thread>
void run_blocks(const Blocks& blocks, unsigned threads, size_t shared, const Thread& thread) {
  run_blocks(Index{static_cast<unsigned>(blocks.x), static_cast<unsigned>(blocks.y), static_cast<unsigned>(blocks.z)},
             threads, shared, std::function<void()>(std::cref(thread)));
}

/// Draws the order of what follows from a seed; tests run a kernel under several.
void set_order(uint64_t seed);

/// Bytes of shared memory that a block may have: 227 KiB, as on compute capability 9.0, unless a test asks for another
/// GPU.
size_t most_shared();
void set_most_shared(size_t bytes);

// For the running thread of a kernel.
const Index& thread_index();
const Index& block_index();
const Index& block_extent();
const Index& grid_extent();
int lane();
void wait_for_block();
void wait_for_warp();
/// Gives `bits` to the warp and takes those of lane `from`. All lanes must take part.
uint64_t exchange(unsigned mask, uint64_t bits, int from);
unsigned ballot(unsigned mask, bool predicate);
/// As in cuda/async_copy.h. A copy is made at once or when it is waited for, as a draw says: a kernel must bear either.
void copy_async(void* to, const void* from, int size, int bytes);
void commit_copies();
void wait_for_copies(int groups);
/// The block's shared memory, filled with 0xff when the block begins. Throws if `bytes` are not what the launch asked
/// for.
void* shared_memory(size_t bytes);

}  // namespace stet::cuda::emulation
