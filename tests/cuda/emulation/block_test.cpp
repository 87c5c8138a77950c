// The emulator itself: what it must show, and what it must refuse.
#include "stet/cuda/emulation/block.h"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>
#include <vector>

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/error.h"

namespace stet::cuda {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int kThreads = 128;
struct Numbers {
  int of[kThreads];
};

// What a kernel leaves in `n` integers, which it finds to be -1.
template <class... P, class... A>
std::vector<int> result(int n, const Grid& grid, void (*kernel)(int*, P...), A... arguments) {
  std::vector<int> y(static_cast<size_t>(n), -1);
  Queue queue(0);
  queue.launch(kernel, grid, y.data(), arguments...);
  return y;
}

// All that comes out under many orders.
template <class... P, class... A>
std::set<std::vector<int>> results(int n, const Grid& grid, void (*kernel)(int*, P...), A... arguments) {
  std::set<std::vector<int>> all;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    emulation::set_order(seed);
    all.insert(result(n, grid, kernel, arguments...));
  }
  return all;
}

std::vector<int> counted_down(int from, int n) {
  std::vector<int> v;
  for (int i = 0; i < n; ++i) v.push_back(from - i);
  return v;
}

__global__ void reverse_block(int* y, bool barrier) {
  auto& s = shared<Numbers>();
  const int i = static_cast<int>(threadIdx.x);
  s.of[i] = i;
  if (barrier) __syncthreads();
  y[i] = s.of[kThreads - 1 - i];
}

TEST(Block, AMissingBarrierShows) {
  const Grid grid{.blocks = {1}, .threads = kThreads, .shared = sizeof(Numbers)};
  EXPECT_EQ(results(kThreads, grid, reverse_block, true), (std::set{counted_down(kThreads - 1, kThreads)}));
  EXPECT_GT(results(kThreads, grid, reverse_block, false).size(), 1u);
}

__global__ void reverse_warp(int* y, bool barrier) {
  auto& s = shared<Numbers>();
  const int i = static_cast<int>(threadIdx.x);
  s.of[i] = i;
  if (barrier) __syncwarp();
  y[i] = s.of[31 - i];
}

TEST(Block, AMissingBarrierOfAWarpShows) {
  const Grid grid{.blocks = {1}, .threads = 32, .shared = sizeof(Numbers)};
  EXPECT_EQ(results(32, grid, reverse_warp, true), (std::set{counted_down(31, 32)}));
  EXPECT_GT(results(32, grid, reverse_warp, false).size(), 1u);
}

// The second loop's writes race with the first one's reads.
__global__ void use_twice(int* y, bool barrier) {
  auto& s = shared<Numbers>();
  const int i = static_cast<int>(threadIdx.x), other = kThreads - 1 - i;
  s.of[i] = i;
  __syncthreads();
  y[i] = s.of[other];
  if (barrier) __syncthreads();
  s.of[i] = 1000 + i;
}

TEST(Block, AnOverwrittenBufferShows) {
  const Grid grid{.blocks = {1}, .threads = kThreads, .shared = sizeof(Numbers)};
  EXPECT_EQ(results(kThreads, grid, use_twice, true), (std::set{counted_down(kThreads - 1, kThreads)}));
  EXPECT_GT(results(kThreads, grid, use_twice, false).size(), 1u);
}

__global__ void count_blocks(int* y) {
  if (threadIdx.x == 0) y[1 + blockIdx.x] = atomicAdd(y, 1);
}

TEST(Block, BlocksComeInAnyOrder) { EXPECT_GT(results(9, {.blocks = {8}, .threads = 32}, count_blocks).size(), 1u); }

__global__ void place(int* y) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  y[block * blockDim.x + threadIdx.x] = static_cast<int>(block * 100 + threadIdx.x);
}

TEST(Block, EveryThreadOfEveryBlockRunsOnce) {
  std::vector<int> want;
  for (int block = 0; block < 30; ++block) {
    for (int i = 0; i < 64; ++i) want.push_back(block * 100 + i);
  }
  EXPECT_EQ(results(30 * 64, {.blocks = {5, 3, 2}, .threads = 64}, place), std::set{want});
}

__global__ void keep_something(int* y) {
  auto& s = shared<Numbers>();
  const int i = static_cast<int>(threadIdx.x);
  y[blockIdx.x * blockDim.x + threadIdx.x] = s.of[i];
  s.of[i] = 7;
}

TEST(Block, SharedMemoryBeginsAsGarbage) {
  const Grid grid{.blocks = {3}, .threads = kThreads, .shared = sizeof(Numbers)};
  EXPECT_THAT(result(3 * kThreads, grid, keep_something), Each(-1));
}

__global__ void exchange(int* y, int how) {
  const int i = static_cast<int>(threadIdx.x), lane = i % 32, value = 100 * i;
  switch (how) {
    case 0: y[i] = __shfl_sync(kAllLanes, value, 5); break;
    case 1: y[i] = __shfl_xor_sync(kAllLanes, value, 3); break;
    default: y[i] = static_cast<int>(__ballot_sync(kAllLanes, lane % 5 == 2 && i < 32)); break;
  }
}

