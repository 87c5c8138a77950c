// The emulated GPU's memory: garbage at first, and out of the host's reach.
#include <gmock/gmock.h>

#include <cstring>
#include <vector>

#include "stet/cuda/dialect.h"
#include "stet/cuda/emulation/address_sanitizer.h"
#include "stet/cuda/queue.h"

namespace stet::cuda {
namespace {

using ::testing::Each;

std::vector<uint8_t> bytes_of(Queue& queue, const void* data, size_t bytes) {
  std::vector<uint8_t> host(bytes);
  queue.to_host(data, host.data(), bytes);
  return host;
}

TEST(Memory, BeginsAsGarbageAlsoWhenItIsUsedAgain) {
  Queue queue(0);
  for (size_t bytes : {1, 255, 256, 257, 5000, 3'000'000}) {
    for (int time = 0; time < 3; ++time) {
      void* data = queue.allocate(bytes);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 256, 0u);
      EXPECT_TRUE(bytes_of(queue, data, bytes) == std::vector<uint8_t>(bytes, 0xff)) << bytes;
      queue.fill_zero(data, bytes);
      EXPECT_TRUE(bytes_of(queue, data, bytes) == std::vector<uint8_t>(bytes, 0)) << bytes;
      queue.release(data, bytes);
    }
  }
}

__global__ void write(int* y, int n, int value) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) y[i] = value;
}

TEST(Memory, BlocksDoNotOverlap) {
  Queue queue(0);
  constexpr size_t kBytes = 4000;
  std::vector<int*> blocks;
  for (int i = 0; i < 50; ++i) {
    blocks.push_back(static_cast<int*>(queue.allocate(kBytes)));
    queue.launch(write, Grid::over(1000), blocks.back(), 1000, i);
  }
  for (int i = 0; i < 50; ++i) {
    const auto bytes = bytes_of(queue, blocks[static_cast<size_t>(i)], kBytes);
    std::vector<int> values(1000);
    std::memcpy(values.data(), bytes.data(), kBytes);
    EXPECT_THAT(values, Each(i));
    queue.release(blocks[static_cast<size_t>(i)], kBytes);
  }
}

#ifdef STET_ADDRESS_SANITIZER

TEST(MemoryDeathTest, AWriteOutOfBoundsIsReported) {
  Queue queue(0);
  int* y = static_cast<int*>(queue.allocate(1000 * sizeof(int)));
  queue.launch(write, Grid::over(1000), y, 1000, 1);
  EXPECT_DEATH(queue.launch(write, Grid::over(1001), y, 1001, 1), "heap-buffer-overflow");
  queue.release(y, 1000 * sizeof(int));
}

__global__ void write_after(int* y) {
  int* const s = &shared<int[32]>()[0];
  s[threadIdx.x + 32] = y[threadIdx.x];
}

TEST(MemoryDeathTest, AWriteBehindSharedMemoryIsReported) {
  Queue queue(0);
  int* y = static_cast<int*>(queue.allocate(32 * sizeof(int)));
  EXPECT_DEATH(queue.launch(write_after, {.blocks = {1}, .threads = 32, .shared = 128}, y), "heap-buffer-overflow");
  queue.release(y, 32 * sizeof(int));
}

#else

TEST(MemoryDeathTest, TheHostCannotTouchIt) {
  Queue queue(0);
  volatile int* y = static_cast<int*>(queue.allocate(sizeof(int)));
  EXPECT_DEATH((void)*y, "The host touched memory of the GPU");
  EXPECT_DEATH(*y = 1, "The host touched memory of the GPU");
  queue.launch(write, Grid::over(1), const_cast<int*>(y), 1, 1);
  EXPECT_DEATH((void)*y, "The host touched memory of the GPU");
  queue.release(const_cast<int*>(y), sizeof(int));
}

#endif

}  // namespace
}  // namespace stet::cuda