TEST(Block, LanesExchangeWithinTheirWarp) {
  const auto wanted = [](auto at) {
    std::vector<int> y;
    for (int i = 0; i < 64; ++i) y.push_back(at(i / 32 * 32, i % 32));
    return std::set{y};
  };
  const auto got = [](int how) { return results(64, {.blocks = {1}, .threads = 64}, exchange, how); };
  EXPECT_EQ(got(0), wanted([](int warp, int) { return 100 * (warp + 5); }));
  EXPECT_EQ(got(1), wanted([](int warp, int lane) { return 100 * (warp + (lane ^ 3)); }));
  EXPECT_EQ(got(2), wanted([](int warp, int) {
              return warp == 0 ? 1 << 2 | 1 << 7 | 1 << 12 | 1 << 17 | 1 << 22 | 1 << 27 : 0;
            }));
}

__global__ void sum_by_exchanges(int* y) {
  int sum = static_cast<int>(threadIdx.x);
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(kAllLanes, sum, step);
  y[threadIdx.x] = sum;
}

TEST(Block, ExchangesFollowOneAnother) {
  EXPECT_EQ(results(32, {.blocks = {1}, .threads = 32}, sum_by_exchanges), std::set{std::vector<int>(32, 31 * 16)});
}

__global__ void wait_in_part(int* y, int how) {
  const unsigned i = threadIdx.x;
  switch (how) {
    case 0:
      if (i < 40) __syncthreads();
      break;
    case 1:
      if (i % 32 != 7) __syncwarp();
      break;
    case 2:
      if (i == 3) return;
      y[i] = __shfl_sync(kAllLanes, 1, 0);
      break;
    case 3: y[i] = __shfl_sync(0xffff, 1, 0); break;
    case 4: y[i] = static_cast<int>(__ballot_sync(0x1, 1)); break;
    case 5: y[i] = shared<Numbers>().of[0]; break;
    default: break;
  }
}

TEST(Block, BarriersThatSomeThreadsNeverReachThrow) {
  const auto run = [](int how) { return [how] { result(64, {.blocks = {1}, .threads = 64}, wait_in_part, how); }; };
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    emulation::set_order(seed);
    EXPECT_THAT(run(0),
                ThrowsMessage<std::logic_error>(HasSubstr("40 threads wait at a __syncthreads that 24 never reach")));
    EXPECT_THAT(run(1), ThrowsMessage<std::logic_error>(
                            HasSubstr("31 threads wait at a barrier of its warp that 1 never reach")));
    EXPECT_THAT(run(2), ThrowsMessage<std::logic_error>(HasSubstr("31 threads wait")));
    EXPECT_NO_THROW(run(-1)());
  }
}

TEST(Block, WhatAKernelMayNotDoThrows) {
  const auto run = [](int how) { return [how] { result(64, {.blocks = {1}, .threads = 64}, wait_in_part, how); }; };
  EXPECT_THAT(run(3), ThrowsMessage<std::logic_error>(HasSubstr("an exchange of a part of a warp")));
  EXPECT_THAT(run(4), ThrowsMessage<std::logic_error>(HasSubstr("a ballot of a part of a warp")));
  EXPECT_THAT(run(5), ThrowsMessage<std::logic_error>(HasSubstr("512 bytes of shared memory, its launch gave 0")));
  EXPECT_NO_THROW(run(-1)());
}

TEST(Block, LaunchesThatAGpuWouldRefuseThrow) {
  const auto launch = [](const Grid& grid) { result(1, grid, wait_in_part, -1); };
  for (unsigned threads : {0u, 16u, 33u, 1056u})
    EXPECT_THROW(launch({.blocks = {1}, .threads = threads}), std::logic_error) << threads;
  EXPECT_THROW(launch({.blocks = {1, 65536, 1}}), UsageError);
  EXPECT_THROW(launch({.blocks = {1, 1, 65536}}), UsageError);
  EXPECT_THROW(launch({.blocks = {int64_t{1} << 31, 1, 1}}), UsageError);
  EXPECT_THROW(launch({.blocks = {(int64_t{1} << 32) + 1, 1, 1}}), UsageError);
  EXPECT_NO_THROW(launch({.blocks = {2, 65535, 1}, .threads = 32}));
  EXPECT_THROW(launch({.blocks = {1}, .shared = 227 * 1024 + 1}), std::logic_error);
  for (unsigned threads : {32u, 1024u})
    EXPECT_NO_THROW(launch({.blocks = {1}, .threads = threads, .shared = 227 * 1024})) << threads;
  EXPECT_NO_THROW(launch({.blocks = {0, 5, 5}}));
}

}  // namespace
}  // namespace stet::cuda
